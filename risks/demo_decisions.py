"""What people of the demo decided about exceptions, treatments and challenges, by the ordinary verbs.

A handful of each, in different states. The moves are made at the moment of the clock; nothing is backdated.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from findings.models import Check, FindingSpan, Status
from organisation.models import Grant, NotAllowed, Solution, User
from risks import challenging, excepting, treating, treatment_closing
from risks.asking import Asking, ask
from risks.authorities import who_may_accept
from risks.levels import matrix_at
from risks.models import Authority, Risk, RiskException, Treatment
from risks.population import Bounds, Population
from risks.telling import second_line

Kind = RiskException.Kind
REASONS = (
    (Kind.ACCEPTANCE, "The vendor ships its fix in spring; until then the old library stays.", 25),
    (Kind.COMPENSATING, "Nobody reaches it from outside: the firewall in front blocks what is not known.", 120),
    (Kind.FALSE_POSITIVE, "The bucket holds a public website on purpose, and nothing else.", 200),
    (Kind.ACCEPTANCE, "The service is switched off at the end of the quarter.", 60),
    (Kind.DISPENSATION, "The device cannot do it. It is isolated and replaced next year.", 300),
)
GRANTED_BY = "Accreditation authority"
COMPENSATES = "A firewall with an allow list, reviewed monthly"


@transaction.atomic
def seed_decisions(at: datetime) -> int:
    """How many acts it did; 0 where it is done, or what it is about is not there yet."""
    if matrix_at(at) is None or RiskException.objects.exists() or not _failing_anywhere():
        return 0
    return sum(1 for _act in (*_exceptions(at), *_treatments(at)))


def _failing_anywhere() -> bool:
    return FindingSpan.objects.filter(status=Status.FAIL).exists()


def _exceptions(at: datetime) -> Iterator[object]:
    seconds = second_line()
    for n, (asker, solution, check) in enumerate(_failing(at)):
        if n == len(REASONS) or not seconds:
            return
        kind, reason, days = REASONS[n]
        covered = Population.of(Bounds(solution, [check]))
        asked = Asking(
            kind=kind.value,
            solution=solution,
            reason=reason,
            expires_at=at + timedelta(days=days),
            checks=[check],
            by_rule=True,
            ceiling=len(covered) + 10,
            compensating=COMPENSATES if kind == Kind.COMPENSATING else "",
            granted_by=GRANTED_BY if kind == Kind.DISPENSATION else "",
        )
        yield (made := ask(asked, by=asker))
        yield from _moved(made, n, asker, seconds[0], at)


def _moved(made: RiskException, n: int, asker: User, second: User, at: datetime) -> Iterator[object]:
    """The first is in force, the second awaits the second line, the third is challenged and answered, the rest wait."""
    accepters = [one for one in who_may_accept(made.solution, made.level, made.matrix, at) if one != asker]
    if n > 2 or not accepters:
        return
    yield (accepted := excepting.accept(made, by=accepters[0], because="Borne until then"))
    if n == 0:
        yield excepting.concur(accepted, by=second, because="As agreed in the risk committee")
    if n == 2:
        raised = challenging.challenge_exception(accepted, because="Who reviews what is published there?", by=second)
        yield raised
        yield challenging.answer(raised, text="Marketing, monthly; the list is attached to the ticket.", by=asker)


def _failing(at: datetime) -> Iterator[tuple[User, Solution, Check]]:
    """Somebody who has part in a solution, and a check that fails there; one of each solution first."""
    grants = Grant.objects.managed().in_force(at).select_related("person", "solution").order_by("solution", "pk")
    askers: dict[Solution, User] = {}
    for one in grants:
        if "first" in one.person.roles_today and (one.solution not in askers or one.person not in _bearing(at)):
            askers[one.solution] = one.person
    spans = FindingSpan.objects.filter(valid_to=None, superseded_at=None).active().failing()
    fails = {}
    for solution in askers:
        keys = spans.of_solution(solution.pk).order_by().values("check_ran").distinct()
        fails[solution] = list(Check.objects.filter(pk__in=keys).order_by("severity", "key")[:2])
    for place in range(2):
        for solution, checks in fails.items():
            if place < len(checks):
                yield askers[solution], solution, checks[place]


def _bearing(at: datetime) -> set[User]:
    """Who has the authority to accept anything: somebody else asks."""
    return {one.person for one in Authority.objects.in_force(at).select_related("person")}


def _treatments(at: datetime) -> Iterator[object]:
    """Of the first risks of the register: one under way with an overdue action to come, one proposed for closing."""
    for n, risk in enumerate(Risk.objects.open().filter(treatments=None).select_related("owner").order_by("pk")[:3]):
        checks = [(one.check_ran, "") for one in risk.finding_links.in_force(at).select_related("check_ran")[:2]]
        strategy = Treatment.Strategy.TRANSFER if n == 2 else Treatment.Strategy.MITIGATE
        try:
            made = treating.add(
                risk, strategy=strategy, plan="Replace what is old, then watch that it stays so", owner=risk.owner,
                by=risk.owner, checks=[] if n == 2 else checks,
            )  # fmt: skip
        except NotAllowed:
            continue
        yield made
        today = timezone.localdate(at)
        for what, days in (("List what is affected", 7), ("Replace it", 30), ("Show that it holds", 60)):
            day = today + timedelta(days=days)
            yield treating.add_action(made, what=what, owner=risk.owner, due_on=day, by=risk.owner)
        first = made.actions.order_by("due_on").first()
        if first:
            yield treating.set_state(first, "done", by=risk.owner)
        if n == 1:
            yield treatment_closing.propose(made, because="Everything is replaced", by=risk.owner)
        if n == 2 and (seconds := second_line()):
            words = "The insurance covers the loss of money, not that of data."
            yield challenging.challenge_treatment(made, because=words, by=seconds[0])
