from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from audit.keyset import Page, keys_after
from audit.public_id import get_or_404
from controls.addresses import door_of, files_of
from controls.figures import FrameworkFigures, Stands, decisions_on, figures
from controls.history import Lately, named
from controls.listing import FAILS, Asked, keys_in_order, listed, requirement_choices, requirements
from controls.models import Framework, FrameworkVersion, Mapping, Section, Superseded
from controls.results import within
from controls.standing import Monitoring, Standing, standings_of_requirements, standings_of_versions
from findings.coverage_figures import coverage
from organisation.forms import ReasonForm
from organisation.middleware import Request
from organisation.permissions import may, permitted
from organisation.views.form_page import FormPage

Standings = dict[int, dict[int, Standing]]
PROPOSED = Q(mappings__state=Mapping.State.PROPOSED)


@require_safe
@permitted("framework.view")
def frameworks(request: Request) -> HttpResponse:
    """Every framework: how much of it there is, and where its requirements stand."""
    at = request.moment.at
    scope = within(request.GET.get("solution", ""), request.user, at)
    told = figures(Framework.objects.filter(added_at__lte=at).order_by("name"), at)
    versions = [one.version for one in told if one.version]
    standings = standings_of_versions(request.user, request.moment, versions, scope) if versions else {}
    rows = [_row(request, one, standings) for one in told]
    context = {
        "rows": rows,
        "title": _frameworks_title(rows),
        "scope": scope,
        "coverage": coverage(request.user, request.moment),
        "manages": may(request.user, "framework.manage"),
    }
    return render(request, "controls/frameworks.html", context)


@dataclass(frozen=True)
class FrameworkRow:
    """figures: how much of it there is. stands: where its requirements stand; bar: the same, each with its door."""

    figures: FrameworkFigures
    stands: Stands
    bar: list[dict[str, Any]]


def _row(request: Request, told: FrameworkFigures, standings: Standings) -> FrameworkRow:
    stands = Stands.of(standings[told.version.pk].values() if told.version else [])
    address = reverse("controls:framework", args=[told.framework.public_id])
    return FrameworkRow(told, stands, stands.parts(partial(door_of, request.GET, address, "status")))


def _frameworks_title(rows: list[FrameworkRow]) -> str:
    if not rows:
        return _("No framework yet")
    title = ngettext("%(n)d framework", "%(n)d frameworks", len(rows)) % {"n": len(rows)}
    failing = sum(row.stands.failing for row in rows)
    if failing:
        words = ngettext("%(n)s requirement fails", "%(n)s requirements fail", failing)
        title += ", " + words % {"n": f"{failing:,}"}
    proposed = sum(row.figures.proposed for row in rows)
    if proposed:
        awaits = ngettext("%(n)s mapping awaits a decision", "%(n)s mappings await a decision", proposed)
        title += ", " + awaits % {"n": f"{proposed:,}"}
    drift = sum(1 for row in rows if row.figures.drift)
    if drift:
        title += ", " + _("%(n)d with drift") % {"n": drift}
    return title


@require_safe
@permitted("framework.view")
def framework(request: Request, public_id: str) -> HttpResponse:
    """One version of a framework: where it stands, its sections, and the requirements that the address asks for."""
    at = request.moment.at
    found = get_or_404(Framework.objects.filter(added_at__lte=at), public_id)
    scope = within(request.GET.get("solution", ""), request.user, at)
    versions = list(found.versions.newest_first())
    told = decisions_on(found, at)
    version = version_asked_for(found, request.GET.get("version", ""), told.version)
    context: dict[str, Any] = {
        "framework": found,
        "figures": told,
        "scope": scope,
        "versions": versions,
        "version": version,
        "sets": found.mapping_sets.filter(loaded_at__lte=at).annotate(proposed=Count("mappings", filter=PROPOSED)),
        "manages": may(request.user, "framework.manage") and request.moment.is_now,
    }
    if version:
        standings = standings_of_requirements(request.user, request.moment, version, scope)
        context |= _of_version(request, version, standings)
    return render(request, "controls/framework.html", context)


def _of_version(request: Request, version: FrameworkVersion, standings: dict[int, Standing]) -> dict[str, Any]:
    at = request.moment.at
    choices = requirement_choices(version)
    asked = Asked.of(request.GET, choices)
    every = requirements(asked, version, at, standings)
    keys = keys_in_order(every, request.GET.get("order", "position"), standings)
    shown, cursor = keys_after(keys, cursor=request.GET.get("cursor", ""))
    editions = {one.pk: one for one in listed(version.editions.filter(pk__in=[key[-1] for key in shown]), at)}
    section = _section(version, asked.values.get("section", ""))
    stands = Stands.of(_in_section(version, section, standings))
    url = partial(door_of, request.GET, request.path, "status", section=section.public_id if section else None)
    return {
        "asked": asked,
        "choices": [
            {"name": name, "label": label, "values": known.items(), "chosen": asked.values.get(name, "")}
            for name, (label, known) in choices.items()
            if known and name != "section"
        ],
        "section": section,
        "sections": _sections(request, version, standings, section),
        "stands": stands,
        "bar": stands.parts(url),
        "title": framework_title(str(section or version), stands),
        "coverage": coverage(request.user, request.moment),
        "exports": files_of(request, "controls:framework_export", version.framework.public_id),
        "total": len(keys),
        "page": Page([editions[key[-1]] for key in shown], cursor, is_first="cursor" not in request.GET),
        "rows": [(one := editions[key[-1]], standings[one.requirement_id]) for key in shown],
    }


@require_safe
@vary_on_headers("HX-Request")
@permitted("framework.view")
def framework_lately(request: Request, public_id: str) -> HttpResponse:
    """The last days of a framework, as roll-ups kept them: a section of its page, and a page of its own."""
    at = request.moment.at
    found = get_or_404(Framework.objects.filter(added_at__lte=at), public_id)
    scope = within(request.GET.get("solution", ""), request.user, at)
    version = found.versions.current(at).first()
    lately = Lately.of(found, request.user, request.moment, scope)
    page = reverse("controls:framework", args=[found.public_id])

    def url(day: date | None) -> str:
        then = {"as_of": day.isoformat(), "known_at": day.isoformat()} if day else {}
        return door_of(request.GET, page, "status", FAILS, **then)

    context = {
        "framework": found,
        "scope": scope,
        "points": lately.points(url),
        "changes": named(lately.changes(), version) if version else [],
    }
    part = "controls/_framework_lately.html"
    return render(request, part if request.htmx else "controls/framework_lately.html", context)


def _in_section(
    version: FrameworkVersion, section: Section | None, standings: dict[int, Standing]
) -> Iterable[Standing]:
    """All of the version, or what lies in a section and below it."""
    if section is None:
        return standings.values()
    inside = version.editions.asked().within(section)
    return [standings[key] for key in inside.values_list("requirement", flat=True)]


def framework_title(name: str, stands: Stands) -> str:
    """The answer: how many of its requirements fail, and how many partly."""
    told = {
        "name": name,
        "n": f"{stands.total:,}",
        "failing": f"{stands.counts[Monitoring.FAILING]:,}",
        "partly": f"{stands.counts[Monitoring.PARTLY_FAILING]:,}",
        "passing": f"{stands.counts[Monitoring.PASSING]:,}",
    }
    if stands.counts[Monitoring.NOT_MAPPED] == stands.total:
        return (
            ngettext(
                "%(name)s: nothing shows its %(n)s requirement yet",
                "%(name)s: nothing shows any of its %(n)s requirements yet",
                stands.total,
            )
            % told
        )
    if not stands.failing:
        return (
            ngettext(
                "%(name)s: its %(n)s requirement does not fail",
                "%(name)s: none of its %(n)s requirements fails, %(passing)s pass",
                stands.total,
            )
            % told
        )
    if not stands.counts[Monitoring.FAILING]:
        return (
            ngettext(
                "%(name)s: %(partly)s of %(n)s requirements fails partly",
                "%(name)s: %(partly)s of %(n)s requirements fail partly",
                stands.failing,
            )
            % told
        )
    title = (
        ngettext(
            "%(name)s: %(failing)s of %(n)s requirements fails",
            "%(name)s: %(failing)s of %(n)s requirements fail",
            stands.counts[Monitoring.FAILING],
        )
        % told
    )
    return title + (", " + _("%(partly)s partly") % told if stands.counts[Monitoring.PARTLY_FAILING] else "")


def version_asked_for(found: Framework, asked: str, current: FrameworkVersion | None) -> FrameworkVersion | None:
    """The version that an address names, or the one that was current."""
    return get_or_404(found.versions.all(), asked) if asked else current


def _section(version: FrameworkVersion, asked: str) -> Section | None:
    return get_or_404(version.sections.select_related("parent"), asked) if asked else None


@dataclass(frozen=True)
class SectionRow:
    """stands: where the requirements in it and below it stand; bar: the same, each with its door."""

    section: Section
    stands: Stands
    bar: list[dict[str, Any]]


def _sections(
    request: Request, version: FrameworkVersion, standings: dict[int, Standing], above: Section | None
) -> list[SectionRow]:
    """The sections right below the one asked for, or the top ones, with what lies in them. Two queries."""
    every = list(version.sections.all())
    path = above.path if above else ""
    within_it: dict[str, list[Standing]] = defaultdict(list)
    asked = version.editions.asked().exclude(section=None)
    for place, requirement in asked.values_list("section__path", "requirement"):
        labels = place.split("/")
        for depth in range(1, len(labels) + 1):
            within_it["/".join(labels[:depth])].append(standings[requirement])
    rows = []
    for one in every:
        if one.path.rpartition("/")[0] == path and one.path in within_it:
            stands = Stands.of(within_it[one.path])
            url = partial(door_of, request.GET, request.path, "status", section=one.public_id)
            rows.append(SectionRow(one, stands, stands.parts(url)))
    return rows


@permitted("framework.manage")
def make_current(request: Request, public_id: str) -> HttpResponse:
    version = get_or_404(FrameworkVersion.objects.select_related("framework"), public_id)
    form = ReasonForm(request.POST or None)
    page = FormPage(
        heading=_("Work with %(version)s") % {"version": version},
        lead=_(
            "From now on its requirements count, and the current version is withdrawn. What was past stays as it was."
        ),
        verb=_("Make it the current version"),
        back=reverse("controls:framework", args=[version.framework.public_id]),
        back_label=version.framework.name,
    )
    if not form.is_valid():
        return page.show(request, form)
    try:
        version.make_current(by=request.user, because=form.cleaned_data["reason"])
    except Superseded:
        form.add_error(None, _("This version was current before, and another took its place: it does not come back."))
        return page.show(request, form)
    messages.success(request, _("%(version)s is current.") % {"version": version})
    return redirect(page.back)
