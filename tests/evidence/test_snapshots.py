from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from audit.models import TrailEntry
from controls.models import Frequency, Mapping
from evidence import snapshots
from evidence.capturing import storage
from evidence.models import Evidence, EvidenceLink, Snapshot
from evidence.snapshot_file import Moved, SnapshotFile
from evidence.steps import Step, last_step, last_steps
from evidence.tasks import take_snapshots
from findings.models import CoverageState, Source, Status, SyncRun
from tests.clock import at
from tests.databases import Clone
from tests.evidence.snapshots_world import World, lines, of_kind
from tests.factories import SolutionFactory
from tests.factories.controls import ControlCheckFactory, ControlFactory
from tests.factories.findings import (
    AcceptanceFactory,
    CoverageSpanFactory,
    FindingFactory,
    FindingRecordFactory,
    FindingSpanFactory,
    ScopeFactory,
)
from tests.factories.organisation import LONG_AGO
from tests.workers import ROOT

END = datetime(2026, 3, 31, tzinfo=UTC)
"""Of the day that ended before the noon of which most of these tests speak."""


def taken() -> list[Snapshot]:
    """What a worker takes at noon on 31 March 2026."""
    with at("2026-03-31"):
        take_snapshots()
    return list(Snapshot.objects.select_related("evidence").order_by("pk"))


@pytest.mark.parametrize(
    ("frequency", "first", "last"),
    [
        (Frequency.CONTINUOUS, "2026-03-30", "2026-03-30"),
        (Frequency.DAILY, "2026-03-30", "2026-03-30"),
        (Frequency.WEEKLY, "2026-03-23", "2026-03-29"),
        (Frequency.MONTHLY, "2026-02-01", "2026-02-28"),
        (Frequency.QUARTERLY, "2025-10-01", "2025-12-31"),
        (Frequency.HALF_YEARLY, "2025-07-01", "2025-12-31"),
        (Frequency.YEARLY, "2025-01-01", "2025-12-31"),
    ],
)
def test_the_step_that_ended_last(frequency: str, first: str, last: str) -> None:
    step = last_step(frequency, datetime(2026, 3, 31, 12, tzinfo=UTC))
    assert (str(step.first), str(step.last)) == (first, last)
    before = last_steps(frequency, step.end, 3)
    assert before[0] == step
    assert [one.end for one in before[1:]] == [one.begin for one in before[:-1]]


def test_days_end_in_the_organisations_zone(settings: Settings) -> None:
    settings.TIME_ZONE = "Europe/Zurich"
    step = last_step(Frequency.DAILY, datetime(2026, 3, 29, 22, 30, tzinfo=UTC))
    assert (step.begin, step.end) == (
        datetime(2026, 3, 28, 23, tzinfo=UTC),
        datetime(2026, 3, 29, 22, tzinfo=UTC),  # an hour short: summer time began
    )


def test_a_day_of_a_control_is_kept_without_anybody(db: None) -> None:
    world = World()
    world.finding(Status.PASS)
    world.finding(Status.UNKNOWN)
    world.finding(Status.NOT_APPLICABLE)
    world.finding()
    AcceptanceFactory(finding=world.finding(), exception="X-7", valid_from=LONG_AGO, expires_at=END + timedelta(days=1))
    (snapshot,) = taken()
    assert (snapshot.control, snapshot.solution) == (world.control, world.solution)
    assert (snapshot.period_from, snapshot.period_to) == (END - timedelta(days=1), END)
    assert (snapshot.population, snapshot.passing, snapshot.failing, snapshot.accepted, snapshot.unknown) == (
        4, 1, 1, 1, 1,
    )  # fmt: skip
    assert snapshot.is_complete
    kept = snapshot.evidence
    assert (kept.kind, kept.captured_by, kept.media_type) == (Evidence.Kind.SNAPSHOT, None, "application/gzip")
    assert kept.title == f"{world.control.name}, {world.solution.name}, 30 Mar 2026"
    assert (kept.effective_from, kept.effective_to) == (snapshot.period_from, snapshot.period_to)
    assert (kept.source_api, kept.source_account) == ("securityhub:GetFindings", world.scope.account)
    assert (kept.source_arn, kept.source_run) == (world.confirmed.caller, world.confirmed.public_id)
    assert EvidenceLink.objects.get(evidence=kept).control == world.control
    with storage().open(kept.stored_as) as file:
        assert hashlib.sha256(file.read()).hexdigest() == kept.sha256
    entry = TrailEntry.objects.get(action="evidence.snapshot_taken")
    assert (entry.actor, entry.object_id, entry.detail["population"]) == ("evidence", kept.public_id, 4)


def test_the_file_says_what_was_so_and_how_it_is_known(db: None) -> None:
    world = World()
    passing = world.finding(Status.PASS)
    failing = world.finding(content={"Compliance": {"Status": "FAILED"}, "Id": "ä"})
    (snapshot,) = taken()
    head, check, place, reading, confirming, first, second, end = lines(snapshot.evidence)
    assert {key: head[key] for key in ("population", "passing", "failing", "accepted", "unknown", "complete")} == {
        "population": 2, "passing": 1, "failing": 1, "accepted": 0, "unknown": 0, "complete": True,
    }  # fmt: skip
    assert (head["as_of"], head["known_at"]) == ("2026-03-31T00:00:00+00:00", "2026-03-31T12:00:00+00:00")
    assert (head["control"]["id"], head["solution"]["id"]) == (world.control.public_id, world.solution.public_id)
    assert (check["key"], check["observed"][0]["id"]) == (world.check.key, world.check.public_id)
    assert (place["scope"], place["complete"], place["gaps"]) == (world.scope.public_id, True, [])
    assert (reading["run"], reading["caller"], reading["calls"]) == (world.run.public_id, world.run.caller, 2)
    assert reading["request_ids"] == ["req-1", "req-2"]
    assert (confirming["run"], confirming["started_at"]) == (world.confirmed.public_id, "2026-03-31T00:10:00+00:00")
    assert (first["finding"], first["status"], second["finding"]) == (failing.public_id, "fail", passing.public_id)
    assert json.loads(first["raw"]) == {"Compliance": {"Status": "FAILED"}, "Id": "ä"}
    assert first["record"]["sha256"] == hashlib.sha256(first["raw"].encode()).hexdigest()
    assert first["record"]["run"] == world.run.public_id
    assert first["resource"]["key"] == failing.resource.key  # type: ignore[union-attr]
    assert end == {"line": "end", "pairs": 2, "raw_records": 2}


def test_it_tells_the_end_of_the_step_not_today(db: None) -> None:
    world = World()
    finding = world.finding()
    finding.spans.update(valid_to=END + timedelta(hours=2), end_recorded_at=END + timedelta(hours=2))
    FindingSpanFactory(finding=finding, status=Status.PASS, since=END + timedelta(hours=2), solutions=[world.solution])
    FindingRecordFactory(finding=finding, captured_at=END + timedelta(hours=2), content={"later": True})
    (snapshot,) = taken()
    assert (snapshot.failing, snapshot.passing) == (1, 0)
    assert "later" not in of_kind(snapshot.evidence, "pair")[0]["raw"]


def test_what_was_learnt_late_is_in_it(db: None) -> None:
    world = World()
    finding = world.finding()
    finding.spans.update(valid_from=END - timedelta(hours=1), recorded_at=END + timedelta(minutes=40))
    finding.records.update(captured_at=END + timedelta(minutes=40))
    (snapshot,) = taken()
    assert snapshot.failing == 1
    assert of_kind(snapshot.evidence, "pair")[0]["record"]["captured_later"] is True


def test_how_checks_were_set_is_in_it(db: None) -> None:
    world = World()
    rule = {"RelatedAWSResources:0/type": "AWS::Config::ConfigRule", "RelatedAWSResources:0/name": "securityhub-keys-1"}
    said = [{"Name": "maxAge", "Value": ["90"]}]
    world.finding(content={"Compliance": {"SecurityControlParameters": said}, "ProductFields": rule})
    config = ScopeFactory(connection=world.scope.connection, source=Source.CONFIG)
    config.rules.create(
        name="securityhub-keys-1", parameters={"maxAge": "90"}, valid_from=LONG_AGO, recorded_at=LONG_AGO
    )
    (snapshot,) = taken()
    (found,) = of_kind(snapshot.evidence, "rule")
    assert (found["name"], found["parameters"]) == ("securityhub-keys-1", {"maxAge": "90"})
    (told,) = of_kind(snapshot.evidence, "parameters")
    assert (told["check"], told["parameters"], told["pairs"]) == (world.check.public_id, said, 1)


def test_a_gap_of_the_reading_is_named(db: None) -> None:
    world = World()
    world.finding(Status.PASS)
    denied, back = END - timedelta(hours=10), END - timedelta(hours=4)
    world.scope.spans.update(valid_to=denied, end_recorded_at=denied)
    CoverageSpanFactory(
        scope=world.scope, state=CoverageState.DENIED, reason="Access denied.", valid_from=denied, valid_to=back,
        recorded_at=denied, end_recorded_at=back,
    )  # fmt: skip
    CoverageSpanFactory(scope=world.scope, valid_from=back, recorded_at=back)
    ScopeFactory(connection=world.scope.connection, region="us-east-1")
    (snapshot,) = taken()
    assert not snapshot.is_complete
    assert "2 of 2 places could not be spoken for" in snapshot.evidence.note
    first, second = of_kind(snapshot.evidence, "place")
    assert first["gaps"] == [
        {"from": denied.isoformat(), "to": back.isoformat(), "state": "denied", "reason": "Access denied."}
    ]
    assert [gap["state"] for gap in second["gaps"]] == ["unknown"]


def test_where_nothing_is_read_nothing_is_complete(db: None) -> None:
    world = World()
    other = SolutionFactory()
    first, second = taken()
    assert (first.solution, first.is_complete, first.population) == (world.solution, True, 0)
    assert (second.solution, second.is_complete, second.population) == (other, False, 0)
    assert "Nothing was read where it lives." in second.evidence.note


def test_a_solution_answers_for_its_own(db: None) -> None:
    world = World()
    world.finding()
    other = SolutionFactory()
    FindingFactory(check_ran=world.check, connection=world.scope.connection, solutions=[other])
    FindingFactory(connection=world.scope.connection, solutions=[world.solution])  # of another check
    assert [(one.solution, one.population) for one in taken()] == [(world.solution, 1), (other, 1)]


def test_a_control_that_one_solution_operates_is_kept_for_it_alone(db: None) -> None:
    world = World()
    world.control.solution = world.solution
    world.control.save()
    SolutionFactory()
    assert [one.solution for one in taken()] == [world.solution]


@pytest.mark.parametrize("how", ["retired", "added since", "withdrawn", "only proposed", "mapped since"])
def test_what_no_check_showed_then_has_no_snapshot(db: None, how: str) -> None:
    world = World()
    if how == "retired":
        world.control.retired_at, world.control.retired_by, world.control.retired_because = LONG_AGO, "P-1", "x"
    elif how == "added since":
        world.control.added_at = END + timedelta(minutes=1)
    else:
        changed: dict[str, dict[str, Any]] = {
            "withdrawn": {"state": Mapping.State.WITHDRAWN, "ended_at": LONG_AGO, "ended_by": "x"},
            "only proposed": {
                "state": Mapping.State.PROPOSED, "approved_at": None, "approved_by": "", "approved_because": "",
            },
            "mapped since": {"approved_at": END + timedelta(minutes=1)},
        }  # fmt: skip
        world.control.mappings.update(**changed[how])
    world.control.save()
    assert taken() == []


def test_it_waits_until_a_step_has_settled(db: None) -> None:
    World()
    assert list(snapshots.due(END + timedelta(minutes=59))) == []
    assert [one.step for one in snapshots.due(END + timedelta(minutes=60))] == [
        Step(END.date() - timedelta(days=1), END.date() - timedelta(days=1))
    ]


def test_it_is_taken_once(db: None) -> None:
    world = World()
    world.finding()
    first = taken()
    assert taken() == first
    assert len(list(Evidence.objects.all())) == 1


def test_only_the_last_step_is_caught_up(db: None) -> None:
    World()
    with at("2026-03-20"):
        take_snapshots()
    assert [str(one.period_from.date()) for one in taken()] == ["2026-03-19", "2026-03-30"]


def test_the_same_inputs_are_the_same_bytes(db: None) -> None:
    world = World()
    for _ in range(3):
        world.finding()
    (subject,) = snapshots.due(END + timedelta(hours=2))
    known_at = END + timedelta(hours=2)
    first = b"".join(SnapshotFile(subject, known_at).content())
    assert b"".join(SnapshotFile(subject, known_at).content()) == first
    assert first[4:8] == bytes(4)  # gzip's own time
    assert gzip.decompress(first).count(b'"line":"pair"') == 3


def test_of_very_many_pairs_the_failures_come_as_they_were(db: None, settings: Settings) -> None:
    settings.SNAPSHOT_MOST_RECORDS = 2
    world = World()
    for status in (Status.PASS, Status.PASS, Status.FAIL, Status.UNKNOWN):
        world.finding(status)
    (snapshot,) = taken()
    pairs = of_kind(snapshot.evidence, "pair")
    assert [(one["status"], "raw" in one) for one in pairs] == [
        ("fail", True), ("unknown", True), ("pass", False), ("pass", False),
    ]  # fmt: skip
    assert all(len(one["record"]["sha256"]) == 64 for one in pairs)
    assert lines(snapshot.evidence)[0]["most_raw_records"] == 2
    assert lines(snapshot.evidence)[-1]["raw_records"] == 2
    assert "The file holds the first 2 raw records, failures first" in snapshot.evidence.note


def cost(world: World, day: str) -> int:
    with at(day), CaptureQueriesContext(connection) as asked:
        take_snapshots()
    assert Snapshot.objects.filter(control=world.control).exists()
    return len(asked)


def test_a_snapshot_costs_the_same_for_any_number_of_findings(db: None) -> None:
    world = World()
    world.finding()
    one = cost(world, "2026-03-30")
    world.finding()
    world.finding(Status.PASS)
    assert cost(world, "2026-03-31") == one
    assert one < 60


def test_what_moves_meanwhile_is_taken_in_the_next_round(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync that commits between the count and the reading of the pairs."""
    world = World()
    world.finding()
    (subject,) = snapshots.due(END + timedelta(hours=2))
    file = SnapshotFile(subject, END + timedelta(hours=2))
    assert file.counts.population == 1
    world.finding()
    with pytest.raises(Moved):
        b"".join(file.content())
    assert [one.population for one in taken()] == [2]


KILLED = """
import os, signal
import django
django.setup()
from evidence.snapshot_file import SnapshotFile
from evidence.models import Snapshot
from evidence.snapshots import take, due
from django.utils.dateparse import parse_datetime
for n, subject in enumerate(due(parse_datetime("{at}"))):
    if n == 1:
        content = SnapshotFile.content
        def dying(self):
            yield from content(self)
            os.kill(os.getpid(), signal.SIGKILL)
        SnapshotFile.content = dying
    take(subject)
"""


def test_a_worker_that_is_killed_leaves_what_it_had_and_another_one_goes_on(committed_database: Clone) -> None:
    world = World()
    world.finding()
    other = SolutionFactory()
    script = KILLED.format(at=(END + timedelta(hours=2)).isoformat())
    folder = storage().location  # type: ignore[attr-defined]
    environment = {
        **committed_database.environment,
        "DJANGO_SETTINGS_MODULE": "compliance_portal.settings",
        "EVIDENCE_FOLDER": folder,
    }
    died = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, check=False)
    assert died.returncode == -signal.SIGKILL
    assert [one.solution for one in Snapshot.objects.all()] == [world.solution]
    assert [one.solution for one in taken()] == [world.solution, other]
    named = set(Evidence.objects.values_list("stored_as", flat=True))
    files = {os.path.join(at, name) for at, _folders, names in os.walk(folder) for name in names}
    assert len(named) == 2
    assert len(files) == 3  # one without a row, which the sweep of the storage takes away


def test_what_no_reading_has_confirmed_since_is_not_complete(db: None) -> None:
    world = World()
    world.finding()
    SyncRun.objects.filter(pk=world.confirmed.pk).update(state=SyncRun.State.FAILED)
    (snapshot,) = taken()
    assert not snapshot.is_complete
    (place,) = of_kind(snapshot.evidence, "place")
    assert [gap["state"] for gap in place["gaps"]] == ["not_read"]
    assert snapshot.evidence.source_run == world.run.public_id


def test_a_control_mapped_to_several_checks_counts_each_pair(db: None) -> None:
    world = World()
    world.finding()
    twice = ControlFactory()
    for mapping in world.control.mappings.all():
        ControlCheckFactory(control=twice, check_named=mapping.check_named, approved=True)
    assert [(one.control, one.population) for one in taken()] == [(world.control, 1), (twice, 1)]
