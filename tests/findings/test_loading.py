"""manage.py load_findings: exported findings become what a sync would have made of them."""

from __future__ import annotations

import gzip
import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from audit.models import TrailEntry
from findings.leases import claim
from findings.models import (
    Connection,
    CoverageSpan,
    Finding,
    FindingRecord,
    FindingSpan,
    Posture,
    Resource,
    Scope,
    SetAside,
    SyncRun,
)  # fmt: skip
from organisation.models import Account
from tests.factories.findings import ConnectionFactory
from tests.findings.conftest import StartEstate
from tests.findings.exported import finding, load, some

SHARED = Path(__file__).parents[3] / "shared" / "data" / "asff"


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
def test_a_record_without_tags_does_not_rename_its_resource(file: Callable[..., str]) -> None:
    """One service sends tags along, another does not: the name does not change with every reading."""

    def on_instance(number: int, **tags: str) -> dict[str, Any]:
        resource = {"Type": "AwsEc2Instance", "Id": "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1"}
        return finding(number, Resources=[resource | ({"Tags": tags} if tags else {})])

    names = []
    for record in (on_instance(1), on_instance(2, Name="web", app="shop"), on_instance(3), on_instance(4, app="shop")):
        load(file(record))
        names.append(Resource.objects.get().name)
    assert names == ["i-0a1", "web", "web", "i-0a1"]
    assert Resource.objects.get().tags == {"app": "shop"}


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


@pytest.mark.skipif(not SHARED.is_dir(), reason="The published sample findings are not there.")
@pytest.mark.django_db
def test_published_samples_are_taken_in(tmp_path: Path) -> None:
    files = sorted(SHARED.glob("a*/*.json"))
    load(*map(str, files))
    assert Finding.objects.count() > 90
