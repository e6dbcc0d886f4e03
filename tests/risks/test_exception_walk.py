"""No sequence of allowed moves lets one person both ask and accept or concur, or an exception outlive its expiry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from audit import clock
from findings.models import Status
from organisation.models import NotAllowed, Role, User
from risks import bearing, challenging, excepting, expiring
from risks.asking import ask
from risks.exception_moves import ENDS
from risks.models import Challenge, RiskException
from tests.factories import GrantFactory, UserFactory
from tests.factories.risks import AuthorityFactory
from tests.risks.exceptions import a_story, turns

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
VERBS = (
    "ask", "accept", "refuse", "concur", "challenge", "answer", "settle", "escalate", "decide", "withdraw", "end",
    "sweep", "wait", "fail", "improve", "change_line",
)  # fmt: skip
moves = st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 4), st.integers(0, 3)), min_size=8, max_size=30)


class Walk:
    """One exception after the other, five people, three of them on the first line with authority to accept."""

    def __init__(self, travel: Any) -> None:
        self.travel, self.story = travel, a_story()
        self.people = [self.story.ana, self.story.ben, self.story.cleo]
        dora, eric = UserFactory(name="Dora", first_line=True), UserFactory(name="Eric", second_line=True)
        self.people += [dora, eric]
        for person in (self.story.ana, dora):
            AuthorityFactory(person=person)
        GrantFactory(person=dora, solution=self.story.solution)
        self.exception: RiskException | None = None

    def do(self, verb: str, who: int, choice: int) -> None:
        person = User.objects.get(pk=self.people[who].pk)
        try:
            with transaction.atomic():
                getattr(self, verb)(person, choice)
        except NotAllowed:
            return

    @property
    def one(self) -> RiskException:
        if self.exception is None:
            raise NotAllowed("there is none yet")
        return RiskException.objects.get(pk=self.exception.pk)

    def ask(self, person: User, choice: int) -> None:
        if self.exception and self.one.ended_at is None:
            return
        expires = clock.now() + timedelta(days=(3, 20, 60, 400)[choice])
        self.exception = ask(self.story.asking(expires_at=expires, ceiling=3), by=person)

    def accept(self, person: User, choice: int) -> None:
        excepting.accept(self.one, by=person)

    def refuse(self, person: User, choice: int) -> None:
        excepting.refuse(self.one, by=person, because="No")

    def concur(self, person: User, choice: int) -> None:
        excepting.concur(self.one, by=person)

    def challenge(self, person: User, choice: int) -> None:
        challenging.challenge_exception(self.one, because="Why", by=person)

    def answer(self, person: User, choice: int) -> None:
        found = Challenge.objects.open().first()
        if found:
            challenging.answer(found, text="Because", by=person)

    def settle(self, person: User, choice: int) -> None:
        found = Challenge.objects.open().first()
        if found:
            outcome = Challenge.Outcome.values[choice % 3]
            challenging.settle(found, outcome=outcome, because="So", by=person)

    def escalate(self, person: User, choice: int) -> None:
        excepting.escalate(self.one, by=person, because="Beyond us")

    def decide(self, person: User, choice: int) -> None:
        excepting.decide(self.one, granted=choice > 0, reference="Minutes 7", because="Agreed", by=person)

    def withdraw(self, person: User, choice: int) -> None:
        excepting.withdraw(self.one, by=person, because="Fixed")

    def end(self, person: User, choice: int) -> None:
        excepting.end_early(self.one, by=person, because="Fixed")

    def sweep(self, person: User, choice: int) -> None:
        expiring.follow(clock.now())

    def wait(self, person: User, choice: int) -> None:
        self.travel.shift(timedelta(hours=(1, 40, 300, 1500)[choice]))

    def fail(self, person: User, choice: int) -> None:
        self.story.fails(1)

    def change_line(self, person: User, choice: int) -> None:
        """Whoever asked may stand on the second line tomorrow."""
        to = Role.SECOND if Role.FIRST in person.roles_today else Role.FIRST
        for role in person.role_assignments.not_ended(clock.now()):
            role.end(reason="Moves", by="setup")
        person.give_role(to, reason="Moves", by="setup")

    def improve(self, person: User, choice: int) -> None:
        last = self.story.findings[-1]
        if last.spans.get(valid_to=None).status == Status.FAIL:
            turns(last, Status.PASS, clock.now())

    def holds(self) -> None:
        at = clock.now()
        for one in RiskException.objects.all():
            people = [one.asked_by_id, one.accepted_by_id, one.concurred_by_id]
            known = [person for person in people if person]
            assert len(known) == len(set(known)), "three different people"
            last = one.steps.last()
            assert last is not None
            assert last.state == one.state
            assert [step.at for step in one.steps.all()] == sorted(step.at for step in one.steps.all())
            is_live = RiskException.objects.live(at).filter(pk=one.pk).exists()
            assert not (is_live and at >= one.expires_at)
            assert one.ended_at is None or one.began_at is None or one.ended_at <= one.expires_at
            assert (one.ended_at is not None) == (one.state in ENDS)
            assert not in_the_ledger(one, at) or is_live, "nothing is borne under what is not in force"


def in_the_ledger(exception: RiskException, at: datetime) -> bool:
    """Whether a finding reads "accepted" under it at a moment."""
    ledger = bearing._part("findings.acceptances")
    if ledger is None:
        return False
    rows = ledger.Acceptance.objects.filter(exception=exception.public_id, valid_from__lte=at, expires_at__gt=at)
    return any(row.valid_to is None or row.valid_to > at for row in rows)


@pytest.mark.django_db
@settings(
    max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
    phases=[Phase.generate], database=None,
)  # fmt: skip
@given(moves)
def test_no_sequence_of_allowed_moves_breaks_the_rules(done: list[tuple[str, int, int]]) -> None:
    with time_machine.travel(BEGIN, tick=True) as travel, transaction.atomic():
        walk = Walk(travel)
        for verb, who, choice in done:
            walk.do(verb, who, choice)
            walk.holds()
        transaction.set_rollback(True)
