"""The first line's home: what fails in my solutions, what is new, what is due."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from audit.counted import Page, page_of
from controls.awaiting import Awaited, tests_of
from dashboard.failing import (
    NEW,
    OVERDUE,
    Failing,
    FailingRow,
    Narrowing,
    Opened,
    Standing,
    checks_in,
    described,
    opened,
    standing,
    week_began,
)
from dashboard.reach import Reach
from findings.coverage_places import Place, places
from findings.models import FindingSpan, Severity
from findings.parameters import SEVERITY_WORDS
from findings.threats import worst_reports
from findings.unowned import Figures, figures

PAGE = 25


@dataclass(frozen=True)
class FirstLine:
    """What the page needs beside its reach. new_since: what began to fail after it is new."""

    standing: Standing
    narrowing: Narrowing
    matching: int
    matching_checks: int
    page: Page[Failing]
    rows: list[FailingRow]
    unfolded: Opened | None
    coverage: list[Place]
    threats: list[FindingSpan]
    unowned: Figures
    tests: list[Awaited]
    new_since: str
    chips: list[dict[str, Any]]
    offers: list[dict[str, Any]]


def first_line(reach: Reach, query: QueryDict) -> FirstLine:
    """A fixed number of queries, however much fails. Raises BadRequest on a filter that is none."""
    narrowing = Narrowing.of(query)
    asked = str(query.get("open", ""))
    found = standing(reach)
    wanted = narrowing.of_rows(found.rows)
    page = page_of(wanted, lambda row: row.order, cursor=query.get("cursor", ""), size=PAGE)
    return FirstLine(
        standing=found,
        narrowing=narrowing,
        matching=len(wanted),
        matching_checks=checks_in(wanted),
        page=page,
        rows=described(page.rows, reach),
        unfolded=opened(reach, asked) if asked else None,
        coverage=places(reach.user, reach.moment, reach.accounts),
        threats=worst_reports(reach.user, reach.moment, reach.where) if found.total.reported else [],
        unowned=figures(reach.user, reach.moment),
        tests=tests_due(reach),
        new_since=date_format(timezone.localtime(week_began(reach.moment)), "l j M"),
        chips=chips(reach, narrowing),
        offers=offers(narrowing, found, query),
    )


def tests_due(reach: Reach) -> list[Awaited]:
    """Tests of the reader's own controls, of the solutions that the home speaks of and of the organisation."""
    if reach.is_unowned:
        return []
    spoken_of = {None, *reach.subject}
    own = tests_of([reach.user], reach.moment.at)
    return [one for one in own if not reach.chosen or one[0].solution in spoken_of]


def chips(reach: Reach, narrowing: Narrowing) -> list[dict[str, Any]]:
    shown = []
    if narrowing.show:
        word = _("Overdue") if narrowing.show == OVERDUE else _("New")
        shown.append({"key": "show", "value": narrowing.show, "label": "", "word": word})
    if narrowing.severity is not None:
        word = str(Severity(narrowing.severity).label)
        value = SEVERITY_WORDS[narrowing.severity]
        shown.append({"key": "severity", "value": value, "label": _("Severity"), "word": word})
    if narrowing.account:
        word = reach.name_of(narrowing.account)
        shown.append({"key": "account", "value": narrowing.account, "label": _("Account"), "word": word})
    return shown


def offers(narrowing: Narrowing, found: Standing, query: QueryDict) -> list[dict[str, Any]]:
    """What the list could be narrowed to, each with how many checks would stay."""
    rows = narrowing.of_rows(found.rows)
    offered = []
    if not narrowing.show:
        overdue, new = [row for row in rows if row.is_overdue], [row for row in rows if row.is_new]
        offered += [_offer(_("Overdue"), overdue, query, show=OVERDUE), _offer(_("New"), new, query, show=NEW)]
    if narrowing.severity is None:
        for severity in Severity:
            these = [row for row in rows if row.worst == severity]
            offered.append(_offer(str(severity.label), these, query, severity=SEVERITY_WORDS[severity]))
    return [offer for offer in offered if offer["count"]]


def without_filter(query: QueryDict) -> str:
    """This page's address without what narrows its list."""
    changed = _from_first_page(query)
    for name in ("show", "severity", "account", "state"):
        changed.pop(name, None)
    return f"?{changed.urlencode()}"


def _from_first_page(query: QueryDict) -> QueryDict:
    changed = query.copy()
    for name in ("cursor", "open"):
        changed.pop(name, None)
    return changed


def _offer(label: str, rows: list[Failing], query: QueryDict, **change: str) -> dict[str, Any]:
    changed = _from_first_page(query)
    for name, value in change.items():
        changed[name] = value
    return {"label": label, "count": checks_in(rows), "url": f"?{changed.urlencode()}"}


def account_choices(reach: Reach, found: FirstLine) -> list[dict[str, Any]]:
    """The accounts in which something fails, with how many checks fail there."""
    by_account: dict[str, list[Failing]] = defaultdict(list)
    for row in found.narrowing.of_rows(found.standing.rows, but="account"):
        by_account[row.account].append(row)
    named = [
        {"value": account, "label": reach.name_of(account), "count": checks_in(rows)}
        for account, rows in by_account.items()
    ]
    return sorted(named, key=lambda one: str(one["label"]))
