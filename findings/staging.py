"""What a connector yields: typed rows, normalised from one source, not yet judged against what we hold."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from findings.models import Check, RecordState, Severity, Source, Status, Workflow

VOLATILE = ("UpdatedAt", "LastObservedAt", "ProcessedAt")
"""Members of a raw finding that move at every evaluation: they alone are no new content."""
AT_ONCE = 2_047
"""Bytes that are hashed at once: for more, hashlib gives Python up, and a reader waits for it among the others."""


@dataclass(slots=True, frozen=True)
class StagedCheck:
    """A check as a source describes it. Empty members leave what is known untouched."""

    source: Source
    key: str
    kind: Check.Kind = Check.Kind.COMPLIANCE
    title: str = ""
    description: str = ""
    severity: Severity = Severity.NONE
    config_rule: str = ""
    remediation_text: str = ""
    remediation_url: str = ""
    resource_types: tuple[str, ...] = ()
    standards: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class StagedResource:
    """key: the ARN where one is known, else account/region/type/id. type: CloudFormation's name."""

    key: str
    type: str
    native_id: str
    account: str
    region: str
    name: str = ""
    tags: dict[str, str] | None = field(default=None, hash=False)
    in_inventory: bool = False


@dataclass(slots=True)
class StagedFinding:
    """A finding as a source reports it at this reading.

    updated_at: what decides which of two readings is the later one. status_since: since when AWS
    says that the status stands, None where it does not say. raw: the record as JSON bytes.
    told_at: the time of the event that told it; None where it was read.
    """

    source: Source
    uid: UUID
    native_id: str
    account: str
    region: str
    check: StagedCheck
    resources: list[StagedResource]
    status: Status
    compliance_status: str
    severity: Severity
    updated_at: datetime
    raw: bytes
    content_hash: UUID
    workflow: Workflow = Workflow.NEW
    record_state: RecordState = RecordState.ACTIVE
    status_since: datetime | None = None
    created_at: datetime | None = None
    evaluated_at: datetime | None = None
    title: str = ""
    product_arn: str = ""
    product: str = ""
    rule_name: str = ""
    origin: str = ""
    scored: bool = True
    told_at: datetime | None = None


def uid_of(*parts: str) -> UUID:
    """The 128-bit identity of a natural key, however long its parts are."""
    return UUID(bytes=hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).digest())


def content_hash_of(record: dict[str, Any]) -> UUID:
    """A hash of the record's content: two records that differ only in volatile times are the same."""
    content = record.copy()
    for name in VOLATILE:
        content.pop(name, None)
    body = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    found = hashlib.blake2b(body[:AT_ONCE], digest_size=16)
    for begin in range(AT_ONCE, len(body), AT_ONCE):
        found.update(body[begin : begin + AT_ONCE])
    return UUID(bytes=found.digest())
