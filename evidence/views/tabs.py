"""The pages of the locker, beside each other."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, resolve, reverse
from django.utils.translation import gettext as _

from controls.addresses import door_of
from organisation.middleware import Request
from organisation.permissions import action_of, may


def tabs(request: Request, current: str) -> list[dict[str, Any]]:
    """Those that the reader may open. current: the name of an address below."""
    pages = (
        ("locker", _("Evidence")),
        ("requests", _("Requests")),
        ("attestations", _("Attestations")),
        ("holds", _("Legal holds")),
        ("trail_heads", _("Heads of the trail")),
        ("verify", _("Verify")),
    )
    found = []
    for name, label in pages:
        try:
            path = reverse(f"evidence:{name}")
        except NoReverseMatch:
            continue
        if may(request.user, str(action_of(resolve(path).func))):
            found.append({"label": label, "url": door_of(request.GET, path, "", ""), "current": name == current})
    return found
