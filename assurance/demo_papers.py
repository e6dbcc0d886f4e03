"""Working papers of the demo's engagement, by the ordinary verbs: one carried to its end, others planned."""

from __future__ import annotations

from decimal import Decimal

from assurance import concluding, drawing, populations, testing
from assurance.drawing import Design, Result
from assurance.models import ControlTest, Engagement, Sample
from assurance.population_lines import checks_of
from assurance.populations import Wanted, needs_explaining
from assurance.rights import in_scope
from audit import clock
from controls.models import Control
from findings.models import FindingSpan, Status
from organisation.models import User
from risks.refusals import Refused

PLANNED = 4
DESIGN = Design("random", confidence=Decimal("0.9"), tolerable=Decimal("0.1"), expected=Decimal(0))


def plan(engagement: Engagement, lead: User, tester: User) -> int:
    """How many acts it did. tester: who prepares what the lead reviews."""
    controls = list(in_scope(engagement, clock.now()).filter(method=Control.Method.AUTOMATED).order_by("pk")[:PLANNED])
    if not controls:
        return 0
    return len(testing.plan(engagement, controls, ControlTest.Kind.values, by=lead, assigned_to=tester))


def go_on(engagement: Engagement) -> int:
    """Carry the first test out of which anything is seen, once. How many acts it did."""
    tests = engagement.tests.filter(kind=ControlTest.Kind.OPERATION)
    if engagement.about_to > clock.now() or tests.filter(populations__isnull=False).exists():
        return 0
    for test in tests.select_related("assigned_to", "engagement__added_by").order_by("pk"):
        if _is_seen(test) and test.assigned_to:
            return _carried_out(test, test.engagement.added_by, test.assigned_to)
    return 0


def _is_seen(test: ControlTest) -> bool:
    solutions = list(test.engagement.solutions.values_list("pk", flat=True))
    spans = FindingSpan.objects.counted().filter(check_ran__in=checks_of(test.control_id, clock.now()))
    return spans.filter(solutions__overlap=solutions).exclude(status=Status.NOT_APPLICABLE).exists()


def _carried_out(test: ControlTest, lead: User, tester: User) -> int:
    try:
        population = populations.freeze(test, Wanted("checks", "inventory"), by=tester)
    except Refused:
        return 0
    if needs_explaining(population):
        words = "New since the last evaluation of the checks, or of a type that they do not look at; seen in Config."
        populations.explain(population, words, by=tester)
    sample = drawing.draw(population, DESIGN, by=tester)
    failing = _tested(sample, tester)
    test.refresh_from_db()
    says = "not_effective" if failing else "effective"
    because = f"{failing} of {sample.size} items failed at some time of the period." if failing else (
        f"None of {sample.size} items failed in the period."
    )  # fmt: skip
    concluded = concluding.conclude(test, says, because, by=tester, read=test.version)
    if lead == tester:
        return 4 + sample.size
    concluding.review(concluded, "The sample follows from its seed.", by=lead, read=concluded.version)
    return 5 + sample.size


def _tested(sample: Sample, tester: User) -> int:
    """How many of the items deviate."""
    status = {line.key: line.status for line in drawing.frozen(sample.population)}
    failing = 0
    for item in sample.items.all():
        failed = status[item.key] == Status.FAIL
        failing += failed
        note = "It failed in the period, as its history shows." if failed else "It passed all the time."
        drawing.keep_result(item, Result.DEVIATION if failed else Result.NO_DEVIATION, note=note, by=tester)
    return failing
