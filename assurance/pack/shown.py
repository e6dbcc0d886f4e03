"""What checks show in the solutions of a pack: their figures, and every failure as a row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Sum

from assurance.pack.contents import CheckPart, Failure
from assurance.pack.scope import Scope
from controls.results import ACCEPTED, NOTHING, PLACES, Results, counted
from findings.acceptances import accepted_fails
from findings.models import Acceptance, Check, FindingSpan, Severity, Status
from findings.tallies import postures

FIRST = 10
"""How many failures of a check are listed where it is told."""
FIRST_ROW = 2
"""Of failures.csv: its heading is row 1."""


@dataclass(frozen=True)
class FailureRow:
    """A row of failures.csv."""

    check: str
    check_key: str
    finding: str
    resource: str
    account: str
    region: str
    severity: str
    since: datetime
    accepted_by: str


def check_parts(scope: Scope, checks: Iterable[int], failures: Mapping[int, list[Failure]]) -> dict[int, CheckPart]:
    """By key. failures: the first ones of each."""
    wanted = set(checks)
    rows = Check.objects.filter(pk__in=wanted).only("pk", "key", "title").order_by("key", "pk")
    answered = _results(scope)
    found: dict[int, CheckPart] = {}
    for one in rows:
        counts = answered.get(one.pk, NOTHING)
        found[one.pk] = CheckPart(
            id=one.public_id,
            key=one.key,
            title=one.title,
            population=counts.assessed,
            passing=counts.passed,
            failing=counts.failed - counts.accepted,
            accepted=counts.accepted,
            unknown=counts.unknown,
            failures=failures.get(one.pk, []),
        )
    return found


def _results(scope: Scope) -> Results:
    """What each check says of the solutions together, a finding that several share once. A query, and its count."""
    theirs: dict[str, Any] = {"solutions__overlap": scope.keys}
    found = postures(scope.moment).filter(**theirs, status__in=PLACES)
    rows: list[tuple[int, str, bool, int]] = list(
        found.values_list("check_ran", "status", "suppressed").annotate(total=Sum("n")).order_by()
    )
    accepted = accepted_fails(scope.moment).filter(**theirs).values_list("check_ran").annotate(n=Count("pk"))
    rows += [(check, ACCEPTED, False, n) for check, n in accepted.order_by()]
    return counted(rows)


def failing(scope: Scope, checks: Iterable[int]) -> Iterator[tuple[int, FailureRow]]:
    """Every failure of these checks, worst first within each, with the check's key. Two queries, read in blocks."""
    wanted = sorted(set(checks))
    spans = FindingSpan.objects.at(scope.moment).counted().filter(status=Status.FAIL, check_ran__in=wanted)
    rows = spans.filter(solutions__overlap=scope.keys).order_by(
        "check_ran__key", "check_ran_id", "-severity", "status_since", "finding_id"
    )
    accepted = _accepted(scope)
    columns = (
        "check_ran", "check_ran__key", "finding", "finding__resource__native_id", "account", "region", "severity",
        "status_since",
    )  # fmt: skip
    for check, key, finding, resource, account, region, severity, since in rows.values_list(*columns).iterator():
        yield (
            check,
            FailureRow(
                check=f"{Check.public_prefix}-{check}",
                check_key=key,
                finding=f"F-{finding}",
                resource=resource or "",
                account=account,
                region=region,
                severity=str(Severity(severity).label),
                since=since,
                accepted_by=", ".join(accepted.get(finding, [])),
            ),
        )


def _accepted(scope: Scope) -> dict[int, list[str]]:
    """Finding → the exceptions that it stands under."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = Acceptance.objects.in_force(scope.moment.at).order_by("exception", "pk")
    for finding, exception in rows.values_list("finding", "exception"):
        found[finding].append(exception)
    return found


def failure(row: FailureRow, number: int) -> Failure:
    """number: of its row in failures.csv."""
    return Failure(
        resource=row.resource,
        account=row.account,
        region=row.region,
        severity=row.severity,
        since=row.since,
        accepted_by=row.accepted_by,
        csv_row=number,
    )
