from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from controls.addresses import door_of
from organisation.middleware import Request


def decision_tabs(request: Request, current: str) -> list[dict[str, Any]]:
    """current: exceptions, treatments or challenges."""
    pages = (("exceptions", _("Exceptions")), ("treatments", _("Treatments")), ("challenges", _("Challenges")))
    return [
        {"label": label, "url": door_of(request.GET, reverse(f"risks:{name}"), "", ""), "current": name == current}
        for name, label in pages
    ]
