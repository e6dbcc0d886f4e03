"""How many resources failed a check at the end of each day, as we know it today."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from audit.moment import Moment
from findings.explore import url_for
from findings.models import Check, FindingSpan

DAYS = 30


def check_trend(check: Check, user: object, moment: Moment) -> list[dict[str, Any]]:
    """Points for the trend chart, oldest first; before the check was first seen: not observed. Two queries."""
    spans = FindingSpan.objects.filter(check_ran=check, superseded_at=None).counted().failing().visible_to(user)
    begun, ended = _by_day(spans, "valid_from"), _by_day(spans.exclude(valid_to=None), "valid_to")
    last = timezone.localtime(moment.at).date()
    first_seen = timezone.localtime(check.first_seen_at).date()
    points = []
    for day in (last - timedelta(days=n) for n in reversed(range(DAYS))):
        standing = _until(begun, day) - _until(ended, day)
        asked = {"check": check, "status": "fail", "suppressed": "no", "as_of": day if day != last else None}
        points.append(
            {
                "at": day,
                "value": None if day < first_seen else standing,
                "url": "" if day < first_seen else url_for(**asked),
            }
        )
    return points


def _by_day(spans: QuerySet[FindingSpan], name: str) -> Counter[date]:
    rows = spans.annotate(day=TruncDate(name)).values("day").annotate(n=Count("pk")).order_by()
    return Counter({row["day"]: row["n"] for row in rows})


def _until(counted: Counter[date], day: date) -> int:
    return sum(n for on, n in counted.items() if on <= day)
