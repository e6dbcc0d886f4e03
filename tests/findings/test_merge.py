from __future__ import annotations

import random
from typing import Any

import pytest
from django.db import transaction

from audit.moment import Moment
from findings import posture
from findings.merge import Sweep, TooManyVanished
from findings.models import (
    Connection,
    Finding,
    FindingRecord,
    FindingSpan,
    Posture,
    PostureDay,
    PostureTotal,
    RecordState,
    Scope,
    Severity,
    Status,
    SyncRun,
    Workflow,
)
from findings.tallies import rows_by
from organisation.models import User
from tests.factories import (
    AccountFactory,
    SolutionAccountFactory,
    SolutionFactory,
    TagRuleFactory,
    UserFactory,
)
from tests.factories.findings import ConnectionFactory, ScopeFactory
from tests.findings.readings import ACCOUNT, REGION, day, merge, reading

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection() -> Connection:
    return ConnectionFactory(created_at=day(0))


def spans(name: str = "invoices") -> list[tuple[str, str, Any, Any, str]]:
    """The history of a bucket's finding: (status, workflow, from, to, whose time), oldest first."""
    rows = FindingSpan.objects.filter(finding__native_id=name).order_by("valid_from")
    return list(rows.values_list("status", "workflow", "valid_from", "valid_to", "valid_from_source"))


def test_a_new_finding_stands_since_the_time_that_aws_gives(connection: Connection) -> None:
    merged = merge(connection, reading(updated=3, since=2), on=4)
    assert (merged.read, merged.added, merged.changed) == (1, 1, 0)
    assert spans() == [("fail", "NEW", day(2), None, "aws")]


def test_nothing_is_dated_before_the_connection_but_the_first_failure_is_remembered(
    connection: Connection,
) -> None:
    merge(connection, reading(updated=1, since=-30), on=1)
    assert spans() == [("fail", "NEW", day(0), None, "observed")]
    assert FindingSpan.objects.get().status_since == day(-30)


def test_the_same_reading_again_changes_nothing(connection: Connection) -> None:
    merge(connection, reading(), on=1)
    before = [list(model.objects.order_by("pk").values()) for model in (Finding, FindingSpan, FindingRecord, Posture)]
    merged = merge(connection, reading(), on=2)
    after = [list(model.objects.order_by("pk").values()) for model in (Finding, FindingSpan, FindingRecord, Posture)]
    assert (merged.added, merged.changed, merged.touched) == (0, 0, set())
    assert after == before


def test_a_check_that_passes_again_ends_the_failure_when_aws_says_so(connection: Connection) -> None:
    merge(connection, reading(updated=1), on=1)
    merge(connection, reading(status=Status.PASS, updated=5, since=4), on=6)
    assert spans() == [("fail", "NEW", day(1), day(4), "aws"), ("pass", "NEW", day(4), None, "aws")]


def test_a_suppression_that_leaves_no_time_is_dated_by_our_reading_and_marked_so(
    connection: Connection,
) -> None:
    merge(connection, reading(updated=1), on=1)
    merge(connection, reading(updated=1, workflow=Workflow.SUPPRESSED), on=3)
    assert spans() == [
        ("fail", "NEW", day(1), day(3), "aws"),
        ("fail", "SUPPRESSED", day(3), None, "observed"),
    ]
    assert FindingSpan.objects.get(valid_to=None).status_since == day(1)
    assert Posture.objects.get().suppressed is True


def test_an_older_reading_that_arrives_late_changes_nothing(connection: Connection) -> None:
    merge(connection, reading(updated=5), on=5)
    merged = merge(connection, reading(status=Status.PASS, updated=4), on=6)
    assert merged.changed == 0
    assert spans() == [("fail", "NEW", day(5), None, "aws")]


def test_of_two_readings_in_one_batch_the_later_counts_in_any_order(connection: Connection) -> None:
    merge(connection, reading(status=Status.PASS, updated=2), reading(updated=1), on=3)
    assert spans() == [("pass", "NEW", day(2), None, "aws")]


def test_a_clock_that_runs_ahead_in_aws_does_not_date_a_state_after_our_reading(
    connection: Connection,
) -> None:
    merge(connection, reading(updated=1), on=1)
    merge(connection, reading(status=Status.PASS, updated=9), on=2)
    assert spans()[1] == ("pass", "NEW", day(2), None, "observed")


def test_what_we_knew_then_differs_from_what_was_true_then(connection: Connection) -> None:
    merge(connection, reading(updated=1), on=1)
    merge(connection, reading(status=Status.PASS, updated=3), on=5)

    def status(at: float, known_at: float) -> str:
        return FindingSpan.objects.at(Moment.of(day(at), day(known_at))).get().status

    assert status(at=4, known_at=4) == "fail"
    assert status(at=4, known_at=6) == "pass"
    assert status(at=2, known_at=6) == "fail"
    assert not FindingSpan.objects.at(Moment.of(day(0.5), day(6))).exists()


def test_the_raw_record_is_kept_once_per_change_of_its_content(connection: Connection) -> None:
    merge(connection, reading(updated=1), on=1)
    merge(connection, reading(updated=2, since=1), on=2)
    merge(connection, reading(status=Status.PASS, updated=3), on=3)
    kept = [record.content["Compliance"]["Status"] for record in FindingRecord.objects.order_by("captured_at")]
    assert kept == ["FAILED", "PASSED"]
    assert Finding.objects.get().updated_at == day(3)


def test_archived_findings_keep_their_row_and_leave_the_posture(connection: Connection) -> None:
    merge(connection, reading(updated=1), on=1)
    merge(connection, reading(updated=2, since=1, record_state=RecordState.ARCHIVED), on=2)
    assert FindingSpan.objects.get(valid_to=None).record_state == "ARCHIVED"
    assert Posture.objects.count() == 0


def test_a_tagged_bucket_belongs_to_its_solution_and_moves_when_its_tag_does(connection: Connection) -> None:
    account = AccountFactory(account_id=ACCOUNT)
    payments, ledger = SolutionFactory(), SolutionFactory()
    for solution, value in ((payments, "pay*"), (ledger, "ledger")):
        SolutionAccountFactory(solution=solution, account=account, whole=False)
        TagRuleFactory(solution=solution, key="Solution", value=value)
    merge(connection, reading(updated=1, tags={"solution": "Payments"}), on=1)
    merge(connection, reading(updated=1, tags={"solution": "ledger"}), on=2)
    owned = FindingSpan.objects.order_by("valid_from").values_list("solutions", "valid_to")
    assert list(owned) == [([payments.pk], day(2)), ([ledger.pk], None)]
    assert FindingSpan.objects.get(valid_to=None).status_since == day(1)
    assert Posture.objects.get().solutions == [ledger.pk]


def sweep_of(connection: Connection, on: float) -> Sweep:
    scope = Scope.objects.filter(connection=connection).first() or ScopeFactory(
        connection=connection, account=ACCOUNT, region=REGION
    )
    run = SyncRun.objects.create(scope=scope, kind=SyncRun.Kind.SWEEP, fence=1, started_at=day(on))
    return Sweep(run)


def ended(sweep: Sweep, on: float) -> int:
    """How many findings end because the sweep did not see them."""
    vanished = sweep.vanished()
    with transaction.atomic():
        sweep.end(vanished, at=day(on))
    return len(vanished)


def test_what_a_complete_sweep_no_longer_sees_ends_and_is_neither_passed_nor_deleted(
    connection: Connection,
) -> None:
    merge(connection, reading("kept"), reading("lost"), on=1)
    sweep = sweep_of(connection, on=2)
    merge(connection, reading("kept"), on=2, sweep=sweep)
    assert ended(sweep, on=2) == 1
    assert spans("lost") == [("fail", "NEW", day(0), day(2), "aws")]
    assert spans("kept") == [("fail", "NEW", day(0), None, "aws")]
    assert Finding.objects.get(native_id="lost").gone_at == day(2)


def test_a_finding_that_comes_back_begins_anew(connection: Connection) -> None:
    merge(connection, reading("lost"), on=1)
    assert ended(sweep_of(connection, on=2), on=2) == 1
    merge(connection, reading("lost"), on=3)
    assert spans("lost") == [
        ("fail", "NEW", day(0), day(2), "aws"),
        ("fail", "NEW", day(3), None, "observed"),
    ]
    assert Finding.objects.get().gone_at is None


def test_a_sweep_that_misses_most_of_what_we_know_ends_nothing(connection: Connection) -> None:
    merge(connection, *(reading(f"bucket-{n}") for n in range(60)), on=1)
    with pytest.raises(TooManyVanished, match="60 of 60"):
        sweep_of(connection, on=2).vanished()
    assert FindingSpan.objects.filter(valid_to=None).count() == 60


def test_names_that_no_database_likes_are_kept_whole(connection: Connection) -> None:
    name = "ünïcode \u202e \x00 " + "long " * 2000
    merge(connection, reading(name), on=1)
    assert Finding.objects.get().native_id == name.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def test_days_without_a_reading_are_counted_from_what_is_known_of_them(connection: Connection) -> None:
    merge(connection, reading(updated=1), on=1)
    posture.snapshot_day(day(1))
    merge(connection, reading(status=Status.PASS, updated=3.5), on=5)
    posture.snapshot_day(day(5))
    days = PostureDay.objects.order_by("on").values_list("on", "status", "n")
    assert [((on - day(0).date()).days, status, n) for on, status, n in days] == [
        (1, "fail", 1),
        (2, "fail", 1),
        (3, "pass", 1),
        (4, "pass", 1),
        (5, "pass", 1),
    ]
    totals = PostureTotal.objects.order_by("on").values_list("solutions", "passed", "failed", "assessed")
    assert list(totals) == [([], 0, 1, 1), ([], 0, 1, 1), ([], 1, 0, 1), ([], 1, 0, 1), ([], 1, 0, 1)]


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_postures_equal_the_spans_and_past_answers_never_change(
    connection: Connection, seed: int
) -> None:
    chance = random.Random(seed)
    reader = UserFactory(second_line=True)
    answers: dict[float, list[tuple[str, str, str, int]]] = {}
    for today in range(1, 12):
        merge(connection, *(_any_reading(chance, today) for _ in range(8)), on=today)
        merge(connection, *(_any_reading(chance, today) for _ in range(3)), on=today + 0.25)
        assert _counts(reader, Moment.now()) == _counts(reader, Moment.of(day(today + 0.5), day(today + 0.5)))
        answers[today] = _states(today)
        assert all(_states(then) == said for then, said in answers.items())
    open_spans = FindingSpan.objects.filter(valid_to=None).count()
    assert open_spans == Finding.objects.count()


def _any_reading(chance: random.Random, today: int) -> Any:
    updated = today - chance.choice([0, 0, 0.5, 3])
    return reading(
        f"bucket-{chance.randrange(6)}",
        chance.choice([Status.PASS, Status.FAIL, Status.UNKNOWN]),
        updated=updated,
        since=updated - chance.choice([0, 1]),
        workflow=chance.choice([Workflow.NEW, Workflow.SUPPRESSED]),
        severity=chance.choice([Severity.HIGH, Severity.LOW]),
    )


def _counts(reader: User, moment: Moment) -> list[tuple[Any, ...]]:
    rows = rows_by(reader, moment, "check_ran", "account", "region", "status", "severity", "suppressed")
    return sorted(tuple(row.values()) for row in rows)


def _states(today: float) -> list[tuple[str, str, str, int]]:
    held = FindingSpan.objects.at(Moment.of(day(today + 0.2), day(today + 0.5)))
    return sorted(held.values_list("finding__native_id", "status", "workflow", "severity"))
