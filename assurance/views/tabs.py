"""The pages of assurance, beside each other."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, resolve, reverse
from django.utils.translation import gettext as _

from controls.addresses import door_of
from organisation.middleware import Request
from organisation.permissions import may


def tabs(request: Request, current: str) -> list[dict[str, Any]]:
    """current: one of the names below. What is not there, or not open to the reader, is left out."""
    pages = (
        ("engagements", _("Engagements")),
        ("findings", _("Audit findings")),
        ("packs", _("Packs")),
        ("verify", _("Verify")),
    )
    return [
        {"label": label, "url": door_of(request.GET, path, "", ""), "current": name == current}
        for name, label in pages
        if (path := _open(request, f"assurance:{name}"))
    ]


def _open(request: Request, name: str) -> str:
    try:
        path = reverse(name)
    except NoReverseMatch:
        return ""
    view: Any = resolve(path).func
    return path if may(request.user, view.action) else ""
