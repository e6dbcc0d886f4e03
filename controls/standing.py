"""Where a requirement or a control stands: what checks, tests and attestations say of it at a moment.

Never whether it is effective: that is concluded by a named tester. How standings come about: docs/method.md#standing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Self

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from audit.moment import Moment
from controls.live import Named, checks_named
from controls.mapped import Link, Mapped, Promise, mapped_of_controls, mapped_of_requirements, mapped_of_versions
from controls.models import Control, Edition, FrameworkVersion, Mapping
from controls.results import NOTHING, Counts, Results, Within, results, results_of_solutions
from findings.models import Check
from organisation.models import Solution, Visibility

Relation = Mapping.Relation
COVERING = frozenset({Relation.EQUAL.value, Relation.SUPERSET.value})
"""What shows all of a requirement; what is narrower shows part of it at most."""


class Monitoring(TextChoices):
    """In the order in which they deserve attention."""

    FAILING = "failing", _("Failing")
    PARTLY_FAILING = "partly_failing", _("Partly failing")
    NOT_OBSERVED = "not_observed", _("Not observed")
    PARTLY_SHOWN = "partly_shown", _("Partly shown")
    PASSING = "passing", _("Passing")
    NOT_APPLICABLE = "not_applicable", _("Not applicable")
    NOT_MAPPED = "not_mapped", _("Nothing shows it yet")


FAILS = frozenset({Monitoring.FAILING, Monitoring.PARTLY_FAILING})
SHOWS = frozenset({Monitoring.PASSING, Monitoring.PARTLY_SHOWN})
SILENT = frozenset({Monitoring.NOT_OBSERVED, Monitoring.NOT_MAPPED})


class Kind(TextChoices):
    CHECK = "check", _("Check")
    CONTROL = "control", _("Control")
    VERDICT = "verdict", _("Test or attestation")
    REQUIREMENT = "requirement", _("Requirement of another framework")


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that shows something. key: of its CheckReference, Control, Verdict or Requirement.

    key is None where a test or attestation is due and there is none. counts: of its findings; checks: those that were
    observed and give them. mappings: keys of those that make it a part. answers: whose findings or tests these are,
    where not those asked about: a solution's key. is_inherited: whether it is relied on from there. is_automated:
    whether a check is behind it, observed or not.
    """

    kind: Kind
    key: int | None
    relation: str
    monitoring: Monitoring
    counts: Counts = NOTHING
    checks: tuple[int, ...] = ()
    mappings: tuple[int, ...] = ()
    answers: int | None = None
    is_inherited: bool = False
    is_automated: bool = False

    @property
    def check_ids(self) -> list[str]:
        return ids_of(self.checks)

    @property
    def carries(self) -> bool:
        """Whether it says anything: a crosswalk by intersects never does, nor one to what nothing shows."""
        if self.kind is not Kind.REQUIREMENT:
            return True
        return self.relation != Relation.INTERSECTS and self.monitoring is not Monitoring.NOT_MAPPED


@dataclass(frozen=True, slots=True)
class Standing:
    """counts: findings of the checks in `checks`, each once, of the findings asked about; what answers elsewhere,
    and has an `answers` of its own, is not in them. statement: key of the one that says "not applicable".
    """

    monitoring: Monitoring
    parts: tuple[Part, ...] = ()
    counts: Counts = NOTHING
    checks: tuple[int, ...] = ()
    statement: int | None = None
    answers: int | None = None
    is_inherited: bool = False

    @property
    def check_ids(self) -> list[str]:
        return ids_of(self.checks)

    def n(self, *monitoring: Monitoring) -> int:
        """How many of the parts that carry something stand so."""
        return sum(part.monitoring in monitoring for part in self.parts if part.carries)

    @property
    def carrying_parts(self) -> int:
        return self.n(*Monitoring)

    @property
    def failing_parts(self) -> int:
        return self.n(*FAILS)

    @property
    def passing_parts(self) -> int:
        return self.n(Monitoring.PASSING)

    @property
    def silent_parts(self) -> int:
        return self.n(*SILENT)

    @property
    def is_automated(self) -> bool:
        """Whether a check shows something of it, directly or by a control or a crosswalk."""
        return any(part.is_automated and part.carries for part in self.parts)


def ids_of(checks: Iterable[int]) -> list[str]:
    """Public ids of checks, as the explorer's `check` takes them."""
    return [f"{Check.public_prefix}-{key}" for key in checks]


UNMAPPED = Standing(Monitoring.NOT_MAPPED)


def combine(parts: Iterable[Part]) -> Monitoring:
    """What parts say together. What says "not applicable" of everything is left out."""
    carrying = [part for part in parts if part.carries]
    if not carrying:
        return Monitoring.NOT_MAPPED
    asked = [part for part in carrying if part.monitoring is not Monitoring.NOT_APPLICABLE]
    said = [part.monitoring for part in asked if part.monitoring not in SILENT]
    if not said:
        return Monitoring.NOT_OBSERVED
    if not FAILS.isdisjoint(said):
        return Monitoring.FAILING if set(said) == {Monitoring.FAILING} else Monitoring.PARTLY_FAILING
    whole = all(part.monitoring is Monitoring.PASSING for part in asked)
    covered = any(part.relation in COVERING for part in asked)
    return Monitoring.PASSING if whole and covered else Monitoring.PARTLY_SHOWN


def said_by(counts: Counts) -> Monitoring:
    """What the findings of one check say together: unknown is never a pass, and no resource is no answer."""
    if counts.failed:
        return Monitoring.PARTLY_FAILING if counts.passed else Monitoring.FAILING
    if counts.passed:
        return Monitoring.PARTLY_SHOWN if counts.unknown else Monitoring.PASSING
    return Monitoring.NOT_APPLICABLE if counts.not_applicable and not counts.unknown else Monitoring.NOT_OBSERVED


def standings_of_requirements(
    user: object, moment: Moment, version: FrameworkVersion, solution: Within = None
) -> dict[int, Standing]:
    """Of each requirement that a version asks, by its key. A fixed number of queries, however many they are."""
    return standings_of_versions(user, moment, [version], solution)[version.pk]


def standings_of_versions(
    user: object, moment: Moment, versions: Collection[FrameworkVersion], solution: Within = None
) -> dict[int, dict[int, Standing]]:
    """The same of several versions, by their keys, for no more queries."""
    workings = Workings.of(mapped_of_versions(versions, moment.at), user, moment, solution)
    found: dict[int, dict[int, Standing]] = {version.pk: {} for version in versions}
    for version, requirement in _asked_by(versions):
        found[version][requirement] = workings.requirement(requirement)
    return found


def standings_by_solution(
    user: object, moment: Moment, versions: Collection[FrameworkVersion], solutions: Collection[Solution]
) -> dict[int, dict[int, dict[int, Standing]]]:
    """Solution → version → requirement → where it stands there. As many queries, however many they are.

    solutions: of those that the reader may see.
    """
    workings = Workings.of_each(mapped_of_versions(versions, moment.at), user, moment, solutions)
    asked = list(_asked_by(versions))
    found: dict[int, dict[int, dict[int, Standing]]] = {}
    for solution, its in workings.items():
        found[solution] = {version.pk: {} for version in versions}
        for version, requirement in asked:
            found[solution][version][requirement] = its.requirement(requirement)
    return found


def _asked_by(versions: Collection[FrameworkVersion]) -> Iterable[tuple[int, int]]:
    """Version and requirement, in its order."""
    asked = Edition.objects.filter(version__in=[version.pk for version in versions]).asked()
    found: Iterable[tuple[int, int]] = asked.order_by("position").values_list("version", "requirement")
    return found


def workings_of_requirement(
    user: object, moment: Moment, requirement: int, solution: Within, solutions: Collection[Solution]
) -> tuple[Workings, dict[int, Workings]]:
    """What works out one requirement, by its key, within a scope, and in each of these solutions."""
    mapped = mapped_of_requirements([requirement], moment.at)
    return Workings.of(mapped, user, moment, solution), Workings.of_each(mapped, user, moment, solutions)


def standings_of_controls(
    user: object, moment: Moment, controls: Iterable[Control], solution: Within = None
) -> dict[int, Standing]:
    """Of each of these that is in use then and concerns the findings asked about. A fixed number of queries."""
    keys = [control.pk for control in controls]
    workings = Workings.of(mapped_of_controls(keys, moment.at), user, moment, solution)
    return {key: standing for key in keys if (standing := workings.control(key))}


@dataclass
class Workings:
    """Works standings out, each once, of what was mapped at a moment and what answers then.

    observed: the checks behind each name. results: of the findings asked about; elsewhere: of the solutions that
    operate controls. asked: the solutions that people have to show a control for, where it is asked of every one.
    """

    mapped: Mapped
    seen: Visibility
    within: Within
    observed: dict[Named, tuple[int, ...]]
    results: Results
    elsewhere: dict[int, Results]
    asked: list[int]
    _controls: dict[int, Standing | None] = field(default_factory=dict)
    _said: dict[tuple[int, int | None], tuple[Monitoring, Counts, tuple[int, ...]]] = field(default_factory=dict)

    @classmethod
    def of(cls, mapped: Mapped, user: object, moment: Moment, within: Within) -> Self:
        """Four queries at most."""
        seen = Visibility.of(user)
        operators = set(mapped.operators.values())
        return cls(
            mapped,
            seen,
            within,
            observed=checks_named(mapped.names.values()),
            results=results(user, moment, within) if mapped.names else {},
            elsewhere=results_of_solutions(moment, operators) if operators else {},
            asked=_in_use(seen, moment) if within is None and mapped.needs_every_solution else [],
        )

    @classmethod
    def of_each(cls, mapped: Mapped, user: object, moment: Moment, solutions: Collection[Solution]) -> dict[int, Self]:
        """By the key of each of these solutions. Three queries, however many they are."""
        seen = Visibility.of(user)
        observed = checks_named(mapped.names.values())
        wanted = {solution.pk for solution in solutions} | set(mapped.operators.values())
        answers = results_of_solutions(moment, wanted) if wanted else {}
        return {one.pk: cls(mapped, seen, one, observed, answers[one.pk], answers, []) for one in solutions}

    @property
    def _own(self) -> int | None:
        return self.within.pk if isinstance(self.within, Solution) else None

    def requirement(self, key: int, *, crosswalked: bool = True) -> Standing:
        """crosswalked: with what other requirements carry to it, which is one step and no further."""
        mapped = self.mapped
        if key not in mapped.asked:
            return UNMAPPED
        parts = self._checks(mapped.checks.get(key, {}))
        for control, link in mapped.controls.get(key, {}).items():
            if standing := self.control(control):
                parts.append(_part(Kind.CONTROL, control, link, standing))
        for other, link in mapped.others.get(key, {}).items() if crosswalked else ():
            parts.append(_part(Kind.REQUIREMENT, other, link, self.requirement(other, crosswalked=False)))
        if statement := mapped.excluded.get(key):
            return Standing(Monitoring.NOT_APPLICABLE, tuple(parts), statement=statement)
        return self._standing(parts) if parts else UNMAPPED

    def control(self, key: int) -> Standing | None:
        """None where it is not in use, or does not concern the findings asked about."""
        if key not in self._controls:
            promise = self.mapped.promises.get(key)
            self._controls[key] = self._control(key, promise) if promise else None
        return self._controls[key]

    def _control(self, key: int, promise: Promise) -> Standing | None:
        operator = promise.solution
        if operator is None or operator == self._own:
            parts = self._checks(self.mapped.of_controls.get(key, {}))
            return self._standing([*parts, *self._people(key, promise)])
        inherits = self._inherits(key)
        if not inherits and not (self.within is None and self._sees(operator)):
            return None
        parts = self._checks(self.mapped.of_controls.get(key, {}), operator)
        found = self._standing([*parts, *self._people(key, promise)], operator)
        if inherits and not self._sees(operator):
            found = _without_counts(found)
        return replace(found, answers=operator, is_inherited=inherits)

    def _inherits(self, control: int) -> bool:
        """Whether the solution asked about relies on it, or, asked about all, one of those that the reader sees."""
        heirs = self.mapped.inherited.get(control, frozenset())
        if self.within is not None:
            return self._own in heirs
        operator = self.mapped.promises[control].solution
        return operator is not None and not self._sees(operator) and not heirs.isdisjoint(self.seen.solutions)

    def _sees(self, solution: int) -> bool:
        return self.seen.everything or solution in self.seen.solutions

    def _checks(self, links: dict[int, Link], operator: int | None = None) -> list[Part]:
        """operator: the solution that answers, where not what was asked about."""
        parts = []
        for check, link in links.items():
            if (check, operator) not in self._said:
                observed = self.observed[self.mapped.names[check]]
                counts = total(observed, self._answering(operator))
                self._said[check, operator] = (said_by(counts), counts, observed)
            told = (Kind.CHECK, check, link.relation, *self._said[check, operator], tuple(link.mappings))
            parts.append(Part(*told, is_automated=True))
        return parts

    def _answering(self, operator: int | None) -> Results:
        return self.results if operator is None else self.elsewhere[operator]

    def _people(self, key: int, promise: Promise) -> list[Part]:
        """What tests and attestations show: each solution's own where there is one, else the organisation's."""
        said = self.mapped.verdicts.get(key, {})
        asked: list[int | None] = [*self.asked, *filter(None, [self._own])] or [None]
        every = asked if promise.solution is None else [promise.solution]
        found = {solution: said.get(solution) or said.get(None) for solution in every}
        if promise.solution is None and not promise.is_manual and self.within is None:
            found = {one: told for one, told in said.items() if one is None or self._sees(one)}
        latest = dict(verdict for verdict in found.values() if verdict)
        parts = [Part(Kind.VERDICT, pk, Relation.EQUAL, Monitoring(result)) for pk, result in latest.items()]
        if promise.is_manual and not all(found.values()):
            parts.append(Part(Kind.VERDICT, None, Relation.EQUAL, Monitoring.NOT_OBSERVED))
        return parts

    def _standing(self, parts: list[Part], operator: int | None = None) -> Standing:
        own = each_once(part.checks for part in parts if part.answers is None and part.carries)
        return Standing(combine(parts), tuple(parts), total(own, self._answering(operator)), own)


def _without_counts(standing: Standing) -> Standing:
    """Where it stands, without how many findings say so: they are not the reader's to see."""
    return replace(standing, counts=NOTHING, parts=tuple(replace(part, counts=NOTHING) for part in standing.parts))


def _part(kind: Kind, key: int, link: Link, standing: Standing) -> Part:
    return Part(
        kind,
        key,
        link.relation,
        standing.monitoring,
        standing.counts,
        standing.checks,
        tuple(link.mappings),
        standing.answers,
        standing.is_inherited,
        standing.is_automated,
    )


def _in_use(seen: Visibility, moment: Moment) -> list[int]:
    solutions = Solution.objects.added_by(moment.at).in_use(moment.at)
    found = solutions if seen.everything else solutions.filter(pk__in=seen.solutions)
    return list(found.order_by("pk").values_list("pk", flat=True))


def total(checks: Iterable[int], answering: Results) -> Counts:
    """Of these checks, each once."""
    found = [answering[check] for check in checks if check in answering]
    if len(found) < 2:
        return found[0] if found else NOTHING
    return Counts(
        sum([one.passed for one in found]),
        sum([one.failed for one in found]),
        sum([one.unknown for one in found]),
        sum([one.not_applicable for one in found]),
        sum([one.suppressed for one in found]),
        sum([one.accepted for one in found]),
    )


def each_once(checks: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(check for some in checks for check in some))
