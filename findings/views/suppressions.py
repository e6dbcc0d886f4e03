from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.keyset import page_of
from findings import columns
from findings.coverage_figures import coverage
from findings.explore import ORDERS, kept
from findings.listing import listed, rows_of
from findings.phrasing import chips_of, mistakes_in, number
from findings.suppressions import MEANT, choices, filter_of, notes_of
from organisation.middleware import Request
from organisation.permissions import permitted

PAGE = 50


@require_safe
@permitted("suppression.view")
def suppressions(request: Request) -> HttpResponse:
    """What is suppressed in AWS at the moment and no exception covers, worst first, with AWS's own note."""
    if any(not value for value in request.GET.values()):
        query = request.GET.copy()
        for name in [name for name, value in query.items() if not value]:
            del query[name]
        return redirect(f"{request.path}?{query.urlencode()}" if query else request.path)
    asked = filter_of(request.GET, request.user)
    spans = asked.spans(request.user, request.moment)
    page = page_of(
        listed(spans, request.moment), order=ORDERS[asked.order], cursor=request.GET.get("cursor", ""), size=PAGE
    )
    n = spans.count()
    context = {
        "asked": asked,
        "title": _title(n),
        "total": n,
        "coverage": coverage(request.user, request.moment),
        "choices": choices(asked, request.user, request.moment),
        "chips": [chip for chip in chips_of(asked, None) if chip["key"] not in MEANT],
        "mistakes": mistakes_in(asked),
        "columns": columns.only("status", "severity", "resource", "account", "solution"),
        "page": page,
        "rows": rows_of(page.rows, request.user, request.moment),
        "notes": notes_of(page.rows, request.moment),
        "explorer_url": asked.url(**kept(request.GET)),
        "all_url": asked.url(**kept(request.GET), accepted=None),
    }
    return render(request, "findings/suppressions.html", context, status=422 if asked.errors else 200)


def _title(n: int) -> str:
    if not n:
        return _("Nothing is suppressed in AWS without a live exception")
    words = ngettext(
        "%(n)s finding is suppressed in AWS without a live exception",
        "%(n)s findings are suppressed in AWS without a live exception",
        n,
    )
    return words % {"n": number(n)}
