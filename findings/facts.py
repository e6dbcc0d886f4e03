"""What AWS said, counted in AWS's own words: to hold beside AWS's own figures.

Nothing is combined or scored here, and findings that AWS no longer reports do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, F, QuerySet

from audit.moment import Moment
from findings.models import ConfigRule, Connection, CoverageSpan, FindingSpan, RecordState, Severity, Source

CONTROL = r"^[A-Za-z][A-Za-z0-9]*\.[0-9]+$"
NONE = "None"
"""The key of findings of which AWS says nothing."""


def facts(connections: Sequence[Connection], moment: Moment) -> dict[str, Any]:
    return {
        "findings": finding_facts(connections, moment),
        "config": config_facts(connections, moment),
        "coverage": coverage_facts(connections, moment),
    }


def _spans(connections: Sequence[Connection], source: Source, moment: Moment) -> QuerySet[FindingSpan]:
    return FindingSpan.objects.filter(
        moment.holds(), finding__connection__in=connections, finding__source=source
    ).order_by()


def _counts(spans: QuerySet[FindingSpan], *fields: str) -> list[tuple[Any, ...]]:
    return list(spans.values_list(*fields).annotate(n=Count("pk")))


def finding_facts(connections: Sequence[Connection], moment: Moment) -> dict[str, Any]:
    """Security Hub's findings, counted by one of their members at a time."""
    spans = _spans(connections, Source.SECURITY_HUB, moment)
    names = ("record_state", "account", "region", "severity", "compliance_status", "workflow_status", "product")
    by: dict[str, Counter[str]] = {f"by_{name}": Counter() for name in names}
    active: Counter[str] = Counter()
    rows = _counts(
        spans,
        "record_state",
        "account",
        "region",
        "severity",
        "compliance_status",
        "workflow",
        "finding__product",
        "finding__product_arn",
    )
    for record, account, region, severity, compliance, workflow, product, product_arn, n in rows:
        label = Severity(severity).name
        values = (record, account, region, label, compliance or NONE, workflow, product or _last(product_arn))
        for name, value in zip(names, values, strict=True):
            by[f"by_{name}"][value] += n
        if record == RecordState.ACTIVE:
            active[label] += n
    failed = spans.filter(record_state=RecordState.ACTIVE, compliance_status="FAILED", check_ran__key__regex=CONTROL)
    return {
        "total": by["by_record_state"].total(),
        **{name: _sorted(counts) for name, counts in by.items()},
        "active_by_severity": _sorted(active),
        "failed_active_by_control": dict(sorted(_counts(failed, "check_ran__key"))),
    }


def _last(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def config_facts(connections: Sequence[Connection], moment: Moment) -> dict[str, Any]:
    """Account → region → rule name → compliance type → resources. A rule without results lists none."""
    found: dict[str, dict[str, dict[str, dict[str, int]]]] = {}
    rules = ConfigRule.objects.filter(moment.holds(), scope__connection__in=connections)
    for account, region, rule in rules.values_list("scope__account", "scope__region", "name"):
        found.setdefault(account, {}).setdefault(region, {})[rule] = {}
    rows = _counts(
        _spans(connections, Source.CONFIG, moment), "account", "region", "finding__rule_name", "compliance_status"
    )
    for account, region, rule, word, n in sorted(rows):
        found.setdefault(account, {}).setdefault(region, {}).setdefault(rule, {})[word] = n
    return found


def coverage_facts(connections: Sequence[Connection], moment: Moment) -> list[dict[str, Any]]:
    """The state of every place known at the moment, and since when. One that is out of use by then is disabled."""
    spans = CoverageSpan.objects.filter(moment.holds(), scope__connection__in=connections)
    rows = spans.order_by("scope__account", "scope__region", "scope__source").values(
        "state", "reason", account=F("scope__account"), region=F("scope__region"), source=F("scope__source"),
        since=F("valid_from"),
    )  # fmt: skip
    return [
        {name: row[name] for name in ("account", "region", "source", "state")}
        | {"since": row["since"].isoformat(), "reason": row["reason"]}
        for row in rows
    ]
