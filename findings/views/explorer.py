from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect

from audit.keyset import page_of
from findings import columns
from findings.came_from import PAGE, query_of
from findings.coverage_figures import coverage, scopes_visible_to
from findings.explore import ORDERS, FindingFilter
from findings.facets import Facets, facets
from findings.forms import PRODUCTS, FilterForm
from findings.listing import account_names, listed, rows_of
from findings.models import Connection, Export, Severity, Status
from findings.phrasing import chips_of, mistakes_in, title_of
from organisation.middleware import Request
from organisation.models import Solution, Visibility
from organisation.permissions import may, permitted


@require_safe
@vary_on_headers("HX-Request")
@permitted("finding.view")
def explorer(request: Request) -> HttpResponse:
    """Every list of findings: what the address asks for, at its moment, for its reader."""
    asked = FindingFilter.of(request.GET, request.user)
    if any(not value for value in request.GET.values()):
        return redirect(asked.url())  # a form sends its empty controls too
    if request.htmx and _scope_changes(request, asked):
        return HttpResponseClientRedirect(request.get_full_path())  # the header names the scope
    found = facets(asked, request.user, request.moment)
    spans = listed(asked.spans(request.user, request.moment), request.moment)
    page = page_of(spans, order=ORDERS[asked.order], cursor=request.GET.get("cursor", ""), size=PAGE)
    context = {
        "asked": asked,
        "title": title_of(asked, found, _scope(request, asked)),
        "coverage": coverage(request.user, request.moment),
        "tabs": _tabs(asked, found),
        "chips": chips_of(asked, found),
        "mistakes": mistakes_in(asked),
        "searched_checks_only": any(search.is_short for search in asked["q"]),
        "offers": _offers(asked, found),
        "form": _form(request, asked, found),
        "products": PRODUCTS,
        "columns": columns.chosen(request.GET),
        "exports": _exports(request, asked),
        "page": page,
        "rows": rows_of(page.rows, request.user, request.moment),
        "list_query": query_of(request, asked),
        "total": None if found.beyond else found.total,
        "empty": None if page.rows else _empty(request, asked, found),
    }
    template = "findings/_explorer_part.html" if request.htmx else "findings/explorer.html"
    response = render(request, template, context, status=422 if asked.errors else 200)
    if request.htmx:
        response["HX-Push-Url"] = request.get_full_path()
    return response


def _scope_changes(request: HttpRequest, asked: FindingFilter) -> bool:
    """Whether the page on screen was asked of another solution than this answer."""
    shown = urlsplit(request.htmx.current_url or "").query  # type: ignore[attr-defined]
    return QueryDict(shown).getlist("solution") != asked.given.get("solution", [])


def _scope(request: Request, asked: FindingFilter) -> str:
    """The solutions asked for, by name; empty where they are not all that the list is about."""
    solutions = asked["solution"]
    if not solutions or None in solutions or "solution" in asked.errors:
        return ""
    found = Solution.objects.visible_to(request.user).in_bulk(solutions)
    return get_text_list(sorted(solution.name for solution in found.values()), _("and"))


def _exports(request: Request, asked: FindingFilter) -> list[dict[str, str]]:
    """The list as a file: each form with the page that asks for it, where there is something to ask for."""
    if asked.errors or not may(request.user, "finding.export"):
        return []
    query = request.GET.copy()
    query.pop("cursor", None)
    address = reverse("findings:export")
    found = []
    for form in Export.Form:
        query["form"] = form.value
        found.append({"label": str(form.label), "url": f"{address}?{query.urlencode(safe=':')}"})
    return found


def _tabs(asked: FindingFilter, found: Facets) -> list[dict[str, Any]]:
    by_status, counts = found.by_status, not (found.beyond or asked.errors)
    current = asked["status"]
    tabs = [
        {
            "label": _("All"),
            "url": asked.url(status=None),
            "current": not current,
            "count": sum(by_status.values()) if counts else None,
        }
    ]
    for status in (Status.FAIL, Status.PASS, Status.UNKNOWN, Status.REPORT, Status.NOT_APPLICABLE):
        tabs.append(
            {
                "label": status.label,
                "url": asked.url(status=status),
                "current": current == [status],
                "count": by_status[status] if counts else None,
            }
        )
    return tabs


def _offers(asked: FindingFilter, found: Facets) -> list[dict[str, Any]]:
    """Severities worth a click, where the list is not narrowed to any yet."""
    if asked["severity"] or found.beyond:
        return []
    by_severity = found.by_severity
    return [
        {"label": severity.label, "count": by_severity[severity], "url": asked.url(severity=severity)}
        for severity in (Severity.CRITICAL, Severity.HIGH)
        if 0 < by_severity[severity] < found.total
    ]


def _form(request: Request, asked: FindingFilter, found: Facets) -> FilterForm:
    places = set(scopes_visible_to(request.user, request.moment.at).order_by().values_list("account", "region"))
    accounts = {account for account, region in places} | set(found.by_account) - {""}
    names = account_names(accounts)
    choices = sorted(
        ((account, f"{names.get(account, '')} {account}".strip()) for account in accounts),
        key=lambda choice: choice[1],
    )
    return FilterForm(asked, choices, sorted({region for account, region in places}))


def _empty(request: Request, asked: FindingFilter, found: Facets) -> dict[str, Any]:
    """Why a list is empty, and what to do about it."""
    seen = Visibility.of(request.user)
    if asked.errors:
        return {
            "title": _("The list is empty because its filter cannot be read"),
            "why": _("Correct the value that is marked above, or remove it."),
        }
    if not Connection.objects.exists():
        manages = may(request.user, "connection.manage")
        return {
            "status": "not_observed",
            "title": _("Nothing is connected"),
            "why": _("Findings appear once an administrator has connected an AWS organisation."),
            "door": "findings:connection_add" if manages else "",
            "verb": _("Add a connection"),
        }
    if not seen.everything and not seen.solutions:
        return {
            "title": _("No solution is open to you yet"),
            "why": _("An owner of your solution, or the second line, can give you access to it."),
        }
    if not request.moment.is_now and not asked.is_narrowed:
        return {
            "status": "not_observed",
            "title": _("Nothing was observed at this moment"),
            "why": _("The portal had not read anything of what you may see by then."),
        }
    if asked["status"] == [Status.FAIL] and found.by_status[Status.PASS]:
        return {
            "status": "pass",
            "title": _("Nothing fails here"),
            "why": _("What answered here passes, is unknown or does not apply. The coverage above says what did not."),
        }
    if asked.is_narrowed:
        return {
            "title": _("Nothing matches this filter"),
            "why": _("Remove a part of it to see more."),
            "url": asked.bare_url,
            "verb": _("Remove the filter"),
        }
    return {
        "status": "not_observed",
        "title": _("Nothing has been read yet"),
        "why": _("A connection exists, and no reading of it has brought findings that you may see."),
    }
