"""The locker in a bucket with versioning and Object Lock, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from moto.server import ThreadedMotoServer
from pytest_django.fixtures import Settings

from audit import clock
from evidence import filing, holding, retention, verifying
from evidence.capturing import storage
from evidence.models import Evidence
from evidence.s3 import LockedS3, StillLocked
from evidence.store_checks import keeps
from evidence.tasks import follow_hold
from tests.clock import at
from tests.conftest import LogIn
from tests.databases import Clone
from tests.evidence import files
from tests.evidence.drill import backed_up, bytes_of, elsewhere, seeded
from tests.evidence.people import World, a_world, added
from tests.factories import UserFactory

BUCKET = "evidence-of-payments"
PLAIN = "no-lock"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An S3 with two empty buckets, and the locker in the one that locks."""
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    urlopen(Request(f"{endpoint}/moto-api/reset", method="POST")).close()
    where = {"LocationConstraint": "eu-central-1"}
    client.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True, CreateBucketConfiguration=where)
    client.create_bucket(Bucket=PLAIN, CreateBucketConfiguration=where)
    keep_in(settings, BUCKET)
    yield client
    client.close()


def keep_in(settings: Settings, bucket: str, **more: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "evidence": in_bucket(bucket, **more)}


def in_bucket(bucket: str, **more: Any) -> dict[str, Any]:
    options = {"bucket_name": bucket, "location": "locker", "lock_mode": "compliance", "kms_key": "", **more}
    return {"BACKEND": "evidence.s3.LockedS3", "OPTIONS": options}


@pytest.fixture
def world(db: None) -> World:
    return a_world()


def key(found: Evidence) -> str:
    return f"locker/{found.stored_as}"


def test_a_file_is_written_with_its_lock_and_comes_back_as_it_was(s3: Any, world: World, log_in: LogIn) -> None:
    found = added(world)
    head = s3.head_object(Bucket=BUCKET, Key=key(found))
    assert head["ObjectLockMode"] == "COMPLIANCE"
    assert abs(head["ObjectLockRetainUntilDate"] - found.kept_until) < timedelta(minutes=1)
    answer = log_in(world.cleo).get(f"/evidence/{found.public_id}/file/")
    assert b"".join(answer) == files.PDF
    assert answer["Content-Type"] == "application/octet-stream"


def test_a_backup_is_restored_into_a_bucket_with_locks_and_holds(
    s3: Any, committed_database: Clone, settings: Settings, tmp_path: Path
) -> None:
    """Of a locker in another bucket: files, their locks, and the legal hold that lies on one of them."""
    seeded()
    held, free = Evidence.objects.order_by("pk")
    holding.hold(because="A claim is pending", by=UserFactory(second_line=True), evidence=held)
    contents = {one.stored_as: bytes_of(one) for one in (held, free)}
    backed_up(tmp_path / "backup")
    s3.create_bucket(
        Bucket="elsewhere", ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
    )  # fmt: skip
    with elsewhere(settings, in_bucket("elsewhere")):
        call_command("restore", tmp_path / "backup", stdout=StringIO())
        assert {one.stored_as: bytes_of(one) for one in Evidence.objects.all()} == contents
        assert verifying.verify().differences == []
    locked = {one: s3.head_object(Bucket="elsewhere", Key=key(one)) for one in (held, free)}
    assert {head["ObjectLockMode"] for head in locked.values()} == {"COMPLIANCE"}
    assert all(locked[one]["ObjectLockRetainUntilDate"] >= one.kept_until - timedelta(minutes=1) for one in locked)
    assert [head.get("ObjectLockLegalHoldStatus") for head in locked.values()] == ["ON", None]


def test_a_large_file_is_streamed_in_parts(s3: Any, world: World) -> None:
    content = b"%PDF-1.7\n" + bytes(range(256)) * 80_000
    found = added(world, content=content)
    head = s3.head_object(Bucket=BUCKET, Key=key(found))
    assert (head["ContentLength"], head["ObjectLockMode"]) == (len(content), "COMPLIANCE")
    assert "-" in head["ETag"]
    with storage().open(found.stored_as) as file:
        assert file.read() == content


def test_nobody_deletes_a_locked_file(s3: Any, world: World) -> None:
    found = added(world)
    with pytest.raises(StillLocked):
        storage().delete(found.stored_as)
    assert storage().exists(found.stored_as)


def test_what_is_overwritten_or_hidden_in_the_bucket_is_named(s3: Any, world: World) -> None:
    changed, hidden = added(world), added(world, title="Hidden")
    s3.put_object(Bucket=BUCKET, Key=key(changed), Body=b"something else")
    s3.delete_object(Bucket=BUCKET, Key=key(hidden))
    told = [str(one) for one in verifying.verify().differences if one.kind == "file"]
    assert told[0].startswith(f"{changed.public_id}: The file was changed")
    assert told[1:] == [f"{hidden.public_id}: The file is missing: {hidden.stored_as}"]
    versions = s3.list_object_versions(Bucket=BUCKET, Prefix=key(changed))["Versions"]
    assert len(versions) == 2


def test_a_legal_hold_is_put_on_the_object_and_taken_off(s3: Any, world: World) -> None:
    found, other = added(world), added(world, solution=None, by=world.ines)
    made = holding.hold(because="A claim is pending", by=world.theo, solution=world.payments)
    second = holding.hold(because="Another", by=world.theo, evidence=found)
    follow_hold(made.pk)
    assert held(s3, found) == "ON"
    assert held(s3, other) != "ON"
    holding.release(made, because="Settled", by=world.theo)
    follow_hold(made.pk)
    assert held(s3, found) == "ON"
    holding.release(second, because="Settled", by=world.theo)
    assert holding.follow(clock.now()) > 0
    assert held(s3, found) == "OFF"


def held(s3: Any, found: Evidence) -> str:
    return str(s3.get_object_legal_hold(Bucket=BUCKET, Key=key(found))["LegalHold"].get("Status", ""))


def test_a_file_whose_time_is_over_goes_with_every_version(
    s3: Any, world: World, django_capture_on_commit_callbacks: Any, settings: Settings
) -> None:
    """Its lock ends with it: here both were over before it was written, since the bucket's clock is its own."""
    settings.EVIDENCE_KEPT_YEARS = 1
    with at("2020-04-01"):
        found = added(world)
    with at("2021-04-02"), django_capture_on_commit_callbacks(execute=True):
        assert retention.destroy_due(clock.now()) == 1
    assert not storage().exists(found.stored_as)
    assert not s3.list_object_versions(Bucket=BUCKET, Prefix=key(found)).get("Versions")


def test_a_locked_file_without_a_row_stays(s3: Any, db: None) -> None:
    name = storage().save("2026/03/" + "c" * 32, ContentFile(b"x"))
    later = clock.now() + timedelta(days=2)
    assert retention.sweep(later) == []
    assert [one for one, _ in filing.files()] == [name]


def test_a_bucket_that_keeps_nothing_is_refused_at_the_start(s3: Any, settings: Settings) -> None:
    assert keeps(None) == []
    call_command("check_evidence_store")
    keep_in(settings, PLAIN)
    words = [
        f"Bucket {PLAIN} has no versioning: switch it on.",
        f"Bucket {PLAIN} has no Object Lock: switch it on, without a default retention.",
    ]
    assert [(one.id, one.msg) for one in keeps(None)] == [("evidence.E001", said) for said in words]
    with pytest.raises(CommandError, match="has no Object Lock"):
        call_command("check_evidence_store")
    keep_in(settings, "nowhere-to-be-found")
    assert "cannot be asked" in keeps(None)[0].msg


def test_a_key_of_ones_own_encrypts(s3: Any, settings: Settings, world: World) -> None:
    keep_in(settings, BUCKET, kms_key="alias/evidence", lock_mode="governance")
    head = s3.head_object(Bucket=BUCKET, Key=key(added(world)))
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"], head["ObjectLockMode"]) == (
        "aws:kms", "alias/evidence", "GOVERNANCE",
    )  # fmt: skip


def test_a_mode_that_is_none_stops() -> None:
    with pytest.raises(ImproperlyConfigured, match="governance or compliance"):
        LockedS3(bucket_name=BUCKET, lock_mode="sometimes")
