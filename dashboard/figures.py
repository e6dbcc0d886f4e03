"""Counts as the homes show them: the parts of a bar and the points of a trend, each a door to what it counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode

from audit.moment import Moment
from dashboard.reach import Reach
from findings.coverage_figures import CoverageFigures
from findings.coverage_places import Place, figures_of_places
from findings.explore import kept, url_for
from findings.models import Severity, Status
from findings.parameters import SEVERITY_WORDS
from findings.tallies import Tally
from findings.trends import Trends
from organisation.permissions import may

ASSESSED = [Status.PASS.value, Status.FAIL.value, Status.UNKNOWN.value]
GRAVE = [SEVERITY_WORDS[Severity.CRITICAL], SEVERITY_WORDS[Severity.HIGH]]


def counted(tally: Tally) -> list[dict[str, Any]]:
    """A stacked bar of results by status."""
    counts = (
        (Status.FAIL, tally.failed),
        (Status.UNKNOWN, tally.unknown),
        (Status.NOT_APPLICABLE, tally.not_applicable),
        (Status.PASS, tally.passed),
    )
    return [
        {"status": status, "count": count} for status, count in counts if count or status in (Status.FAIL, Status.PASS)
    ]


def parts(tally: Tally, **kept: Any) -> list[dict[str, Any]]:
    """The same with a door to each part. kept: the explorer's parameters that all of them share."""
    return [part | {"url": url_for(status=part["status"], suppressed="no", **kept)} for part in counted(tally)]


def grave(tally: Tally) -> int:
    """Fails of critical and high severity."""
    return sum(tally.failed_by_severity.get(severity, 0) for severity in (Severity.CRITICAL, Severity.HIGH))


def trend_points(found: Trends, reach: Reach) -> list[dict[str, Any]]:
    """A point a day: what failed at its end. Each leads to these findings as of then, as they were counted."""
    if found.is_empty:
        return []
    return [
        {"at": day, "value": fails, "url": "" if fails is None else _failing_then(found.moment_of(day), reach)}
        for day, fails in zip(found.days, found.fails, strict=True)
    ]


def _failing_then(moment: Moment, reach: Reach) -> str:
    then = {"as_of": moment.at, "known_at": moment.known_at}
    return url_for(**then, status="fail", suppressed="no", solution=reach.door)


def coverage_of(reach: Reach, found: Sequence[Place], query: QueryDict) -> CoverageFigures:
    """The coverage of the home's accounts; a door to its page for who may open it."""
    url = reverse("findings:coverage") if may(reach.user, "coverage.view") else ""
    moment = urlencode(kept(query))
    return figures_of_places(found, f"{url}?{moment}" if url and moment else url)
