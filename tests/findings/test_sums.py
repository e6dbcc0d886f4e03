"""The sums that pages read equal what one who looks at every finding by itself would count, whatever happens."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from audit.moment import Moment
from findings import posture
from findings.merge import Sweep, reassign_solutions
from findings.models import (
    AccountSum,
    CheckSum,
    Connection,
    FindingSpan,
    Posture,
    PostureDay,
    RecordState,
    Scope,
    Severity,
    Source,
    Status,
    SyncRun,
    Workflow,
)
from findings.staging import StagedCheck, StagedFinding, StagedResource
from findings.tallies import rows_by
from organisation.models import TagRule, User
from tests.factories import (
    AccountFactory,
    GrantFactory,
    SolutionAccountFactory,
    SolutionFactory,
    TagRuleFactory,
    UserFactory,
)
from tests.factories.findings import ConnectionFactory, ScopeFactory
from tests.findings.readings import ACCOUNT, REGION, day, merge, reading

pytestmark = pytest.mark.django_db

ACCOUNTS = (ACCOUNT, "444455556666")
REGIONS = (REGION, "us-east-1", "eu-west-1")
CHECKS = ("S3.1", "S3.8", "S3.13")
OWNERS = ("payments", "ledger", "nobody")
DAYS = 10


@pytest.fixture
def connection() -> Connection:
    return ConnectionFactory(created_at=day(0))


@pytest.fixture
def rules() -> list[TagRule]:
    """Payments and ledger live in both accounts, and own what their tag says."""
    accounts = [AccountFactory(account_id=account) for account in ACCOUNTS]
    made: list[TagRule] = []
    for name in OWNERS[:2]:
        solution = SolutionFactory(name=name)
        for account in accounts:
            SolutionAccountFactory(solution=solution, account=account, whole=False)
        rule: TagRule = TagRuleFactory(solution=solution, value=f"{name}*")
        made.append(rule)
    return made


def any_reading(chance: Random, today: float) -> StagedFinding:
    """A finding of two buckets at most; a bucket may change hands, and a finding its check."""
    number = chance.randrange(12)
    name, account, region = f"bucket-{number}", ACCOUNTS[number % 2], REGIONS[number % 3]
    buckets = [
        StagedResource(f"arn:{one}", "AWS::S3::Bucket", one, account, REGION, tags={"solution": chance.choice(OWNERS)})
        for one in {name, f"bucket-{chance.randrange(12)}"}
    ]
    return reading(
        name,
        chance.choice([Status.PASS, Status.FAIL, Status.FAIL, Status.UNKNOWN, Status.REPORT]),
        updated=today - chance.choice([0, 0, 0.5]),
        account=account,
        region=region,
        check=StagedCheck(Source.SECURITY_HUB, chance.choice(CHECKS), title="Buckets"),
        resources=buckets,
        workflow=chance.choice([Workflow.NEW, Workflow.NEW, Workflow.SUPPRESSED]),
        severity=chance.choice([Severity.HIGH, Severity.LOW]),
        record_state=chance.choice([*[RecordState.ACTIVE] * 4, RecordState.ARCHIVED]),
        scored=chance.random() < 0.9,
    )


def sweep(connection: Connection, chance: Random, today: float) -> None:
    """A complete reading that sees some, and ends the rest."""
    scope = Scope.objects.filter(connection=connection).first() or ScopeFactory(
        connection=connection, account=ACCOUNT, region=REGION
    )
    found = Sweep(SyncRun.objects.create(scope=scope, kind=SyncRun.Kind.SWEEP, fence=1, started_at=day(today)))
    merge(connection, *(any_reading(chance, today) for _ in range(12)), on=today, sweep=found)
    vanished = found.vanished()
    with transaction.atomic():
        posture.refresh(found.end(vanished, at=day(today + 0.1)))


def rules_change(chance: Random, rules: list[TagRule], today: float) -> None:
    """Another tag is payments' or ledger's from now on: what they own changes hands."""
    rule = chance.choice(rules)
    rule.value = chance.choice(["pay*", "led*", "*", "none"])
    rule.save()
    with transaction.atomic():
        posture.refresh(reassign_solutions(at=day(today)))


def one_by_one(over: str) -> Counter[Any]:
    """What every finding that stands now counts, told apart by a field and what every sum tells apart."""
    found: Counter[Any] = Counter()
    for span in FindingSpan.objects.filter(valid_to=None, superseded_at=None):
        if span.scored and span.record_state == RecordState.ACTIVE:
            suppressed = span.workflow == Workflow.SUPPRESSED
            place = (getattr(span, over), tuple(span.solutions), span.status, span.severity, suppressed)
            found[place] += 1
    return found


def summed(model: Any, over: str) -> dict[Any, int]:
    rows = model.objects.values_list(over, "solutions", "status", "severity", "suppressed", "n")
    return {(place, tuple(solutions), *rest): n for place, solutions, *rest, n in rows}


def as_seen(user: User, *by: str, dated: bool) -> dict[Any, int]:
    """What a reader is told, from the sums where it is not dated, and from the postures where it is."""
    rows = rows_by(user, Moment.now(), *by, "solutions", "status", "severity", "suppressed", dated=dated)
    names = (*by, "status", "severity", "suppressed")
    return {(tuple(row["solutions"]), *(row[name] for name in names)): row["total"] for row in rows}


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_the_sums_equal_the_findings_one_by_one_for_every_reader(
    connection: Connection, rules: list[TagRule], seed: int
) -> None:
    chance = Random(seed)
    owner = GrantFactory(solution=rules[0].solution).person
    auditor = GrantFactory(person=UserFactory(external=True), solution=rules[1].solution).person
    readers = [owner, auditor, UserFactory(second_line=True), UserFactory(third_line=True)]
    for today in range(1, DAYS):
        merge(connection, *(any_reading(chance, today) for _ in range(10)), on=today)
        merge(connection, any_reading(chance, today), on=today + 0.1)
        if today % 3 == 0:
            sweep(connection, chance, today + 0.2)
        rules_change(chance, rules, today + 0.5)
        assert summed(AccountSum, "account") == one_by_one("account")
        assert summed(CheckSum, "check_ran_id") == one_by_one("check_ran_id")
        for reader in readers:
            for by in ((), ("account",), ("check_ran",), ("check_ran", "account")):
                assert as_seen(reader, *by, dated=False) == as_seen(reader, *by, dated=True)


def test_a_day_is_kept_as_the_sums_have_it(connection: Connection) -> None:
    merge(connection, reading("one"), reading("two", Status.PASS), reading("three"), on=1)
    posture.snapshot_day(day(1))
    kept = PostureDay.objects.values_list("account", "status", "n").order_by("status")
    assert list(kept) == [(ACCOUNT, "fail", 2), (ACCOUNT, "pass", 1)]


def test_counts_that_were_changed_by_hand_are_counted_anew(connection: Connection, capsys: Any) -> None:
    merge(connection, reading("one"), reading("two", Status.PASS), reading("three"), on=1)
    call_command("recount_postures")
    assert capsys.readouterr().out == "Every count was right.\n"
    AccountSum.objects.filter(status=Status.FAIL).update(n=1)
    Posture.objects.filter(status=Status.PASS).delete()
    call_command("recount_postures")
    assert capsys.readouterr().out == "Counted anew. 3 counts were otherwise.\n"
    assert summed(AccountSum, "account") == one_by_one("account")
    assert summed(Posture, "account") == one_by_one("account")
    merge(connection, reading("one", Status.PASS, updated=2), on=2)
    assert summed(CheckSum, "check_ran_id") == one_by_one("check_ran_id")
