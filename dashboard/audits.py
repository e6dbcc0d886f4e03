"""What the third line's home tells of engagements: how far the reader's are, what is out, what is overdue."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from assurance.engagement_list import seen_by
from assurance.finding_list import as_of, overdue
from assurance.models import AuditFinding, Engagement
from assurance.progress import LOOKS
from audit.moment import Moment
from dashboard.reach import Reach
from evidence.models import EvidenceRequest
from organisation.models import Role

State = Engagement.State
SHOWN = 8


@dataclass(frozen=True)
class Audit:
    """One engagement. asked: requests that are not settled; late: those of them whose day is over."""

    engagement: Engagement
    state: str
    look: str
    asked: int
    late: int


@dataclass(frozen=True)
class Audits:
    """more: how many engagements of the reader are not shown. open, overdue: audit findings that the reader sees."""

    rows: list[Audit]
    more: int
    open: int
    overdue: int

    @property
    def asked(self) -> int:
        return sum(one.asked for one in self.rows)

    @property
    def late(self) -> int:
        return sum(one.late for one in self.rows)


def audits(reach: Reach) -> Audits:
    """Three queries. An auditor from outside works on after the period that they look at: theirs are as of now."""
    moment = Moment.now() if reach.line == Role.EXTERNAL else reach.moment
    mine = Engagement.objects.worked_on_by(reach.user).values("pk")
    going_on = seen_by(reach.user, moment).filter(~Q(stands=State.CLOSED.value), pk__in=mine)
    found = list(going_on.select_related("framework__framework").order_by("about_to", "pk"))
    today = timezone.localdate(moment.at, timezone.get_default_timezone())
    asked: Counter[str] = Counter()
    late: Counter[str] = Counter()
    if moment.is_now:
        ids = [one.public_id for one in found[:SHOWN]]
        out = EvidenceRequest.objects.visible_to(reach.user).open().filter(source_kind="engagement", source_id__in=ids)
        for source, due in out.values_list("source_id", "due_on"):
            asked[source] += 1
            late[source] += due < today
    counts = _findings(reach, moment, today)
    rows = [
        Audit(one, str(state.label), LOOKS[state], asked[one.public_id], late[one.public_id])
        for one in found[:SHOWN]
        if (state := State(one.stands))  # type: ignore[attr-defined]
    ]
    return Audits(rows, max(len(found) - SHOWN, 0), counts["open"], counts["overdue"])


def _findings(reach: Reach, moment: Moment, today: Any) -> dict[str, int]:
    seen = as_of(AuditFinding.objects.visible_to(reach.user), reach.user, moment)
    rows = seen.filter(solution=reach.chosen) if reach.chosen else seen
    gone = [one.value for one in (*AuditFinding.ENDED, AuditFinding.State.DRAFT)]
    counted: dict[str, int] = rows.order_by().aggregate(
        open=Count("pk", filter=~Q(stands__in=gone)), overdue=Count("pk", filter=overdue(today))
    )
    return counted
