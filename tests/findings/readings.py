"""Readings of one bucket check, as a connector would stage them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from django.db import transaction

from findings import posture
from findings.merge import Merged, Sweep, stage_and_merge
from findings.models import Connection, Severity, Source, Status
from findings.staging import StagedCheck, StagedFinding, StagedResource, content_hash_of, uid_of

START = datetime(2026, 3, 1, tzinfo=UTC)
ACCOUNT, REGION = "111122223333", "eu-central-1"
WORDS = {Status.PASS: "PASSED", Status.FAIL: "FAILED", Status.UNKNOWN: "WARNING", Status.REPORT: ""}


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def reading(name: str = "invoices", status: Status = Status.FAIL, updated: float = 0, **more: Any) -> StagedFinding:
    """What AWS says of a bucket on day `updated`; `tags`, `since` (a day) and any staged field can be given."""
    tags = more.pop("tags", None)
    since = more.pop("since", None)
    arn = f"arn:aws:s3:::{name}"
    severity = int(more.get("severity", 4))
    record = {"Id": name, "Compliance": {"Status": WORDS[status]}, "Severity": severity, "Tags": tags}
    values: dict[str, Any] = {
        "source": Source.SECURITY_HUB,
        "uid": uid_of("product", name),
        "native_id": name,
        "account": ACCOUNT,
        "region": REGION,
        "check": StagedCheck(Source.SECURITY_HUB, "S3.8", title="Buckets should block public access"),
        "resources": [StagedResource(arn, "AWS::S3::Bucket", arn, ACCOUNT, REGION, name=name, tags=tags)],
        "status": status,
        "compliance_status": WORDS[status],
        "severity": Severity.HIGH,
        "updated_at": day(updated),
        "status_since": day(updated if since is None else since),
        "raw": orjson.dumps(record),
        "content_hash": content_hash_of(record),
    }
    return StagedFinding(**(values | more))


def merge(connection: Connection, *rows: StagedFinding, on: float, sweep: Sweep | None = None) -> Merged:
    """Merge these readings in one transaction, on a day, and count the postures anew."""
    with transaction.atomic():
        merged = stage_and_merge(connection, rows, at=day(on), sweep=sweep)
        posture.refresh(merged.touched)
    return merged
