"""manage.py load_findings: exported findings become what a sync would have made of them."""

from __future__ import annotations

import gzip
import io
import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.db.models import F

from audit.models import TrailEntry
from audit.moment import Moment
from findings import loading
from findings.facts import facts
from findings.finding_files import FindingFile
from findings.leases import LostLease, claim
from findings.loading import Loader
from findings.models import (
    Connection,
    CoverageSpan,
    Finding,
    FindingRecord,
    FindingSpan,
    Posture,
    RecordDictionary,
    Resource,
    Scope,
    SetAside,
    SyncRun,
    record,
)  # fmt: skip
from organisation.models import Account
from sandbox.export import records, write
from sandbox.world import World
from tests.factories.findings import ConnectionFactory
from tests.factories.organisation import AccountFactory, SolutionAccountFactory, TagRuleFactory
from tests.findings.conftest import StartEstate
from tests.findings.readings import START

SHARED = Path(__file__).parents[3] / "shared" / "data" / "asff"
PLACE = {"AwsAccountId": "111122223333", "Region": "eu-west-1"}


def finding(number: int = 1, *, updated: str = "2026-03-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    """A finding of a bucket, as Security Hub would export it."""
    return {
        "Id": f"arn:aws:securityhub:eu-west-1:111122223333:security-control/S3.8/finding/{number}",
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        "GeneratorId": "security-control/S3.8",
        "Title": "Buckets should block public access {not} [really]",
        "CreatedAt": "2026-02-01T00:00:00Z",
        "UpdatedAt": updated,
        "Severity": {"Label": "HIGH"},
        "Compliance": {"Status": "FAILED", "SecurityControlId": "S3.8"},
        "Resources": [{"Type": "AwsS3Bucket", "Id": f"arn:aws:s3:::bucket-{number}", "Tags": {"a": '}"{\\'}}],
        **PLACE,
        **more,
    }


def load(*arguments: str) -> tuple[str, str]:
    out, errors = StringIO(), StringIO()
    call_command("load_findings", *arguments, stdout=out, stderr=errors)
    return out.getvalue(), errors.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., str]:
    """`file(finding(1), finding(2))`: a file of JSON lines; `file(b"…", name="x.gz")`: of these bytes."""

    def written(*contents: dict[str, Any] | bytes, name: str = "findings.json") -> str:
        lines = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in contents]
        path = tmp_path / name
        path.write_bytes(b"\n".join(lines))
        return str(path)

    return written


def some(number: int) -> list[dict[str, Any]]:
    return [finding(each) for each in range(1, number + 1)]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(json.dumps(some(3)).encode(), id="an array"),
        pytest.param(json.dumps(some(3), indent=4).encode(), id="an array over many lines"),
        pytest.param(b"\n".join(json.dumps(row).encode() for row in some(3)), id="lines"),
        pytest.param(b"\xef\xbb\xbf" + b"\r\n".join(json.dumps(row).encode() for row in some(3)), id="Windows lines"),
        pytest.param(b" ".join(json.dumps(row, indent=1).encode() for row in some(3)), id="objects"),
        pytest.param(json.dumps({"Findings": some(3), "NextToken": "}{"}).encode(), id="an answer"),
        pytest.param(
            b"\n".join(json.dumps({"Findings": some(3)[n:][:1], "NextToken": "x"}).encode() for n in range(3)),
            id="pages of answers",
        ),
        pytest.param(gzip.compress(json.dumps(some(3)).encode()), id="compressed"),
    ],
)
@pytest.mark.django_db
def test_every_form_of_export_is_read(body: bytes, file: Callable[..., str]) -> None:
    out, _ = load(file(body))
    assert out.splitlines()[-1] == "Files: 3 read, 3 new, 0 changed, 0 set aside"
    assert set(Finding.objects.values_list("native_id", flat=True)) == {row["Id"] for row in some(3)}
    record = FindingRecord.objects.get(finding__native_id=finding(2)["Id"])
    assert record.content == finding(2)


@pytest.mark.django_db
def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    body = gzip.compress(json.dumps(some(2)).encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(body)))
    assert "Files: 2 read, 2 new" in load("-")[0]


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start_estate: StartEstate) -> Iterator[Path]:
    """A bucket named `exports`, behind an endpoint that answers GetObject."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *arguments: None)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}")
        (tmp_path / "exports").mkdir()
        yield tmp_path / "exports"
        server.shutdown()


@pytest.mark.django_db
def test_an_object_of_s3_is_read(bucket: Path) -> None:
    (bucket / "all.json.gz").write_bytes(gzip.compress(json.dumps(some(2)).encode()))
    assert "Files: 2 read, 2 new" in load("s3://exports/all.json.gz")[0]
    with pytest.raises(CommandError, match=r"s3://exports/none\.json: it cannot be opened"):
        load("s3://exports/none.json")


@pytest.mark.django_db
def test_loading_again_changes_nothing(file: Callable[..., str]) -> None:
    name = file(*some(5))
    load(name)
    kept = [list(model.objects.order_by("pk").values()) for model in (Finding, FindingSpan, FindingRecord)]
    out, _ = load(name)
    assert out.splitlines()[-1] == "Files: 5 read, 0 new, 0 changed, 0 set aside"
    assert [list(model.objects.order_by("pk").values()) for model in (Finding, FindingSpan, FindingRecord)] == kept
    assert Posture.objects.get().n == 5


@pytest.mark.django_db
def test_an_older_record_never_overwrites_a_newer_one(file: Callable[..., str]) -> None:
    passed: dict[str, Any] = {"Compliance": {"Status": "PASSED", "SecurityControlId": "S3.8"}}
    load(file(finding(updated="2026-03-05T00:00:00Z", **passed)))
    out, _ = load(file(finding(updated="2026-03-04T00:00:00Z")))
    assert out.splitlines()[-1] == "Files: 1 read, 0 new, 0 changed, 0 set aside"
    assert FindingSpan.objects.get().compliance_status == "PASSED"


@pytest.mark.django_db
def test_what_a_file_does_not_list_does_not_end(file: Callable[..., str]) -> None:
    load(file(finding(1), finding(2)))
    load(file(finding(2)))
    assert FindingSpan.objects.filter(valid_to=None).count() == 2


@pytest.mark.django_db
def test_a_bad_record_is_set_aside_with_its_file_and_number(file: Callable[..., str]) -> None:
    name = file(finding(1), b'{"Id": ', finding(2, UpdatedAt="yesterday"), finding(3))
    out, errors = load(name)
    assert out.splitlines()[-1] == "Files: 2 read, 2 new, 0 changed, 2 set aside"
    reasons = list(SetAside.objects.order_by("pk").values_list("reason", flat=True))
    assert reasons[0].startswith(f"{name}, record 2: It is no JSON (")
    assert reasons[1] == f"{name}, record 3: UpdatedAt is not a date: 'yesterday'."
    assert errors.splitlines() == [f"Set aside: {reason}" for reason in reasons]
    load(name)
    assert SetAside.objects.count() == 2


BROKEN = {
    "a truncated archive": (gzip.compress(json.dumps(some(40)).encode())[:-30], "compressed data is damaged or cut"),
    "an array cut short": (json.dumps(some(3)).encode()[:-50], "ends in the middle of a record"),
    "an array without its end": (json.dumps(some(3)).encode()[:-1], "the array does not end"),
    "something else in an array": (json.dumps([*some(3), 7]).encode(), "a member of the array is no object"),
    "something after an array": (json.dumps(some(3)).encode() + b"]", "something follows the array"),
}


@pytest.mark.parametrize(("body", "why"), BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.django_db
def test_a_broken_file_is_named_and_what_came_before_stays(body: bytes, why: str, file: Callable[..., str]) -> None:
    name = file(body)
    with pytest.raises(CommandError) as refusal:
        load(name)
    assert str(refusal.value).startswith(f"{name}: after ")
    assert why in str(refusal.value)
    kept = Finding.objects.count()
    assert kept >= 2
    run = SyncRun.objects.get()
    assert (run.state, run.read) == ("failed", kept)
    assert Scope.objects.get().reason == f"Loaded in part from {name}. Load it again, to its end."
    with pytest.raises(CommandError):
        load(name)
    assert Finding.objects.count() == FindingSpan.objects.count() == kept


@pytest.mark.parametrize(
    ("body", "why"), [(b"Id,Title\n1,2", "it holds no JSON of findings"), (b"[1, 2]", "a member of the array")]
)
@pytest.mark.django_db
def test_what_is_no_export_is_refused(body: bytes, why: str, file: Callable[..., str]) -> None:
    with pytest.raises(CommandError, match=why):
        load(file(body))
    with pytest.raises(CommandError, match=r"nowhere\.json: it cannot be opened"):
        load("nowhere.json")
    assert not Connection.objects.exists()


@pytest.mark.django_db
def test_a_broken_file_does_not_keep_the_others_out(file: Callable[..., str]) -> None:
    with pytest.raises(CommandError, match=r"broken\.json"):
        load(file(b"[", name="broken.json"), file(finding(), name="whole.json"))
    assert Finding.objects.count() == 1


@pytest.mark.django_db
def test_coverage_says_from_which_file_and_when(file: Callable[..., str]) -> None:
    elsewhere = {"AwsAccountId": "444455556666", "AwsAccountName": "payments-prod"}
    name = file(finding(1, LastObservedAt="2026-03-02T00:00:00Z"), finding(2, **elsewhere))
    load(name)
    scopes = Scope.objects.order_by("account")
    assert [(scope.account, scope.state, scope.read_at) for scope in scopes] == [
        ("111122223333", "stale", None), ("444455556666", "stale", None),
    ]  # fmt: skip
    assert scopes[0].evaluated_at is not None
    assert scopes[0].evaluated_at.isoformat() == "2026-03-02T00:00:00+00:00"
    for scope in scopes:
        assert scope.reason.startswith(f"Loaded from {name} on ")
        assert scope.reason.endswith("AWS itself has not been read.")
        assert list(CoverageSpan.objects.filter(scope=scope, valid_to=None).values_list("state", flat=True)) == [
            "stale"
        ]
    assert list(Account.objects.order_by("account_id").values_list("account_id", "name")) == [
        ("111122223333", ""), ("444455556666", "payments-prod"),
    ]  # fmt: skip


@pytest.mark.django_db
def test_without_a_connection_one_is_made_that_no_worker_reads(file: Callable[..., str]) -> None:
    load(file(finding()))
    made = Connection.objects.get()
    assert (made.name, made.hub_account, made.home_region, made.enabled) == (
        "Files",
        "111122223333",
        "eu-west-1",
        False,
    )
    load(file(finding(2)))
    assert Connection.objects.get() == made
    assert list(TrailEntry.objects.order_by("pk").values_list("action", flat=True)) == [
        "connection.added", "findings.loaded", "findings.loaded",
    ]  # fmt: skip


@pytest.mark.django_db
def test_among_several_connections_one_has_to_be_named(file: Callable[..., str]) -> None:
    ConnectionFactory(name="One")
    two = ConnectionFactory(name="Two")
    with pytest.raises(CommandError, match="more than one connection: say which"):
        load(file(finding()))
    with pytest.raises(CommandError, match="no connection named Three"):
        load("--connection", "Three", file(finding()))
    load("--connection", "Two", file(finding()))
    assert Finding.objects.get().connection == two


@pytest.mark.django_db
def test_a_connection_that_is_being_read_is_left_alone(file: Callable[..., str]) -> None:
    load(file(finding()))
    claim(Scope.objects.get().pk, SyncRun.Kind.LOAD, None)
    with pytest.raises(CommandError, match="Files is being read just now"):
        load(file(finding(2)))
    assert Finding.objects.count() == 1


def test_what_aws_itself_says_of_a_place_stands(read_estate: Any, file: Callable[..., str]) -> None:
    before = {scope.pk: (scope.state, scope.reason, scope.read_at) for scope in Scope.objects.all()}
    place = {"AwsAccountId": read_estate.hub, "Region": read_estate.home}
    load(file(finding(**place)))
    assert {scope.pk: (scope.state, scope.reason, scope.read_at) for scope in Scope.objects.all()} == before
    assert Finding.objects.filter(native_id=finding()["Id"]).exists()


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


@pytest.mark.skipif(not SHARED.is_dir(), reason="The published sample findings are not there.")
@pytest.mark.django_db
def test_published_samples_are_taken_in(tmp_path: Path) -> None:
    files = sorted(SHARED.glob("a*/*.json"))
    load(*map(str, files))
    assert Finding.objects.count() > 90
