from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.public_id import get_or_404
from findings.check_trend import check_trend
from findings.coverage_figures import coverage
from findings.explore import kept, url_for
from findings.fixes import fix_for
from findings.listing import account_names, solutions_of
from findings.models import Check
from findings.phrasing import number
from findings.provenance import advice_of
from findings.tallies import Tally, tallies
from organisation.middleware import Request
from organisation.panels import panels
from organisation.permissions import permitted


@require_safe
@permitted("finding.view")
def check(request: Request, public_id: str) -> HttpResponse:
    """One check: what it asks, who fails it where, what it serves, how to fix it, its trend."""
    found = get_or_404(Check.objects.all(), public_id)
    where = Q(check_ran=found)
    by_account = tallies(request.user, request.moment, "account", where=where)
    by_solution = tallies(request.user, request.moment, "solutions", where=where)
    total = tallies(request.user, request.moment, where=where).get((), Tally())
    names = account_names(key[0] for key in by_account)
    solutions = solutions_of((key[0] for key in by_solution if key[0]), request.user)
    door = {**kept(request.GET), "check": found}
    accounts = [
        _row(names.get(account, account), account, tally, {**door, "account": account})
        for (account,), tally in by_account.items()
    ]
    owners = [
        _row(solutions[key].name if key else _("No solution"), "", tally, {**door, "solution": key or "none"})
        for (key,), tally in by_solution.items()
        if key is None or key in solutions
    ]
    points = check_trend(found, request.user, request.moment)
    context = {
        "check": found,
        "title": _title(found, total),
        "total": total,
        "coverage": coverage(request.user, request.moment),
        "fails_url": url_for(**door, status="fail", suppressed="no"),
        "all_url": url_for(**door),
        "accounts": _worst_first(accounts),
        "owners": _worst_first(owners),
        "fix": fix_for(found),
        "advice": advice_of(found, None),
        "panels": panels("check", request, found),
        "points": points if any(point["value"] for point in points) else [],
    }
    return render(request, "findings/check.html", context)


def _title(check: Check, total: Tally) -> str:
    if total.reported:
        words = ngettext("%(key)s: %(n)s report", "%(key)s: %(n)s reports", total.reported)
        return words % {"key": check.title or check.key, "n": number(total.reported)}
    if not total.assessed:
        return _("%(key)s: no result here") % {"key": check.key}
    if total.passed == total.assessed:
        words = ngettext("%(key)s: its %(n)s resource passes", "%(key)s: all %(n)s resources pass", total.passed)
        return words % {"key": check.key, "n": number(total.passed)}
    if not total.failed:
        return _("%(key)s: none fails, %(n)s unknown") % {"key": check.key, "n": number(total.unknown)}
    words = ngettext("%(key)s: %(n)s of %(all)s fails", "%(key)s: %(n)s of %(all)s fail", total.failed)
    return words % {"key": check.key, "n": number(total.failed), "all": number(total.assessed)}


def _row(name: str, account: str, tally: Tally, door: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "account": account if account != name else "",
        "tally": tally,
        "url": url_for(**door),
        "fails_url": url_for(**door, status="fail", suppressed="no"),
        "reported_url": url_for(**door, status="report", suppressed="no"),
        "unknown_url": url_for(**door, status="unknown", suppressed="no"),
        "suppressed_url": url_for(**door, suppressed="yes"),
        "parts": [
            {"status": "fail", "count": tally.failed},
            {"status": "unknown", "count": tally.unknown},
            {"status": "pass", "count": tally.passed},
        ],
    }


def _worst_first(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (-row["tally"].failed, -row["tally"].reported, row["name"]))
