from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.public_id import get_or_404
from controls.addresses import files_of
from controls.live import Observed, observed
from controls.models import Applicability, CheckReference, Edition, Mapping, Requirement
from controls.parts import Shown, shown, worst_first
from controls.results import within
from controls.standing import Monitoring, Standing, workings_of_requirement
from findings.coverage_figures import coverage
from organisation.middleware import Request
from organisation.models import Solution
from organisation.panels import panels
from organisation.permissions import may, permitted


@dataclass(frozen=True)
class Drifting:
    """A part with how each of its mappings drifts from the edition shown."""

    shown: Shown
    mappings: list[tuple[Mapping, list[str]]]

    @property
    def more(self) -> int:
        """Mappings beside the first."""
        return len(self.mappings) - 1


@dataclass(frozen=True)
class Proposed:
    """A check that proposed mappings name, each with how it drifts, and what the check says here."""

    named: CheckReference
    mappings: list[tuple[Mapping, list[str]]]
    says: list[Observed]


@require_safe
@permitted("framework.view")
def requirement(request: Request, public_id: str) -> HttpResponse:
    """A requirement in its framework's words, where it stands, and everything that shows something of it."""
    at = request.moment.at
    found = get_or_404(Requirement.objects.filter(added_at__lte=at).select_related("framework"), public_id)
    scope = within(request.GET.get("solution", ""), request.user, at)
    editions = list(found.editions.select_related("version", "section", "parent").order_by("-version_id"))
    edition = edition_at(editions, at)
    solutions = list(Solution.objects.added_by(at).in_use(at).visible_to(request.user))
    workings, each = workings_of_requirement(request.user, request.moment, found.pk, scope, solutions)
    standing = workings.requirement(found.pk)
    mappings = Mapping.objects.filter(requirement=found, proposed_at__lte=at)
    proposed = mappings.known(at).exclude(approved_at__lte=at)
    context = {
        "requirement": found,
        "edition": edition,
        "editions": editions,
        "scope": scope,
        "coverage": coverage(request.user, request.moment),
        "exports": files_of(request, "controls:requirement_export", found.public_id),
        "title": requirement_title(found, edition, standing),
        "standing": standing,
        "statement": _statement(standing),
        "parts": [
            Drifting(one, [(row, row.drift_from(edition) if row.check_named_id else []) for row in one.mappings])
            for one in worst_first(shown(standing.parts, at))
        ],
        "proposed": _proposed(request, proposed.to_checks(), edition),
        "proposed_otherwise": proposed.filter(check_named=None).count(),
        "solutions": [(one, each[one.pk].requirement(found.pk)) for one in solutions],
        "ended": mappings.to_checks()
        .filter(ended_at__lte=at)
        .select_related("check_named", "mapping_set")
        .order_by("-ended_at"),
        "decides": may(request.user, "mapping.decide"),
        "proposes": may(request.user, "mapping.propose") and request.moment.is_now and edition is not None,
        "panels": panels("requirement", request, found),
        **_around(found, edition),
    }
    return render(request, "controls/requirement.html", context)


def _around(found: Requirement, edition: Edition | None) -> dict[str, Any]:
    """The baselines that select it, and the requirements that are parts of it."""
    if edition is None:
        return {"baselines": [], "below": []}
    below = Edition.objects.filter(parent=found, version=edition.version_id).asked().select_related("requirement")
    selected = found.selections.filter(profile__version=edition.version_id).select_related("profile")
    return {"baselines": selected, "below": below.order_by("position")}


def _statement(standing: Standing) -> Applicability | None:
    if standing.statement is None:
        return None
    return Applicability.objects.select_related("stated_by").get(pk=standing.statement)


def _proposed(request: Request, proposed: Any, edition: Edition | None) -> list[Proposed]:
    rows = list(proposed.select_related("check_named", "mapping_set").order_by("check_named__key", "pk"))
    named = {row.check_named.name: row.check_named for row in rows}
    says = observed(named, request.user, request.moment) if named else {}
    return [
        Proposed(one, [(row, row.drift_from(edition)) for row in rows if row.check_named == one], says[name])
        for name, one in named.items()
    ]


def edition_at(editions: Collection[Edition], at: datetime) -> Edition | None:
    """The one of the version that was current then; None where that version does not have it."""
    for one in editions:
        version = one.version
        if version.valid_from and version.valid_from <= at and (version.valid_to is None or version.valid_to > at):
            return one if one.withdrawn_at is None or one.withdrawn_at > at else None
    return None


def requirement_title(found: Requirement, edition: Edition | None, standing: Standing) -> str:
    if edition is None:
        return _("%(key)s is not in the current version") % {"key": found.key}
    n = standing.carrying_parts
    told = {"label": edition.label, "n": n, "failing": standing.failing_parts, "passing": standing.passing_parts}
    match standing.monitoring:
        case Monitoring.NOT_MAPPED:
            return _("%(label)s: nothing shows it yet") % told
        case Monitoring.NOT_APPLICABLE:
            return _("%(label)s: stated not to apply") % told
        case Monitoring.NOT_OBSERVED:
            words = ngettext(
                "%(label)s: the one part that shows it is not observed",
                "%(label)s: none of the %(n)d parts that show it is observed",
                n,
            )
        case Monitoring.FAILING:
            words = ngettext(
                "%(label)s fails: the one part that shows it fails",
                "%(label)s fails: %(failing)d of the %(n)d parts that show it fail, none passes",
                n,
            )
        case Monitoring.PARTLY_FAILING:
            words = ngettext(
                "%(label)s partly fails: the one part that shows it fails in part",
                "%(label)s partly fails: %(failing)d of the %(n)d parts that show it fail",
                n,
            )
        case Monitoring.PARTLY_SHOWN:
            words = ngettext(
                "%(label)s is partly shown: the one part that shows something of it does not fail",
                "%(label)s is partly shown: none of the %(n)d parts that show something of it fails",
                n,
            )
        case _passing:
            words = ngettext(
                "%(label)s passes: the one part that shows it passes",
                "%(label)s passes: all %(n)d parts that show it pass",
                n,
            )
    return words % told
