"""The chain of custody of a piece: what the trail says happened to it, by whom, when and from where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit import clock, trail
from audit.models import TrailEntry
from evidence.models import Evidence, LegalHold
from organisation.models import User

AGAIN = timedelta(minutes=10)
"""For how long looking at it again is the same look."""
WORDS: dict[str, str | Promise] = {
    "evidence.captured": _("captured it"),
    "evidence.viewed": _("looked at it"),
    "evidence.downloaded": _("took the file away"),
    "evidence.linked": _("said that it shows something of a control"),
    "evidence.unlinked": _("took a control off it"),
    "evidence.superseded": _("brought a new version"),
    "evidence.withdrawn": _("withdrew it"),
    "evidence.mismatched": _("was refused the file: it is not as it was captured"),
    "evidence.destroyed": _("destroyed the file: its time was over"),
    "legal_hold.set": _("put it under a legal hold"),
    "legal_hold.released": _("released it from a legal hold"),
}


@dataclass(frozen=True)
class Act:
    """One link of the chain. about: what else it has to do with, by its public id."""

    at: datetime
    who: str
    line: str
    words: str | Promise
    because: str
    about: str
    address: str
    action: str


def viewed(evidence: Evidence, by: User) -> None:
    """Somebody reads about it: recorded once in ten minutes."""
    lately = TrailEntry.objects.about("evidence", evidence.public_id).filter(
        actor=by.public_id, action="evidence.viewed", at__gt=clock.now() - AGAIN
    )
    if not lately.exists():
        trail.record(by, "evidence.viewed", evidence)


def downloaded(evidence: Evidence, by: User) -> None:
    """Somebody takes the file away: recorded every time."""
    trail.record(by, "evidence.downloaded", evidence, sha256=evidence.sha256)


def custody(evidence: Evidence, at: datetime) -> list[Act]:
    """From its capture on, the last first. Two queries."""
    covering = LegalHold.objects.filter(set_at__lte=at).filter(
        Q(evidence=evidence) | Q(evidence=None, solution=None) | Q(evidence=None, solution=evidence.solution_id)
    )
    began_under = [one for one in covering if one.released_at is None or one.released_at > evidence.captured_at]
    own = Q(kind="evidence", object_id=evidence.public_id)
    held = Q(kind="legalhold", object_id__in=[one.public_id for one in began_under])
    entries = TrailEntry.objects.filter(own | held, at__lte=at, action__in=WORDS).last_first()
    return [_told(entry) for entry in entries]


def _told(entry: TrailEntry) -> Act:
    detail: dict[str, Any] = entry.detail
    about = str(detail.get("control") or detail.get("replaced_by") or "")
    return Act(
        at=entry.at,
        who=entry.who,
        line=entry.line,
        words=WORDS[entry.action],
        because=str(detail.get("because") or ""),
        about=about or (entry.object_id if entry.kind == "legalhold" else ""),
        address=entry.address,
        action=entry.action,
    )
