"""Findings with a hostile value in each of their members are taken in, or set aside; none keeps the others out."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from findings.models import Finding, FindingSpan, SetAside, SyncRun
from tests.conftest import LogIn
from tests.hostile.values import VALUES

GOOD: dict[str, Any] = {
    "Id": "arn:aws:securityhub:eu-west-1:111122223333:security-control/S3.8/finding/good",
    "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
    "ProductName": "Security Hub",
    "GeneratorId": "security-control/S3.8",
    "AwsAccountId": "111122223333",
    "AwsAccountName": "payments",
    "Region": "eu-west-1",
    "Title": "Buckets should block public access",
    "Description": "Words.",
    "CreatedAt": "2026-02-01T00:00:00Z",
    "UpdatedAt": "2026-03-01T00:00:00Z",
    "FirstObservedAt": "2026-02-01T00:00:00Z",
    "LastObservedAt": "2026-03-01T00:00:00Z",
    "Severity": {"Label": "HIGH", "Normalized": 70},
    "FindingProviderFields": {"Severity": {"Label": "HIGH"}},
    "Workflow": {"Status": "NEW"},
    "RecordState": "ACTIVE",
    "Types": ["Software and Configuration Checks"],
    "ProductFields": {"RelatedAWSResources:0/name": "s3-bucket-public"},
    "Remediation": {"Recommendation": {"Text": "Block it.", "Url": "https://example.org/"}},
    "Compliance": {
        "Status": "FAILED",
        "SecurityControlId": "S3.8",
        "AssociatedStandards": [{"StandardsId": "standards/a"}],
        "RelatedRequirements": ["NIST.800-53.r5 AC-3"],
    },
    "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::b", "Region": "eu-west-1", "Tags": {"Name": "b"}}],
}


def members(of: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each member, and of each inside it."""
    for name, inner in of.items() if isinstance(of, dict) else enumerate(of):
        yield (*path, name)
        if isinstance(inner, dict | list):
            yield from members(inner, (*path, name))


def hostile() -> Iterator[dict[str, Any]]:
    for number, path in enumerate(members(GOOD)):
        for other, value in enumerate(VALUES):
            record = copy.deepcopy(GOOD)
            record["Id"] += f"/{number}/{other}"
            inner: Any = record
            for name in path[:-1]:
                inner = inner[name]
            inner[path[-1]] = value
            yield record


@pytest.mark.django_db
def test_a_hostile_record_is_taken_in_or_set_aside_and_keeps_no_other_out(log_in: LogIn, tmp_path: Path) -> None:
    bodies = [json.dumps(record) for record in [GOOD, *hostile(), GOOD | {"Id": f"{GOOD['Id']}/last"}]]
    file = tmp_path / "hostile.json.gz"
    file.write_bytes(gzip.compress("\n".join(bodies).encode(), 1))
    call_command("load_findings", str(file))
    run = SyncRun.objects.get()
    assert (run.state, run.read + run.set_aside) == ("done", len(bodies))
    assert run.set_aside
    assert SetAside.objects.exists()
    assert Finding.objects.filter(native_id__in=[GOOD["Id"], f"{GOOD['Id']}/last"]).count() == 2
    assert FindingSpan.objects.count() == Finding.objects.count() > 500
    browser = log_in(second_line=True)
    assert browser.get("/api/v1/findings/?size=500").status_code == 200
    for page in ("/findings/", "/findings/coverage/", "/findings/connections/"):
        shown = browser.get(page)
        assert shown.status_code == 200
        assert b"<script>alert('hostile')" not in shown.content


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0),
        gzip.compress(b"[" * 1_000_000, mtime=0),
        b"[" * 1_000_000,
        b'{"Findings": ' * 1_000,
        b'{"a":' * 100_000,
        b'[{"Id": "\xff"}, {',
        "[{}]".encode("utf-16"),
        b"PK\x03\x04" + bytes(100),
        b"\x00",
    ],
)
def test_a_file_that_is_none_is_refused_in_words(tmp_path: Path, body: bytes) -> None:
    file = tmp_path / "hostile.json"
    file.write_bytes(body)
    with pytest.raises(CommandError):
        call_command("load_findings", str(file))
    assert not Finding.objects.exists()
