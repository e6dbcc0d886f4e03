"""What got worse and better, told from any history as one who looks at every finding by itself would tell it."""

from __future__ import annotations

from datetime import datetime
from random import Random

import pytest
from django.db import IntegrityError

from audit.moment import Moment
from findings.changes import WAYS, changes
from findings.models import FindingSpan, RecordState, Status, Workflow
from organisation.models import User
from tests.clock import at
from tests.factories import (
    AccountFactory,
    GrantFactory,
    SolutionAccountFactory,
    SolutionFactory,
    TagRuleFactory,
    UserFactory,
)
from tests.factories.findings import ConnectionFactory
from tests.findings.readings import ACCOUNT, day, merge, reading

pytestmark = pytest.mark.django_db

FINDINGS, DAYS = 12, 8


def held(moment: Moment) -> dict[int, FindingSpan]:
    return {span.finding_id: span for span in FindingSpan.objects.at(moment).counted()}


def fails(span: FindingSpan | None) -> bool:
    return span is not None and span.status == Status.FAIL and span.workflow != Workflow.SUPPRESSED


def told_one_by_one(moment: Moment, since: datetime, solutions: list[list[int]]) -> dict[str, set[int]]:
    """solutions: whose findings the reader sees."""
    then, now = held(Moment(since, moment.known_at)), held(moment)
    told: dict[str, set[int]] = {way: set() for way in WAYS}
    for finding in then.keys() | now.keys():
        before, after = then.get(finding), now.get(finding)
        if after and after.solutions in solutions and fails(after) and not fails(before):
            told["worse"].add(finding)
        if not before or before.solutions not in solutions or not fails(before):
            continue
        if after is None:
            told["gone"].add(finding)
        elif after.status == Status.PASS and after.workflow != Workflow.SUPPRESSED:
            told["better"].add(finding)
    return told


@pytest.mark.parametrize("seed", range(4))
def test_each_way_is_told_of_a_random_history_as_finding_by_finding(seed: int) -> None:
    rng, account = Random(seed), AccountFactory(account_id=ACCOUNT)
    payments, ledger = SolutionFactory(), SolutionFactory()
    for solution, value in ((payments, "payments"), (ledger, "ledger")):
        SolutionAccountFactory(solution=solution, account=account, whole=False)
        TagRuleFactory(solution=solution, value=value)
    readers = [
        (UserFactory(second_line=True), [[], [payments.pk], [ledger.pk]]),
        (GrantFactory(solution=payments).person, [[], [payments.pk]]),
        (GrantFactory(person=UserFactory(external=True), solution=ledger).person, [[ledger.pk]]),
    ]
    connection = ConnectionFactory(created_at=day(0))
    for number in range(1, DAYS):
        for finding in rng.sample(range(FINDINGS), 5):
            status = rng.choice([Status.PASS, Status.FAIL, Status.FAIL, Status.UNKNOWN])
            workflow = rng.choice([Workflow.NEW, Workflow.NEW, Workflow.SUPPRESSED])
            updated = number - rng.choice([0.1, 0.2, 1.5])
            state = rng.choice([*[RecordState.ACTIVE] * 3, RecordState.ARCHIVED])
            tags = {"solution": rng.choice(["payments", "payments", "ledger", "nobody"])}
            row = reading(f"f{finding}", status, updated=updated, workflow=workflow, record_state=state, tags=tags)
            merge(connection, row, on=number)
    with at(day(DAYS).date().isoformat()):
        now = Moment.now()
        moments = [now, Moment.of(day(5)), Moment.of(day(5), day(6)), Moment.of(day(5), day(5.5))]
        for moment in moments:
            for since in (day(1.95), day(3.5), day(4.85)):
                for reader, solutions in readers:
                    one_by_one = told_one_by_one(moment, since, solutions)
                    assert by_rows(reader, moment, since) == one_by_one
                    total = changes(reader, moment, since).total
                    assert {way: getattr(total, way) for way in WAYS} == {k: len(v) for k, v in one_by_one.items()}


def by_rows(reader: User, moment: Moment, since: datetime) -> dict[str, set[int]]:
    return {way: {span.finding_id for span in rows(reader, moment, since)} for way, rows in WAYS.items()}


def test_a_finding_cannot_have_two_open_spans() -> None:
    merge(ConnectionFactory(created_at=day(0)), reading("one"), on=1)
    span = FindingSpan.objects.get()
    span.pk, span.valid_from = None, day(2)
    with pytest.raises(IntegrityError, match="finding_one_open_span"):
        span.save()
