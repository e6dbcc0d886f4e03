from __future__ import annotations

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.keyset import page_of
from audit.public_id import get_or_404
from findings import columns, unowned
from findings.acceptances import how_many_accepted
from findings.coverage_figures import coverage
from findings.explore import ORDERS, WORST_FIRST, FindingFilter, kept, url_for
from findings.facets import facets
from findings.listing import account_names, listed, rows_of, solutions_of
from findings.models import Resource, Status
from findings.parameters import NO_SOLUTION
from findings.timeline import recent_changes, told
from organisation.middleware import Request
from organisation.permissions import may, permitted

SHOWN = 100


@require_safe
@permitted("finding.view")
def resource(request: Request, public_id: str) -> HttpResponse:
    """One resource: what every check says of it at the moment, and what changed lately."""
    found = get_or_404(Resource.objects.visible_to(request.user), public_id)
    asked = FindingFilter.of(QueryDict(f"resource={found.public_id}"), request.user)
    tally = facets(asked, request.user, request.moment)
    spans = asked.spans(request.user, request.moment)
    page = page_of(listed(spans, request.moment), order=ORDERS[WORST_FIRST], size=SHOWN)
    fails = tally.by_status[Status.FAIL]
    archived = FindingFilter.of(QueryDict(f"resource={found.public_id}&record=archived"), request.user)
    context = {
        "resource": found,
        "title": _resource_title(str(found), fails, tally.total),
        "account": account_names([found.account]).get(found.account, ""),
        "solutions": solutions_of(found.solutions, request.user).values(),
        "rows": rows_of(page.rows, request.user, request.moment),
        "columns": columns.only("status", "severity", "since", "due"),
        "more": page.next_cursor,
        "all_url": asked.url(**kept(request.GET)),
        "total": tally.total,
        "accepted": how_many_accepted(spans, request.moment) if fails else 0,
        "accepted_url": asked.url(**kept(request.GET), status=Status.FAIL, accepted=True),
        "archived_url": archived.url(**kept(request.GET)),
        "archived_total": 0 if tally.total else archived.spans(request.user, request.moment).count(),
        "changes": told(recent_changes(found, request.user, request.moment)),
        "others": url_for(**kept(request.GET), type=found.type, account=found.account, status="fail"),
    }
    return render(request, "findings/resource.html", context)


def _resource_title(name: str, fails: int, total: int) -> str:
    if not total:
        return _("%(name)s: no check says anything of it") % {"name": name}
    if not fails:
        words = ngettext("%(name)s: its %(n)d finding does not fail", "%(name)s: none of %(n)d findings fails", total)
        return words % {"name": name, "n": total}
    words = ngettext("%(name)s: %(fails)d of %(n)d findings fails", "%(name)s: %(fails)d of %(n)d findings fail", fails)
    return words % {"name": name, "fails": fails, "n": total}


@require_safe
@permitted("finding.view")
def unowned_resources(request: Request) -> HttpResponse:
    """Resources that belong to no solution: those with failing findings, worst first, or all of them.

    Where the reader picks a solution in the header, it is that solution's findings they want.
    """
    asked = request.GET.get("solution", NO_SOLUTION)
    if asked != NO_SOLUTION:
        return redirect(url_for(**kept(request.GET), solution=asked))
    everything = request.GET.get("all") == "yes"
    cursor = request.GET.get("cursor", "")
    figures = unowned.figures(request.user, request.moment)
    if everything:
        page = unowned.all_of(request.user, cursor)
        rows = unowned.described(page.rows, request.user, request.moment)
    else:
        page, rows = unowned.failing(request.user, request.moment, cursor)
    accounts = {row.resource.account for row in rows}
    context = {
        "figures": figures,
        "scope_label": _("No solution"),
        "everything": everything,
        "page": page,
        "rows": rows,
        "coverage": coverage(request.user, request.moment),
        "names": account_names(accounts),
        "manages": may(request.user, "solution.manage"),
        "neighbours": unowned.neighbours(accounts, request.user, request.moment.at),
    }
    return render(request, "findings/unowned.html", context)
