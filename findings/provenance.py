"""How a finding is known: its raw record, the reading that brought it, the place it was read from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db.models import Q

from audit.moment import Moment
from findings.models import Check, Finding, FindingRecord, Resource, Scope, SyncRun

MOST_SHOWN = 20_000
"""Characters of a record that its page shows."""


@dataclass(frozen=True)
class RawRecord:
    """body: the record as JSON bytes. later: it was captured after the moment, and none older is held.

    told_at: the time of the event that told it; None where it was read.
    """

    captured_at: datetime
    body: bytes
    later: bool
    told_at: datetime | None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @property
    def text(self) -> str:
        return orjson.dumps(orjson.loads(self.body), option=orjson.OPT_INDENT_2).decode()

    @property
    def content(self) -> Any:
        """The record as JSON values."""
        return orjson.loads(self.body)

    @property
    def shown(self) -> str:
        return self.text[:MOST_SHOWN]

    @property
    def is_cut(self) -> bool:
        return len(self.text) > MOST_SHOWN


@dataclass(frozen=True)
class Advice:
    """What the product itself recommends. url: an address of the web, or empty."""

    text: str
    url: str


def advice_of(check: Check, record: RawRecord | None) -> Advice | None:
    """The recommendation that came with the check, else with the record; None where there is none."""
    text, url = check.remediation_text, check.remediation_url
    content = record.content if record else None
    if not text and not url and isinstance(content, dict):
        given = content.get("Remediation")
        advice = given.get("Recommendation") if isinstance(given, dict) else None
        if isinstance(advice, dict):
            text, url = str(advice.get("Text") or ""), str(advice.get("Url") or "")
    url = url if url.startswith("https://") else ""
    return Advice(text, url) if text or url else None


def record_at(finding: Finding, moment: Moment) -> RawRecord | None:
    """The latest record captured by the moment, else the first one known; None where there is none.

    A reader who is bound to a period is shown none of another moment.
    """
    known = FindingRecord.objects.filter(finding=finding, captured_at__lte=moment.known_at)
    record = known.filter(captured_at__lte=moment.at).order_by("-captured_at", "-pk").first()
    later = record is None
    if later and not moment.is_bound:
        record = known.order_by("captured_at", "pk").first()
    if record is None:
        return None
    return RawRecord(record.captured_at, record.raw, later, record.told_at)


def scope_of(finding: Finding) -> Scope | None:
    """Where it was read: its account, region and source."""
    names = ("account", "region", "source")
    place = {name: getattr(finding, name) for name in names}
    return Scope.objects.filter(connection=finding.connection, **place).first()


def run_of(finding: Finding, scope: Scope | None, captured_at: datetime) -> SyncRun | None:
    """The reading that captured a record then; None where it is no longer known."""
    if scope is None:
        return None
    under_way = Q(finished_at=None) | Q(finished_at__gte=captured_at)
    runs = SyncRun.objects.filter(under_way, scope=scope.read_through_id or scope.pk, started_at__lte=captured_at)
    return runs.order_by("-started_at", "-pk").first()


def resources_of(finding: Finding) -> list[Resource]:
    """All the resources that the finding is about, its first one first."""
    found = list(Resource.objects.filter(links__finding=finding).order_by("pk"))
    return sorted(found, key=lambda resource: resource.pk != finding.resource_id)
