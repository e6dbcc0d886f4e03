"""Threats and vulnerabilities that products report: they have a severity and an age, but no pass."""

from __future__ import annotations

from django.db.models import Q

from audit.moment import Moment
from findings.models import FindingSpan, Status, Workflow


def worst_reports(user: object, moment: Moment, where: Q | None = None, *, limit: int = 5) -> list[FindingSpan]:
    """The reports that stood open at `moment`, worst and latest first. One query."""
    spans = FindingSpan.objects.at(moment).counted().visible_to(user)
    reported = spans.filter(where or Q(), status=Status.REPORT).exclude(workflow=Workflow.SUPPRESSED)
    related = reported.select_related("finding", "finding__resource", "check_ran")
    return list(related.order_by("-severity", "-status_since", "finding_id")[:limit])
