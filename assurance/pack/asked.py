"""What a framework asks, and where each requirement and control of it stands in the solutions of a pack."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from assurance.pack.contents import CheckPart, ControlMapping, ControlPart, RequirementPart
from assurance.pack.scope import EVERYTHING, Scope
from controls.mapped import Mapped, mapped_of_versions
from controls.models import Area, Control, Edition, Mapping, RunsAs, ServiceType
from controls.past import as_they_were
from controls.provider_parts import reports_at
from controls.responsibility import abouts, held_for
from controls.solution_requirements import Whose, whose
from controls.standing import Kind, Monitoring, Part, Workings, combine
from controls.used_services import Use
from findings.models import FindingSpan

Relation = Mapping.Relation


@dataclass(frozen=True)
class Asked:
    """mapped: what was mapped. workings: what works standings out, by solution. editions: in the framework's order."""

    scope: Scope
    mapped: Mapped
    workings: dict[int, Workings]
    editions: list[Edition]
    controls: list[Control]

    @property
    def checks(self) -> dict[int, tuple[int, ...]]:
        """Each check as mappings name it → the checks that were observed for it."""
        some = next(iter(self.workings.values()))
        return {key: some.observed[name] for key, name in self.mapped.names.items()}

    def checks_of(self, links: Iterable[int]) -> list[int]:
        return list(dict.fromkeys(key for link in links for key in self.checks[link]))


def asked(scope: Scope) -> Asked:
    """A fixed number of queries."""
    at = scope.moment.at
    mapped = mapped_of_versions([scope.version], at)
    workings = Workings.of_each(mapped, EVERYTHING, scope.moment, scope.solutions)
    rows = Edition.objects.filter(version=scope.version).exclude(withdrawn_at__lte=at)
    editions = rows.select_related("requirement", "section").order_by("position", "pk").defer("text", "guidance")
    wanted = {control for links in mapped.controls.values() for control in links}
    concerned = {key for key in wanted if any(one.control(key) for one in workings.values())}
    controls = as_they_were(Control.objects.filter(pk__in=concerned).order_by("pk"), at)
    return Asked(scope, mapped, workings, list(editions), controls)


def together(monitorings: Iterable[Monitoring]) -> Monitoring:
    """Where something stands in several solutions, each of which has to meet it."""
    said = list(monitorings)
    if not said or set(said) == {Monitoring.NOT_MAPPED}:
        return Monitoring.NOT_MAPPED
    return combine(Part(Kind.CONTROL, None, Relation.EQUAL, one) for one in said)


def requirement_parts(found: Asked, checks: dict[int, CheckPart]) -> list[RequirementPart]:
    told = _whose(found)
    in_words = {key: _in_words(one) for key, one in {id(one): one for one in told.values()}.items()}
    in_pack = {one.pk: one.public_id for one in found.controls}
    parts = []
    for one in found.editions:
        key = one.requirement_id
        monitoring = together(its.requirement(key).monitoring for its in found.workings.values())
        links = found.mapped.controls.get(key, {})
        whose_it_is = told[key]
        parts.append(
            RequirementPart(
                id=one.public_id,
                key=one.label,
                title=one.title,
                section=str(one.section) if one.section else "",
                status_key=monitoring.value,
                status=str(monitoring.label),
                responsibility=in_words[id(whose_it_is)],
                controls=[
                    ControlMapping(in_pack[control], str(Relation(link.relation).label))
                    for control, link in sorted(links.items())
                    if control in in_pack
                ],
                provider_reports=_reports_of(whose_it_is),
                checks=[
                    checks[check].id
                    for check in found.checks_of(found.mapped.checks.get(key, {}))
                    if check in checks and checks[check].population
                ],
            )
        )
    return parts


def _whose(found: Asked) -> dict[int, Whose]:
    """Of each requirement: whose it is for the services that the solutions use; one object for the same areas."""
    scope, at = found.scope, found.scope.moment.at
    uses = _uses(scope)
    about = abouts(scope.version.framework, found.editions, at)
    held = held_for([use.service for use in uses if use.service], at)
    reports = reports_at(at)
    known: dict[tuple[str, ...], Whose] = {}
    for said in about.values():
        if tuple(said.areas) not in known:
            known[tuple(said.areas)] = whose(said, uses, held, reports, scope.version.framework_id)
    return {key: known[tuple(said.areas)] for key, said in about.items()}


def _uses(scope: Scope) -> list[Use]:
    """The service types that the solutions use together, by what findings of then name as theirs."""
    services = {one.pk: one for one in ServiceType.objects.order_by("position", "pk")}
    claimed = {kind: {one.pk} for one in services.values() for kind in one.resource_types}
    stated: dict[str, set[int]] = defaultdict(set)
    told: Any = RunsAs.objects.at(scope.moment.at).filter(solution__in=scope.keys, service__isnull=False)
    for kind, service in told.values_list("resource_type", "service"):
        stated[kind].add(service)
    spans = FindingSpan.objects.at(scope.moment).active().filter(solutions__overlap=scope.keys)
    rows: Any = spans.exclude(finding__resource=None).order_by()
    counted = rows.values_list("finding__resource__type", "finding__resource__region").annotate(
        n=Count("finding__resource", distinct=True)
    )
    types: dict[int, dict[str, int]] = defaultdict(dict)
    regions: dict[int, set[str]] = defaultdict(set)
    for kind, region, n in counted:
        for service in stated.get(kind) or claimed.get(kind, set()):
            types[service][kind] = types[service].get(kind, 0) + n
            regions[service].add(region)
    return [
        Use(service, dict(sorted(types[key].items())), tuple(sorted(regions[key])))
        for key, service in services.items()
        if key in types
    ]


def _in_words(told: Whose) -> str:
    """Whose it is, and a line for each reason: the area, whose that is, why, and for which service types."""
    if told.party is None:
        return ""
    services: dict[str, list[str]] = defaultdict(list)
    for answer in (one for answers in told.by_party.values() for one in answers):
        for area, said in answer.why:
            if said:
                services[f"{Area(area).label}, {said.get_party_display().lower()}: {said.because}"].append(
                    answer.service.name
                )
    return "\n".join([f"{told.party.label}.", *(f"{why} ({', '.join(services[why])})" for why in sorted(services))])


def _reports_of(told: Whose) -> list[str]:
    rows = [report.row for found in told.parts.values() for _service, part in found for report in part.reports]
    return [f"PV-{key}" for key in sorted({row.pk for row in rows})]


def control_parts(found: Asked, checks: dict[int, CheckPart], linked: ControlLinks) -> list[ControlPart]:
    scope = found.scope
    parts = []
    for one in found.controls:
        standings = [its.control(one.pk) for its in found.workings.values()]
        monitoring = together(standing.monitoring for standing in standings if standing)
        named = found.checks_of(found.mapped.of_controls.get(one.pk, {}))
        concluded = linked.conclusions.get(one.pk)
        parts.append(
            ControlPart(
                id=one.public_id,
                name=one.name,
                objective=one.objective,
                kind=str(one.get_kind_display()),
                method=str(one.get_method_display()),
                frequency=str(one.get_frequency_display()),
                owner=scope.name(one.owner_id),
                procedure=one.procedure,
                status_key=monitoring.value,
                status=str(monitoring.label),
                concluded=str(concluded.get_result_display()) if concluded else "",
                concluded_by=scope.name(concluded.said_by_id) if concluded else "",
                concluded_at=concluded.said_at if concluded else None,
                checks=[checks[key] for key in named if key in checks],
                tests=linked.tests.get(one.pk, []),
                evidence=linked.evidence.get(one.pk, []),
                exceptions=linked.exceptions_of(named),
                risks=linked.risks.get(one.pk, []),
            )
        )
    return parts


@dataclass(frozen=True)
class ControlLinks:
    """What else a control has to do with, by its key. exceptions: public ids by check."""

    conclusions: dict[int, Any]
    tests: dict[int, list[Any]]
    evidence: dict[int, list[str]]
    exceptions: dict[int, list[str]]
    risks: dict[int, list[str]]

    def exceptions_of(self, checks: Sequence[int]) -> list[str]:
        found = {one for check in checks for one in self.exceptions.get(check, [])}
        return sorted(found, key=lambda one: int(one.rpartition("-")[2]))


def of_solutions(scope: Scope) -> Q:
    """The condition on rows with `solutions`: of one of the pack's."""
    return Q(solutions__overlap=scope.keys)
