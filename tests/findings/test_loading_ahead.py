"""Windows of a load that are made, and partly staged, while the one before them is merged."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection as database
from django.db.models import F

from audit.moment import Moment
from findings import loading
from findings.facts import facts
from findings.finding_files import FindingFile
from findings.leases import LostLease
from findings.loading import Loader
from findings.models import (
    Check,
    Connection,
    Finding,
    FindingRecord,
    FindingSpan,
    Posture,
    RecordDictionary,
    Resource,
    Scope,
    SyncRun,
    record,
)  # fmt: skip
from sandbox.export import records, write
from sandbox.world import World
from tests.factories.organisation import AccountFactory, SolutionAccountFactory, TagRuleFactory
from tests.findings.exported import PLACE, finding, load, some
from tests.findings.readings import START


def connected() -> int:
    """How many connections this database has."""
    with database.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


@pytest.mark.usefixtures("committed_database")
def test_a_load_in_many_windows_counts_as_the_sandbox_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two connections merge its windows by turns, and a third tells the planner: none of them is left behind."""
    monkeypatch.setattr(loading, "WINDOW", 70)
    monkeypatch.setattr(record, "SAMPLES", 60)
    world = World(seed=3, accounts=4, findings=500, start=int(START.timestamp() * 1000))
    bodies = list(records(world, "3", len(world.findings)))
    path = tmp_path / "estate.json"
    with path.open("wb") as out:
        write(iter(bodies), out, "array")
    load(str(path))
    assert connected() == 1
    found = facts(list(Connection.objects.all()), Moment.now())["findings"]
    expected = [json.loads(body) for body in bodies]
    assert found["total"] == len(expected)
    assert found["by_account"] == dict(sorted(Counter(row["AwsAccountId"] for row in expected).items()))
    scored = FindingSpan.objects.filter(scored=True, record_state="ACTIVE").count()
    assert sum(Posture.objects.values_list("n", flat=True)) == scored


@pytest.mark.usefixtures("committed_database")
def test_a_load_that_loses_its_lease_keeps_whole_windows_of_what_it_had_read(
    monkeypatch: pytest.MonkeyPatch, file: Callable[..., str]
) -> None:
    monkeypatch.setattr(loading, "WINDOW", 100)
    monkeypatch.setattr(record, "SAMPLES", 60)

    def tell(_file: FindingFile, run: SyncRun) -> None:
        if run.read >= 300:
            Scope.objects.filter(pk=run.scope_id).update(fence=F("fence") + 1)

    with pytest.raises(LostLease):
        loading.load(None, [file(*some(1000))], by=Loader("a test"), tell=tell)
    kept = Finding.objects.count()
    assert 300 <= kept < 1000
    assert kept % 100 == 0
    assert FindingSpan.objects.count() == FindingRecord.objects.count() == kept
    assert connected() == 1


@pytest.mark.usefixtures("committed_database")
def test_what_is_made_ahead_is_what_the_merge_would_have_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, file: Callable[..., str]
) -> None:
    """Once the first window has taught the records' dictionary, the next are written down while one is merged.

    What they teach on the way is made use of.
    """
    monkeypatch.setattr(loading, "WINDOW", 100)
    monkeypatch.setattr(record, "SAMPLES", 60)
    world = World(seed=5, accounts=4, findings=450, start=int(START.timestamp() * 1000))
    bodies = [json.loads(body) for body in records(world, "5", len(world.findings))]
    again = [
        body | {"UpdatedAt": "2027-01-01T00:00:00Z", "Title": "Now with\ta tab, a \\ and\na line"}
        for body in bodies[::9]
    ]
    load(file(*bodies, *again))
    newest = {(body["ProductArn"], body["Id"]): body for body in [*bodies, *again]}
    held = Finding.objects.prefetch_related("records")
    assert RecordDictionary.objects.count() >= 2
    assert {(one.product_arn, one.native_id): one.records.latest("captured_at", "pk").content for one in held} == newest
    assert {(one.product_arn, one.native_id): one.title for one in held} == {
        key: body["Title"] for key, body in newest.items()
    }
    linked = Resource.objects.values_list("links__finding__native_id", "key").distinct()
    assert {pair[0] for pair in linked} == {body["Id"] for body in bodies}


@pytest.mark.usefixtures("committed_database")
def test_a_resource_is_what_was_told_of_it_last_and_belongs_where_its_tags_say(
    monkeypatch: pytest.MonkeyPatch, file: Callable[..., str]
) -> None:
    """Resources are added ahead of their findings; what is told anew of one that is known waits for its turn."""
    monkeypatch.setattr(loading, "WINDOW", 100)
    monkeypatch.setattr(record, "SAMPLES", 60)
    account = AccountFactory(account_id=PLACE["AwsAccountId"])
    shop, bank = (SolutionAccountFactory(account=account, whole=False).solution for _ in range(2))
    for solution, app in ((shop, "shop"), (bank, "bank")):
        TagRuleFactory(solution=solution, key="app", value=app)

    def on(number: int, bucket: int, app: str) -> dict[str, Any]:
        resource = {"Type": "AwsS3Bucket", "Id": f"arn:aws:s3:::bucket-{bucket}", "Tags": {"app": app}}
        return finding(number, Resources=[resource])

    moved = [on(1000 + number, number, "bank") for number in range(1, 11)]
    again = [on(2000 + number, number, "shop") for number in range(1, 6)]
    first = [on(number, number, "shop") for number in range(1, 401)]
    between = [on(number, number, "shop") for number in range(401, 601)]
    load(file(*first, *moved, *between, *again))
    held = dict(Resource.objects.values_list("key", "solutions"))
    assert held == {
        f"arn:aws:s3:::bucket-{number}": [bank.pk if 6 <= number <= 10 else shop.pk] for number in range(1, 601)
    }
    open_now = FindingSpan.objects.filter(valid_to=None).values_list("finding__resource__key", "solutions")
    assert open_now.count() == 615
    assert all(held[key] == solutions for key, solutions in open_now)


@pytest.mark.parametrize("told", [("Old", "New"), ("New", "Old", "New")])
@pytest.mark.usefixtures("committed_database")
def test_a_check_is_what_was_told_of_it_last(
    told: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, file: Callable[..., str]
) -> None:
    """Windows that tell nothing new of it leave it alone; one that does is heard."""
    monkeypatch.setattr(loading, "WINDOW", 100)
    monkeypatch.setattr(record, "SAMPLES", 60)

    def advised(number: int, text: str) -> dict[str, Any]:
        return finding(number, Remediation={"Recommendation": {"Text": text, "Url": "https://docs.example.org/S3.8"}})

    load(file(*(advised(250 * turn + n, text) for turn, text in enumerate(told) for n in range(250))))
    check = Check.objects.get()
    assert (check.key, check.remediation_text) == ("S3.8", "New")
    assert FindingSpan.objects.filter(check_ran=check).count() == 250 * len(told)
