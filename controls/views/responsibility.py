"""Whose each area is, for every service type; what people state of it, and of what a requirement is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.public_id import get_or_404
from controls.models import Area, Requirement, RequirementAreas, Responsibility, ResponsibilitySet, ServiceType
from controls.models.responsibility import ABOUT
from controls.responsibility import Held, held_for
from controls.responsibility_forms import AreasForm, PartyForm
from controls.used_services import Use
from organisation.middleware import Request
from organisation.permissions import may, permitted
from organisation.views.form_page import FormPage


@dataclass(frozen=True)
class Line:
    """A service type of a matrix, and whose each area of it is; None where that is not assigned."""

    service: ServiceType
    cells: list[tuple[Area, Responsibility | None]]
    use: Use | None = None


def lines_of(services: Iterable[ServiceType], held: Held) -> list[Line]:
    return [Line(one, cells_of(one, held)) for one in services]


def cells_of(service: ServiceType, held: Held) -> list[tuple[Area, Responsibility | None]]:
    return [(area, held.get((service.pk, area.value))) for area in Area]


AREAS = [(area, ABOUT[area]) for area in Area]
"""The head of a matrix."""


@require_safe
@permitted("responsibility.view")
def responsibility(request: Request) -> HttpResponse:
    """Every service type that is known, used or not."""
    at = request.moment.at
    services = list(ServiceType.objects.all())
    lines = lines_of(services, held_for(services, at))
    n = sum(any(said for _area, said in line.cells) for line in lines)
    title = ngettext("Shared responsibility of %(n)d service type", "Shared responsibility of %(n)d service types", n)
    context = {
        "title": title % {"n": n} if n else _("No responsibility is stated yet"),
        "areas": AREAS,
        "lines": lines if n else [],
        "set": ResponsibilitySet.objects.order_by("-loaded_at").first(),
    }
    return render(request, "controls/responsibility.html", context)


@require_safe
@permitted("responsibility.view")
def service(request: Request, public_id: str) -> HttpResponse:
    """One service type: whose each area is, why, and from where; what was said before."""
    at = request.moment.at
    found = get_or_404(ServiceType.objects.all(), public_id)
    rows = Responsibility.objects.filter(service=found)
    library = {one.area: one for one in rows.from_library().at(at)}
    past = rows.filter(replaced_at__lte=at).select_related("stated_by", "responsibility_set").order_by("-replaced_at")
    held = held_for([found], at)
    context = {
        "service": found,
        "rows": [
            {
                "area": area,
                "about": ABOUT[area],
                "said": said,
                "library": library.get(area.value) if said and said.stated_by_id else None,
            }
            for area, said in cells_of(found, held)
        ],
        "kinds": ServiceType.objects.filter(may_be__contains=[found.key]),
        "past": past,
        "manages": may(request.user, "responsibility.manage") and request.moment.is_now,
    }
    return render(request, "controls/service.html", context)


@permitted("responsibility.manage")
def state(request: Request, public_id: str) -> HttpResponse:
    """?area= the one that it is about."""
    found = get_or_404(ServiceType.objects.all(), public_id)
    area = request.GET.get("area", "")
    held = held_for([found], request.moment.at).get((found.pk, area))
    form = PartyForm(request.POST or None, initial={"area": area, "party": held.party if held else ""})
    page = FormPage(
        heading=_("%(service)s: who does what?") % {"service": found},
        lead=_("What you state holds from now on, in place of the library's statement, which stays visible."),
        verb=_("State it"),
        back=reverse("controls:service", args=[found.public_id]),
        back_label=found.name,
    )
    if not form.is_valid():
        return page.show(request, form)
    said = form.cleaned_data
    Responsibility.state(found, said["area"], said["party"], because=said["because"], by=request.user)
    messages.success(request, _("Stated of %(area)s.") % {"area": Area(said["area"]).label})
    return redirect(page.back)


@permitted("responsibility.manage")
def requirement_areas(request: Request, public_id: str) -> HttpResponse:
    """What a requirement is about, in place of what the library says of its framework's parts."""
    found = get_or_404(Requirement.objects.select_related("framework"), public_id)
    held = RequirementAreas.objects.at(request.moment.at).filter(requirement=found).first()
    form = AreasForm(request.POST or None, initial={"areas": held.areas if held else []})
    page = FormPage(
        heading=_("What is %(key)s about?") % {"key": found.key},
        lead=_("Its responsibility for each service type follows from these areas. What was past stays as it was."),
        verb=_("State it"),
        back=reverse("controls:requirement", args=[found.public_id]),
        back_label=found.key,
    )
    if not form.is_valid():
        return page.show(request, form)
    RequirementAreas.state(found, areas=form.said, because=form.cleaned_data["because"], by=request.user)
    messages.success(request, _("Stated of %(key)s.") % {"key": found.key})
    return redirect(page.back)
