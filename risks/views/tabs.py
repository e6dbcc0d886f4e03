"""The pages of the register, beside each other."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from controls.addresses import door_of
from organisation.middleware import Request
from risks.doors import to_register


def tabs(request: Request, current: str) -> list[dict[str, Any]]:
    """current: one of the names below."""
    pages = (
        ("register", _("Register"), to_register()),
        ("heat_map", _("Heat map"), reverse("risks:heat_map")),
        ("exceptions", _("Exceptions"), reverse("risks:exceptions")),
        ("treatments", _("Treatments"), reverse("risks:treatments")),
        ("challenges", _("Challenges"), reverse("risks:challenges")),
        ("appetite", _("Appetite"), reverse("risks:appetite")),
        ("authority", _("Authority"), reverse("risks:authority")),
        ("categories", _("Categories"), reverse("risks:categories")),
        ("matrix", _("Matrix"), reverse("risks:matrix")),
        ("exchange", _("In and out"), reverse("risks:exchange")),
    )
    return [
        {"label": label, "url": door_of(request.GET, path, "", ""), "current": name == current}
        for name, label, path in pages
    ]
