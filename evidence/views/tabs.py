"""The pages of what was asked for, beside each other."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from controls.addresses import door_of
from organisation.middleware import Request


def tabs(request: Request, current: str) -> list[dict[str, Any]]:
    """current: one of the names below."""
    pages = (
        ("requests", _("Requests"), reverse("evidence:requests")),
        ("attestations", _("Attestations"), reverse("evidence:attestations")),
    )
    return [
        {"label": label, "url": door_of(request.GET, path, "", ""), "current": name == current}
        for name, label, path in pages
    ]
