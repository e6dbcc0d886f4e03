"""Every figure of the frameworks' pages, worked out again one requirement at a time, slowly and in another way."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from controls.models import (
    Applicability,
    CheckReference,
    Control,
    Edition,
    Framework,
    Inheritance,
    Mapping,
    Requirement,
    Verdict,
)
from findings.models import Check, FindingSpan, Source, Status, Workflow
from organisation.models import Solution
from tests.clock import at as on
from tests.conftest import LoggedIn
from tests.controls.standings import crosswalked, inherits, promised_by, satisfied_by, shown_by
from tests.factories import SolutionFactory
from tests.factories.controls import ControlFactory, EditionFactory, FrameworkVersionFactory, VerdictFactory
from tests.factories.findings import CheckFactory, FindingFactory, FindingSpanFactory, ResourceFactory
from tests.findings_pages.reading_pages import counted

pytestmark = pytest.mark.django_db
NOW, PAST = "2026-06-20", "2026-03-05"
TURN = datetime.fromisoformat("2026-04-01T12:00+00:00")
RELATIONS = ("equal", "superset", "subset", "intersects")


# The world


def a_world(by: Any) -> list[Solution]:
    """Two frameworks with every kind of mapping, three solutions, and findings that changed on the day of TURN."""
    draw = Random(20)
    solutions: list[Any] = [SolutionFactory(name=name) for name in ("Platform", "Payments", "Ledger")]
    checks: list[Any] = [CheckFactory(key=f"S3.{n}", config_rule=f"RULE_{n}" if n < 3 else "") for n in range(8)]
    checks += [CheckFactory(source=Source.CONFIG, key=f"RULE_{n}", config_rule=f"RULE_{n}") for n in range(3)]
    CheckReference.objects.create(source=Source.SECURITY_HUB, key="S3.0", config_rule="RULE_0")
    for check in checks[:-2]:
        moods = draw.choice((["pass"], ["pass", "fail"], ["fail"], ["pass", "unknown"], ["not_applicable"]))
        for _ in range(4):
            a_finding(draw, check, draw.sample(solutions, draw.choice((0, 1, 1, 2))), moods)
    counted()
    controls: list[Any] = [
        ControlFactory(manual=n % 2 == 0, solution=solutions[0] if n > 2 else None) for n in range(6)
    ]
    for control in controls:
        for check in draw.sample(checks, 2):
            satisfied_by(control, check, draw.choice(RELATIONS), **when(draw))
    inherits(solutions[1], controls[3])
    inherits(solutions[2], controls[4], until=TURN)
    for control in controls[::2]:
        for solution in draw.sample([None, *solutions], 2):
            told = {
                "result": draw.choice(("passing", "failing")),
                "said_at": TURN - timedelta(days=draw.choice((40, 5))),
            }
            VerdictFactory(control=control, solution=solution, **told)
    versions = [FrameworkVersionFactory(framework__name=name, label="1") for name in ("First", "Second")]
    editions: list[Any] = [EditionFactory(version=version) for version in versions for _ in range(14)]
    for edition in editions:
        map_it(draw, edition, editions, checks, controls)
    with on("2026-05-01"):
        Applicability.state(editions[3].requirement, applicable=False, because="No such work", by=by)
    return solutions


def a_finding(draw: Random, check: Check, owners: list[Solution], moods: list[str]) -> None:
    finding = FindingFactory(
        check_ran=check,
        source=check.source,
        resource=ResourceFactory(),
        solutions=owners,
        status=Status(draw.choice(moods)),
        workflow=draw.choice((Workflow.NEW, Workflow.NEW, Workflow.SUPPRESSED)),
        since=TURN,
    )
    before = TURN - timedelta(days=60)
    FindingSpanFactory(finding=finding, status=Status(draw.choice(moods)), since=before, until=TURN, solutions=owners)
    if draw.random() < 0.2:
        finding.spans.update(scored=False)


def when(draw: Random) -> dict[str, Any]:
    """When a mapping was in force: always, since TURN, or until then."""
    ended = {"state": Mapping.State.WITHDRAWN, "ended_at": TURN, "ended_by": "test", "ended_because": "Wrong"}
    return draw.choice(({}, {}, {"approved_at": TURN}, ended))


def map_it(
    draw: Random, edition: Edition, editions: list[Edition], checks: list[Check], controls: list[Control]
) -> None:
    for check in draw.sample(checks, draw.choice((0, 0, 1, 2))):
        shown_by(edition, check, draw.choice(RELATIONS), **when(draw))
    for control in draw.sample(controls, draw.choice((0, 0, 1))):
        promised_by(edition, control, draw.choice(RELATIONS), **when(draw))
    for other in draw.sample(editions, draw.choice((0, 0, 1))):
        if other != edition:
            crosswalked(edition, other, draw.choice(RELATIONS), **when(draw))


# The slow way


class Slowly:
    """solution: None for the whole estate."""

    def __init__(self, moment: datetime, solution: Solution | None) -> None:
        self.moment, self.solution = moment, solution

    def figures(self, framework: Framework) -> dict[str, int]:
        asked = Requirement.objects.filter(editions__version__framework=framework)
        return dict(Counter(self.state(one) for one in asked))

    def state(self, requirement: Requirement, steps: int = 1) -> str:
        for said in Applicability.objects.filter(requirement=requirement, applicable=False):
            if said.stated_at <= self.moment and (said.replaced_at is None or said.replaced_at > self.moment):
                return "not_applicable"
        return self.together(self.evidence(requirement, steps))

    def together(self, evidence: list[tuple[str, str]]) -> str:
        """evidence: relation and state. Rule by rule, the first that holds."""
        if not evidence:
            return "not_mapped"
        states = {state for _relation, state in evidence} - {"not_applicable"}
        loud = states - {"not_observed", "not_mapped"}
        if loud == {"failing"}:
            return "failing"
        if loud & {"failing", "partly_failing"}:
            return "partly_failing"
        if not loud:
            return "not_observed"
        wide = [state for relation, state in evidence if relation in ("equal", "superset") and state == "passing"]
        return "passing" if wide and states == {"passing"} else "partly_shown"

    def evidence(self, requirement: Requirement, steps: int) -> list[tuple[str, str]]:
        found = []
        for mapping in self.in_force(requirement=requirement):
            if mapping.check_named:
                found.append((mapping.relation, self.of_check(mapping.check_named, self.solution)))
            elif mapping.control:
                state = self.of_control(mapping.control)
                found += [(mapping.relation, state)] if state else []
            elif mapping.other and steps and mapping.relation != "intersects":
                state = self.state(mapping.other, steps - 1)
                found += [(mapping.relation, state)] if state != "not_mapped" else []
        return found

    def in_force(self, **where: Any) -> list[Mapping]:
        return [
            one
            for one in Mapping.objects.filter(**where)
            if one.approved_at and one.approved_at <= self.moment and not (one.ended_at and one.ended_at <= self.moment)
        ]

    def of_check(self, named: CheckReference, solution: Solution | None) -> str:
        said = Counter(span.status for span in self.spans(named, solution))
        if said["fail"]:
            return "partly_failing" if said["pass"] else "failing"
        if said["pass"]:
            return "partly_shown" if said["unknown"] else "passing"
        return "not_applicable" if said["not_applicable"] and not said["unknown"] else "not_observed"

    def spans(self, named: CheckReference, solution: Solution | None) -> list[FindingSpan]:
        keys = [one.pk for one in Check.objects.all() if self.means(named, one)]
        held = FindingSpan.objects.filter(check_ran__in=keys, scored=True, record_state="ACTIVE")
        return [
            span
            for span in held
            if span.valid_from <= self.moment
            and (span.valid_to is None or span.valid_to > self.moment)
            and (solution is None or solution.pk in span.solutions)
        ]

    @staticmethod
    def means(named: CheckReference, check: Check) -> bool:
        if named.source == "config":
            return check.config_rule == named.key
        if check.source == "security_hub":
            return check.key == named.key
        return named.config_rule != "" and check.config_rule == named.config_rule

    def of_control(self, control: Control) -> str | None:
        operator = control.solution
        answers = self.solution
        if operator and operator != self.solution:
            if self.solution and not self.is_heir(control):
                return None
            answers = operator
        told = [
            (mapping.relation, self.of_check(mapping.check_named, answers))
            for mapping in self.in_force(control=control, requirement=None)
            if mapping.check_named
        ]
        told += [("equal", state) for state in self.said_by_people(control, answers)]
        return self.together(told)

    def is_heir(self, control: Control) -> bool:
        return any(
            one.valid_from <= self.moment and (one.valid_to is None or one.valid_to > self.moment)
            for one in Inheritance.objects.filter(control=control, solution=self.solution)
        )

    def said_by_people(self, control: Control, solution: Solution | None) -> list[str]:
        if solution is None and control.method == "manual":
            return [self.latest(control, one) or "not_observed" for one in Solution.objects.all()]
        if solution is None:
            every = [self.latest(control, one, alone=True) for one in (None, *Solution.objects.all())]
            return [one for one in every if one]
        one = self.latest(control, solution)
        return [one] if one else ["not_observed"] * (control.method == "manual")

    def latest(self, control: Control, solution: Solution | None, *, alone: bool = False) -> str | None:
        for whose in [solution] if alone else [solution, None]:
            fresh = [
                one
                for one in Verdict.objects.filter(control=control, solution=whose)
                if one.said_at <= self.moment < one.fresh_until
            ]
            if fresh:
                return max(fresh, key=lambda one: (one.said_at, one.pk)).result
        return None


def test_the_pages_figures_are_those_of_an_independent_count(second_line: LoggedIn) -> None:
    with on(NOW):
        solutions = a_world(second_line.person)
        seen: Counter[str] = Counter()
        for day in (NOW, PAST):
            for solution in (None, *solutions):
                moment = datetime.fromisoformat(f"{day}T12:00:00+00:00")
                query = f"?as_of={day}T12:00" if day == PAST else "?"
                query += f"&solution={solution.public_id}" if solution else ""
                slowly = Slowly(moment, solution)
                for row in second_line.get(f"/frameworks/{query}").context["rows"]:
                    expected = slowly.figures(row.figures.framework)
                    assert {key: n for key, n in row.stands.counts.items() if n} == expected, (day, solution)
                    seen.update(expected)
                version = row.figures.version
                page = second_line.get(f"/frameworks/{version.framework.public_id}/{query}")
                told = {one.requirement: standing.monitoring for one, standing in page.context["rows"]}
                assert told == {requirement: slowly.state(requirement) for requirement in told}
    assert len(seen) == 7, "the world should have a requirement in every state"


# What a decision changes


def decide(browser: LoggedIn, action: str, mapping: Mapping) -> None:
    posted = {"action": action, "pick": [mapping.public_id], "because": "Agreed", "reason": "Agreed"}
    assert browser.post("/frameworks/mappings/", posted).status_code == 302


def test_a_decision_on_a_mapping_shows_at_once_and_the_past_keeps_what_was_in_force(second_line: LoggedIn) -> None:
    edition = EditionFactory()
    check = CheckFactory()
    FindingFactory(check_ran=check)
    counted()
    pending: dict[str, Any] = {
        "state": Mapping.State.PROPOSED,
        "approved_at": None,
        "approved_by": "",
        "approved_because": "",
    }
    mapping = shown_by(edition, check, **pending)
    page = f"/frameworks/requirements/{edition.public_id}/"
    days = ("2026-06-01", "2026-06-02", "2026-06-03")
    with on(days[0]):
        assert second_line.get(page).context["standing"].monitoring == "not_mapped"
    with on(days[1]):
        decide(second_line, "approve", mapping)
        assert second_line.get(page).context["standing"].monitoring == "failing"
    with on(days[2]):
        decide(second_line, "end", mapping)
        assert second_line.get(page).context["standing"].monitoring == "not_mapped"
        then = [second_line.get(f"{page}?as_of={day}T13:00").context["standing"] for day in days[:2]]
        told = [standing.monitoring.value for standing in then]
    assert told == ["not_mapped", "failing"]
