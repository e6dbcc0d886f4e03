"""Standings as files: CSV with moment, scope and coverage in each row; a workbook with them on its first sheet."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as word
from django.views.decorators.http import require_safe

from audit.public_id import get_or_404
from audit.words import in_the_organisations_language
from controls import tables
from controls.addresses import door_of
from controls.listing import Asked, keys_in_order, listed, requirement_choices, requirements
from controls.models import Framework, Requirement
from controls.parts import shown, worst_first
from controls.results import Within, within
from controls.standing import Monitoring, standings_of_requirements, workings_of_requirement
from controls.views.frameworks import version_asked_for
from controls.views.posture import solutions_of, versions_that_count, worked_out
from findings.coverage_figures import coverage
from organisation.middleware import Request
from organisation.permissions import permitted

FORMS = ("csv", "xlsx")
REQUIREMENTS = (
    word("Id"),
    word("Number"),
    word("Key"),
    word("Title"),
    word("Section"),
    word("Obligation"),
    word("Status"),
    word("Automated"),
    word("Parts"),
    word("Parts failing"),
    word("Parts passing"),
    word("Parts not observed"),
    word("Findings failing"),
    word("of them suppressed in AWS"),
    word("of them accepted"),
    word("Findings assessed"),
)
PARTS = (
    word("Kind"),
    word("Name"),
    word("Title"),
    word("Type of mapping"),
    word("Status"),
    word("Inherited from"),
    word("Findings failing"),
    word("of them suppressed in AWS"),
    word("of them accepted"),
    word("Findings unknown"),
    word("Findings passing"),
    word("Mapping"),
    word("Approved by"),
    word("Approved on"),
)
POSTURE = (
    word("Solution"),
    word("Name"),
    word("Framework"),
    word("Requirements"),
    *(one.label for one in Monitoring),
    word("Automated"),
)


@require_safe
@permitted("framework.view")
@in_the_organisations_language
def framework_export(request: Request, public_id: str, form: str) -> HttpResponse:
    """The requirements that the address asks for, each with where it stands."""
    at = request.moment.at
    found = get_or_404(Framework.objects.filter(added_at__lte=at), public_id)
    version = version_asked_for(found, request.GET.get("version", ""), found.versions.current(at).first())
    if version is None:
        raise Http404(f"No version of {public_id} was current then")
    scope = within(request.GET.get("solution", ""), request.user, at)
    standings = standings_of_requirements(request.user, request.moment, version, scope)
    asked = Asked.of(request.GET, requirement_choices(version))
    every = requirements(asked, version, at, standings)
    keys = keys_in_order(every, request.GET.get("order", "position"), standings)
    editions = {one.pk: one for one in listed(every, at)}
    lines = []
    for one in (editions[key[-1]] for key in keys):
        standing = standings[one.requirement_id]
        parts = (standing.carrying_parts, standing.failing_parts, standing.passing_parts, standing.silent_parts)
        counts = standing.counts
        fails = (counts.failed, counts.suppressed, counts.accepted, counts.assessed)
        lines.append(
            (
                one.public_id,
                one.label,
                one.requirement.key,
                one.title,
                str(one.section or ""),
                str(one.get_obligation_display()) if one.obligation else "",
                str(standing.monitoring.label),
                "yes" if standing.is_automated else "no",
                *map(str, (*parts, *fails)),
            )
        )
    narrowed = ", ".join(f"{name}={value}" for name, value in asked.values.items()) or _("nothing: all of it")
    return standing_file(request, form, f"{found.key}-requirements", str(version), scope, narrowed, REQUIREMENTS, lines)


@require_safe
@permitted("framework.view")
@in_the_organisations_language
def requirement_export(request: Request, public_id: str, form: str) -> HttpResponse:
    """Everything that shows something of a requirement."""
    at = request.moment.at
    found = get_or_404(Requirement.objects.filter(added_at__lte=at).select_related("framework"), public_id)
    scope = within(request.GET.get("solution", ""), request.user, at)
    workings, _each = workings_of_requirement(request.user, request.moment, found.pk, scope, [])
    standing = workings.requirement(found.pk)
    lines = []
    for one in worst_first(shown(standing.parts, at)):
        counts = one.part.counts
        fails = (counts.failed, counts.suppressed, counts.accepted, counts.unknown, counts.passed)
        lines.append(
            (
                one.kind,
                one.name,
                one.title,
                one.relation,
                str(one.part.monitoring.label),
                one.answers.name if one.answers and one.part.is_inherited else "",
                *map(str, fails),
                ", ".join(mapping.public_id for mapping in one.mappings),
                ", ".join(dict.fromkeys(mapping.approved_by for mapping in one.mappings)),
                ", ".join(f"{mapping.approved_at:%Y-%m-%d}" for mapping in one.mappings if mapping.approved_at),
            )
        )
    what = f"{found.framework} {found.key}: {standing.monitoring.label}"
    name = f"{found.public_id}-parts"
    return standing_file(request, form, name, what, scope, _("nothing: all of it"), PARTS, lines)


@require_safe
@permitted("framework.view")
@in_the_organisations_language
def posture_export(request: Request, form: str) -> HttpResponse:
    """Each framework in each solution."""
    lines = [
        (
            row.solution.public_id,
            row.solution.name,
            str(cell.version),
            str(cell.stands.total),
            *(str(cell.stands.counts[one.value]) for one in Monitoring),
            str(cell.stands.automated),
        )
        for row in worked_out(request, versions_that_count(request), solutions_of(request))
        for cell in row.cells
    ]
    return standing_file(
        request, form, "solutions", _("Frameworks by solution"), None, _("nothing: all of it"), POSTURE, lines
    )


def standing_file(
    request: Request,
    form: str,
    name: str,
    what: str,
    scope: Within,
    narrowed: str,
    head: Sequence[tables.Word],
    lines: Sequence[Sequence[str]],
) -> HttpResponse:
    """form: csv or xlsx. Raises Http404 for another."""
    if form not in FORMS:
        raise Http404(f"No such form: {form}")
    moment = request.moment
    about = {
        _("As of"): _("%(at)s UTC") % {"at": f"{moment.at:%Y-%m-%d %H:%M:%S}"},
        _("Known at"): _("%(known_at)s UTC") % {"known_at": f"{moment.known_at:%Y-%m-%d %H:%M:%S}"},
        _("Scope"): _("no solution") if scope == "none" else scope.name if scope else _("all that the reader may see"),
        _("Coverage"): _coverage(request),
    }
    name = f"{name}-{moment.at:%Y%m%dT%H%M%SZ}"
    if form == "csv":
        return tables.as_csv(name, (*head, *about), [(*line, *about.values()) for line in lines])
    told = {
        _("What"): what,
        **about,
        _("Narrowed to"): narrowed,
        _("Rows"): str(len(lines)),
        _("Read by"): request.user.name,
        _("Address"): request.build_absolute_uri(door_of(request.GET, request.path, "status", "")),
    }
    return tables.as_xlsx(name, told, head, lines)


def _coverage(request: Request) -> str:
    figures = coverage(request.user, request.moment, "")
    if figures.fresh is None:
        return _("not observed")
    return ", ".join([_("fresh %(share)d %%") % {"share": int(figures.fresh)}, *(gap["words"] for gap in figures.gaps)])
