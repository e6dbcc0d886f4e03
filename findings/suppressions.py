"""What is suppressed in AWS without a live exception: a decision that nobody here answers for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import Count, Q
from django.http import QueryDict

from audit.moment import Moment
from findings.explore import KEPT, FindingFilter
from findings.listing import account_names
from findings.models import Check, FindingRecord, FindingSpan, Workflow, accepted
from findings.models.record import unpacked

NARROWED_BY = ("solution", "account", "check")
MEANT = {"suppressed": "yes", "accepted": "no"}


def filter_of(query: QueryDict, user: object) -> FindingFilter:
    """The explorer's filter of these findings, narrowed as an address asks by solution, account and check."""
    asked = QueryDict(mutable=True)
    for name in (*NARROWED_BY, *KEPT, "order"):
        if values := [value for value in query.getlist(name) if value]:
            asked.setlist(name, values)
    asked.update(MEANT)
    return FindingFilter.of(asked, user)


def excused(user: object, moment: Moment, where: Q | None = None) -> int:
    """How many suppressed findings that count stand under a live exception. where: on solutions. One query."""
    spans = FindingSpan.objects.at(moment).visible_to(user).counted().filter(where or Q())
    return spans.filter(accepted(moment.at), workflow=Workflow.SUPPRESSED).count()


@dataclass(frozen=True)
class Choice:
    """A value to narrow by. n: how many there are with it, whatever else is narrowed by."""

    value: str
    label: str
    n: int


@dataclass(frozen=True)
class Choices:
    accounts: Sequence[Choice]
    checks: Sequence[Choice]


def choices(asked: FindingFilter, user: object, moment: Moment) -> Choices:
    """The accounts and checks of what is suppressed, the most first. Two queries."""
    spans = asked.spans(user, moment, but=("account", "check")).order_by()
    accounts, checks = dict[str, int](), dict[tuple[int, str], int]()
    rows: Any = spans.values_list("account", "check_ran", "check_ran__key").annotate(n=Count("pk"))
    for account, check, key, n in rows:
        accounts[account] = accounts.get(account, 0) + n
        checks[check, key] = checks.get((check, key), 0) + n
    names = account_names(accounts)
    return Choices(
        _most_first(Choice(one, f"{names.get(one, '')} {one}".strip(), n) for one, n in accounts.items()),
        _most_first(Choice(f"{Check.public_prefix}-{pk}", key, n) for (pk, key), n in checks.items()),
    )


def _most_first(found: Iterable[Choice]) -> list[Choice]:
    return sorted(found, key=lambda one: (-one.n, one.label))


@dataclass(frozen=True)
class Note:
    """What was written in AWS beside a finding. by: as AWS has it."""

    text: str
    by: str


def notes_of(spans: Iterable[FindingSpan], moment: Moment) -> dict[int, Note]:
    """By finding: the note in its record of the moment, where it has one. One query."""
    held = FindingRecord.objects.filter(finding__in=[span.finding_id for span in spans], captured_at__lte=moment.at)
    last = held.order_by("finding", "-captured_at", "-pk").distinct("finding").values_list("finding", "body")
    found = {}
    for finding, body in last:
        note = orjson.loads(unpacked(bytes(body))).get("Note")
        if isinstance(note, dict) and note.get("Text"):
            found[finding] = Note(str(note["Text"]), str(note.get("UpdatedBy") or ""))
    return found
