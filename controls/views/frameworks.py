from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.keyset import page_of
from audit.public_id import get_or_404
from controls.figures import FrameworkFigures, figures
from controls.listing import Asked, listed, requirement_choices, requirements
from controls.live import Observed, observed
from controls.models import (
    CheckReference,
    Edition,
    Framework,
    FrameworkVersion,
    Mapping,
    Requirement,
    Section,
    Superseded,
)
from organisation.forms import ReasonForm
from organisation.middleware import Request
from organisation.permissions import may, permitted
from organisation.views.form_page import FormPage

ORDER = ("position", "id")
PROPOSED = Q(mappings__state=Mapping.State.PROPOSED)


@require_safe
@permitted("framework.view")
def frameworks(request: Request) -> HttpResponse:
    at = request.moment.at
    rows = figures(Framework.objects.filter(added_at__lte=at).order_by("name"), at)
    context = {
        "rows": rows,
        "title": _frameworks_title(rows),
        "manages": may(request.user, "framework.manage"),
    }
    return render(request, "controls/frameworks.html", context)


def _frameworks_title(rows: list[FrameworkFigures]) -> str:
    if not rows:
        return _("No framework yet")
    title = ngettext("%(n)d framework", "%(n)d frameworks", len(rows)) % {"n": len(rows)}
    proposed = sum(row.proposed for row in rows)
    drift = sum(1 for row in rows if row.drift)
    if proposed:
        awaits = ngettext("%(n)s mapping awaits a decision", "%(n)s mappings await a decision", proposed)
        title += ", " + awaits % {"n": f"{proposed:,}"}
    if drift:
        title += ", " + _("%(n)d with drift") % {"n": drift}
    return title


@require_safe
@permitted("framework.view")
def framework(request: Request, public_id: str) -> HttpResponse:
    """One version of a framework: its sections, and the requirements that the address asks for."""
    at = request.moment.at
    found = get_or_404(Framework.objects.filter(added_at__lte=at), public_id)
    versions = list(found.versions.newest_first())
    (told,) = figures([found], at)
    version = _version(found, request.GET.get("version", ""), told)
    context: dict[str, Any] = {
        "framework": found,
        "figures": told,
        "versions": versions,
        "version": version,
        "sets": found.mapping_sets.filter(loaded_at__lte=at).annotate(proposed=Count("mappings", filter=PROPOSED)),
        "manages": may(request.user, "framework.manage") and request.moment.is_now,
    }
    if version:
        choices = requirement_choices(version)
        asked = Asked.of(request.GET, choices)
        rows = requirements(asked, version, at)
        context |= {
            "asked": asked,
            "choices": [
                {"name": name, "label": label, "values": known.items(), "chosen": asked.values.get(name, "")}
                for name, (label, known) in choices.items()
                if known and name != "section"
            ],
            "section": _section(version, asked.values.get("section", "")),
            "sections": _sections(version, asked.values.get("section", "")),
            "total": rows.count(),
            "page": page_of(listed(rows, at), order=ORDER, cursor=request.GET.get("cursor", "")),
        }
    return render(request, "controls/framework.html", context)


def _version(found: Framework, asked: str, told: FrameworkFigures) -> FrameworkVersion | None:
    if asked:
        return get_or_404(found.versions.all(), asked)
    return told.version


def _section(version: FrameworkVersion, asked: str) -> Section | None:
    return get_or_404(version.sections.select_related("parent"), asked) if asked else None


@dataclass(frozen=True)
class SectionRow:
    """n: requirements in it and below it."""

    section: Section
    n: int


def _sections(version: FrameworkVersion, asked: str) -> list[SectionRow]:
    """The sections right below the one asked for, or the top ones, with what lies in them. Two queries."""
    every = list(version.sections.all())
    paths = [path for path in version.editions.asked().values_list("section__path", flat=True) if path]
    above = next((one.path for one in every if one.public_id == asked), "")
    direct = [one for one in every if one.path.rpartition("/")[0] == above]
    return [
        SectionRow(one, sum(path == one.path or path.startswith(f"{one.path}/") for path in paths)) for one in direct
    ]


@dataclass(frozen=True)
class MappedCheck:
    """A check that mappings name, each with how it drifts, and what the check says here."""

    named: CheckReference
    mappings: list[tuple[Mapping, list[str]]]
    says: list[Observed]

    @property
    def is_observed(self) -> bool:
        return any(one.is_observed for one in self.says)


@require_safe
@permitted("framework.view")
def requirement(request: Request, public_id: str) -> HttpResponse:
    """A requirement in its framework's words, and the checks that show something of it."""
    at = request.moment.at
    found = get_or_404(Requirement.objects.filter(added_at__lte=at).select_related("framework"), public_id)
    editions = list(found.editions.select_related("version", "section", "parent").order_by("-version_id"))
    edition = _edition(editions, at)
    mappings = Mapping.objects.filter(requirement=found, proposed_at__lte=at).to_checks()
    rows = list(mappings.known(at).select_related("check_named", "mapping_set").order_by("check_named__key", "pk"))
    named = {row.check_named.name: row.check_named for row in rows if row.check_named}
    says = observed(named, request.user, request.moment)
    checks = [
        MappedCheck(one, [(row, row.drift_from(edition)) for row in rows if row.check_named == one], says[name])
        for name, one in named.items()
    ]
    context = {
        "requirement": found,
        "edition": edition,
        "editions": editions,
        "title": _requirement_title(found, edition, checks),
        "checks": checks,
        "ended": mappings.filter(ended_at__lte=at).select_related("check_named", "mapping_set").order_by("-ended_at"),
        "baselines": found.selections.filter(profile__version=edition.version_id).select_related("profile")
        if edition
        else [],
        "parts": Edition.objects.filter(parent=found, version=edition.version_id)
        .asked()
        .select_related("requirement")
        .order_by("position")
        if edition
        else [],
        "decides": may(request.user, "mapping.decide"),
    }
    return render(request, "controls/requirement.html", context)


def _edition(editions: list[Edition], at: datetime) -> Edition | None:
    """The one of the version that was current then; None where that version does not have it."""
    for one in editions:
        version = one.version
        if version.valid_from and version.valid_from <= at and (version.valid_to is None or version.valid_to > at):
            return one if one.withdrawn_at is None or one.withdrawn_at > at else None
    return None


def _requirement_title(found: Requirement, edition: Edition | None, checks: list[MappedCheck]) -> str:
    if edition is None:
        return _("%(key)s is not in the current version") % {"key": found.key}
    told = {"label": edition.label, "n": len(checks)}
    if not checks:
        return _("%(label)s: no check is mapped to it") % told
    failing = sum(any(one.tally.failed for one in row.says) for row in checks)
    if failing:
        return _("%(label)s: %(failing)d of %(n)d mapped checks fail") % {**told, "failing": failing}
    if not any(row.is_observed for row in checks):
        return _("%(label)s: none of its %(n)d mapped checks is observed") % told
    return _("%(label)s: none of its %(n)d mapped checks fails") % told


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
