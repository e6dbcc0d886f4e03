from __future__ import annotations

from functools import partial
from typing import Any

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from audit.keyset import page_of
from dashboard import first_line as first
from dashboard import phrasing
from dashboard.administrator import administration, administrators
from dashboard.audits import audits
from dashboard.failing import opened
from dashboard.figures import ASSESSED, GRAVE, coverage_of, parts, trend_points
from dashboard.kept import Parts, kept
from dashboard.lines import choices, line_of
from dashboard.reach import Reach
from dashboard.risks import own, steered
from dashboard.second_line import Since, second_line
from dashboard.third_line import state_offers, third_line
from findings.changes import WAYS, changes
from findings.coverage_places import Place, places
from findings.explore import kept as kept_moment
from findings.listing import listed, rows_of
from findings.tallies import Tally
from organisation.middleware import Request
from organisation.models import Role
from organisation.permissions import may, permitted

PAGE = 50
CHANGED_ORDER = ("-severity", "-valid_from", "finding_id")
ROW = "row-"
BLOCKS = ("title", "head", "heading", "sub", "actions", "content")
BETWEEN = "\x1e"
"""Between the rendered blocks: a character that no HTML holds."""


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
@permitted("home.view")
def home(request: Request) -> HttpResponse:
    """What this reader should see first, by their line; who holds several has the line in the address."""
    line = line_of(request)
    if len(request.user.roles_today) > 1 and "line" not in request.GET:
        query = request.GET.copy()
        query["line"] = line
        return redirect(f"{request.path}?{query.urlencode()}")
    target = str(request.htmx.target or "")
    if line == Role.FIRST and request.htmx and target.startswith(ROW):
        return _row(request, Reach.of(request, line), target.removeprefix(ROW))
    parts = kept(request, partial(_parts, request, line))
    return render(request, "dashboard/home.html", {"parts": parts})


def _parts(request: Request, line: str) -> Parts:
    """Raises Http404 and BadRequest, as the address has it."""
    if line == Role.ADMINISTRATOR:
        return _administrator(request)
    show = {Role.FIRST.value: _first_line, Role.SECOND.value: _second_line}.get(line, _third_line)
    return show(request, Reach.of(request, line))


def _administrator(request: Request) -> Parts:
    found = administration()
    return _page(request, Role.ADMINISTRATOR, "administrator", found=found, title=phrasing.administrator_title(found))


def _first_line(request: Request, reach: Reach) -> Parts:
    found = first.first_line(reach, request.GET)
    return _page(
        request,
        reach.line,
        "first_line",
        found=found,
        title=phrasing.first_line_title(reach, found.standing),
        accounts=first.account_choices(reach, found),
        cleared=first.without_filter(request.GET),
        risks=own(reach),
        **_said(request, reach, found.standing.total, found.coverage),
    )


def _row(request: Request, reach: Reach, key: str) -> HttpResponse:
    """One row of the failing checks, unfolded where the address says so."""
    found = opened(reach, key)
    if found is None:
        raise Http404("Nothing fails there at this moment")
    unfolded = found if request.GET.get("open") == key else None
    context = {"row": found.row, "unfolded": unfolded, "reach": reach, "assessed": ASSESSED}
    return render(request, "dashboard/_failing_row.html", context)


def _second_line(request: Request, reach: Reach) -> Parts:
    found = second_line(
        reach,
        request.GET.get("since", ""),
        every_account=request.GET.get("accounts") == "all",
        every_solution=request.GET.get("solutions") == "all",
    )
    return _page(
        request,
        reach.line,
        "second_line",
        found=found,
        since=found.since,
        subject=phrasing.second_line_subject(reach),
        trend_points=trend_points(found.trends, reach),
        graves=GRAVE,
        risks=steered(request, reach),
        **_said(request, reach, found.total, found.coverage),
    )


def _third_line(request: Request, reach: Reach) -> Parts:
    found = third_line(reach, request.GET)
    return _page(
        request,
        reach.line,
        "third_line",
        found=found,
        audits=audits(reach),
        title=phrasing.third_line_title(request.moment, found),
        state_offers=state_offers(found, request.GET),
        inputs={"at": _input(request, "at"), "known_at": _input(request, "known_at")},
        zone=timezone.get_current_timezone_name(),
        sees_connections=may(request.user, "connection.view"),
        cleared=first.without_filter(request.GET),
        **_said(request, reach, found.total, found.coverage),
    )


def _input(request: Request, name: str) -> str:
    """A moment for a datetime-local control, in the reader's zone."""
    return timezone.localtime(getattr(request.moment, name)).strftime("%Y-%m-%dT%H:%M")


def _said(request: Request, reach: Reach, total: Tally, covered: list[Place]) -> dict[str, Any]:
    """What stands above every line's facts: whose they are, how many, and how much of them is known."""
    return {
        "reach": reach,
        "total": total,
        "assessed": ASSESSED,
        "parts": parts(total, solution=reach.door, **kept_moment(request.GET)),
        "coverage": coverage_of(reach, covered, request.GET),
    }


def _page(request: Request, line: str, name: str, **context: Any) -> Parts:
    """The blocks of a line's home, rendered; what surrounds them is every page's frame."""
    lines = choices(request.user, line)
    context = {"line": line, "lines": lines, "between": BETWEEN, **context}
    rendered = render_to_string(f"dashboard/{name}.html", context, request)
    return {name: mark_safe(text) for name, text in zip(BLOCKS, rendered.split(BETWEEN), strict=True)}  # noqa: S308


@require_safe
@permitted("posture.view")
def changed(request: Request) -> HttpResponse:
    """The findings that got worse, got better or are gone between two moments: what the homes count."""
    way = way_of(request)
    reach = Reach.of(request, line_of(request))
    since = Since.of(request.GET.get("since", ""), request.moment)
    counts = changes(request.user, request.moment, since.at, reach.where).total
    spans = listed(WAYS[way](request.user, request.moment, since.at, reach.where), request.moment)
    page = page_of(spans, order=CHANGED_ORDER, cursor=request.GET.get("cursor", ""), size=PAGE)
    context = {
        "title": phrasing.changes_title(way, counts, since.words),
        "tabs": phrasing.changes_tabs(way, counts, request.GET),
        "since": since,
        "way": way,
        "total": getattr(counts, way),
        "page": page,
        "rows": rows_of(page.rows, request.user, request.moment),
        "coverage": coverage_of(reach, places(request.user, request.moment, reach.accounts), request.GET),
    }
    return render(request, "dashboard/changes.html", context)


def way_of(request: Request) -> str:
    """Raises BadRequest."""
    way = request.GET.get("way", "worse")
    if way not in WAYS:
        raise BadRequest(_("way is one of %(ways)s") % {"ways": ", ".join(WAYS)})
    return way


def no_role(request: HttpRequest) -> HttpResponse:
    """What somebody without a role reads at every address: that they have none, and whom to ask."""
    return render(request, "dashboard/no_role.html", {"administrators": administrators()}, status=403)
