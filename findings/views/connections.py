from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import reselect, reswap, retarget

from audit.keyset import page_of
from audit.models import StaleRow
from audit.public_id import get_or_404
from findings import connecting, connection_tests
from findings.cloudformation import StackTemplate, rendered
from findings.connecting import Listed
from findings.coverage_figures import CoverageFigures
from findings.event_queue import heard
from findings.forms import ConnectionForm
from findings.listing import account_names
from findings.models import Connection, CoverageState
from findings.phrasing import number
from organisation.middleware import Request
from organisation.permissions import may, permitted

PLACES = 100
PROGRESS = "under-way"
"""The part of a connection's page that tells how far its readings are."""


@require_safe
@permitted("connection.view")
def connections(request: Request) -> HttpResponse:
    rows = connecting.listed(Connection.objects.all())
    context = {"rows": rows, "title": _list_title(rows), "manages": may(request.user, "connection.manage")}
    return render(request, "findings/connections.html", context)


def _list_title(rows: list[Listed]) -> str:
    if not rows:
        return _("Nothing is connected")
    whole = sum(row.coverage.is_complete for row in rows)
    if whole == len(rows):
        return ngettext("%(n)d connection, read in full", "%(n)d connections, all read in full", whole) % {"n": whole}
    gaps = len(rows) - whole
    words = ngettext("%(gaps)d of %(n)d connections has gaps", "%(gaps)d of %(n)d connections have gaps", gaps)
    return words % {"gaps": gaps, "n": len(rows)}


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
@permitted("connection.view")
def connection(request: Request, public_id: str) -> HttpResponse:
    """One way in: how far it reaches, what it cannot read and why, what it read lately.

    While a reading is under way its progress asks here again; once it has ended the answer is the whole page.
    """
    found = get_or_404(Connection.objects.all(), public_id)
    jobs = connecting.jobs_of(found).unfinished()
    if request.htmx.target == PROGRESS and jobs:
        return render(request, "findings/_sync_progress.html", {"connection": found, "jobs": jobs})
    (listed,) = connecting.listed([found])
    state = request.GET.get("state", "")
    state = state if state in CoverageState.values else ""
    places = connecting.scopes_of(found, state=state)
    order = ("account", "region", "source", "id")
    page = page_of(places, order=order, cursor=request.GET.get("cursor", ""), size=PLACES)
    set_aside = connecting.set_aside_of(found)
    context = {
        "connection": found,
        "title": _title(found, listed.coverage),
        "coverage": CoverageFigures(listed.coverage.counts, listed.coverage.at, request.path),
        "listed": listed,
        "parts": _parts(listed.coverage, request.path),
        "state": state,
        "state_word": CoverageState(state).label if state else "",
        "places_total": sum(listed.coverage.counts.values()) if not state else listed.coverage.counts[state],
        "page": page,
        "names": account_names(scope.account for scope in page.rows),
        **_test_of(found),
        "jobs": jobs,
        "last_job": connecting.jobs_of(found).finished().order_by("-finished_at").first(),
        "heard": heard(found),
        "runs": connecting.runs_of(found),
        "set_aside": set_aside[:5],
        "set_aside_total": set_aside.count(),
        "manages": may(request.user, "connection.manage"),
        "syncs": may(request.user, "connection.sync"),
        "sees_findings": may(request.user, "finding.view"),
    }
    response = render(request, "findings/connection.html", context)
    if request.htmx.target == PROGRESS:
        retarget(reselect(reswap(response, "outerHTML"), "#main"), "#main")
    return response


def _title(found: Connection, figures: CoverageFigures) -> str:
    if not figures.total:
        return _("%(name)s: nothing has been read yet") % {"name": found.name}
    told = {
        "name": found.name,
        "fresh": number(figures.counts[CoverageState.FRESH]),
        "n": number(figures.total),
    }
    if figures.is_complete:
        words = ngettext("%(name)s: its %(n)s place is fresh", "%(name)s: all %(n)s places are fresh", figures.total)
        return words % told
    return _("%(name)s: %(fresh)s of %(n)s places are fresh") % told


def _parts(figures: CoverageFigures, path: str) -> list[dict[str, object]]:
    return [
        {"status": state, "word": CoverageState(state).label, "count": n, "url": f"{path}?state={state}#places"}
        for state in ("fresh", "running", "stale", "disabled", "never", "failed", "denied")
        if (n := figures.counts[state])
    ]


@permitted("connection.manage")
def add(request: Request) -> HttpResponse:
    form = ConnectionForm(request.POST or None)
    if not form.is_valid():
        return _form(request, form, None)
    added = connecting.add(form.save(commit=False), by=request.user)
    messages.success(request, _("%(name)s is added. Deploy its roles, then test it.") % {"name": added.name})
    return redirect("findings:connection", added.public_id)


@permitted("connection.manage")
def change(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(Connection.objects.all(), public_id)
    form = ConnectionForm(request.POST or None, instance=found)
    if not form.is_valid():
        return _form(request, form, get_or_404(Connection.objects.all(), public_id))
    try:
        connecting.change(form.save(commit=False), read=form.cleaned_data["version"] or 0, by=request.user)
    except StaleRow:
        theirs = get_or_404(Connection.objects.all(), public_id)
        return _form(request, form.over(theirs), theirs)
    messages.success(request, _("%(name)s is changed.") % {"name": found.name})
    return redirect("findings:connection", found.public_id)


def _form(request: Request, form: ConnectionForm, found: Connection | None) -> HttpResponse:
    context = {"form": form, "connection": found}
    return render(request, "findings/connection_form.html", context, status=422 if form.is_bound else 200)


@require_POST
@permitted("connection.sync")
def sync(request: Request, public_id: str) -> HttpResponse:
    """Ask for a reading now. It goes on without the reader, and is found again under Jobs."""
    found = get_or_404(Connection.objects.all(), public_id)
    job, is_new = connecting.sync_now(found, full=request.POST.get("full") == "yes", by=request.user)
    if not is_new:
        messages.info(request, _("%(job)s is reading this connection already.") % {"job": job.public_id})
    page = reverse("findings:connection", args=[found.public_id])
    query = request.GET.urlencode()
    return redirect(f"{page}?{query}" if query else page)


@permitted("connection.manage")
def test(request: Request, public_id: str) -> HttpResponse:
    """Begin a live test (POST), and tell how far it is until it has ended."""
    found = get_or_404(Connection.objects.all(), public_id)
    if request.method == "POST":
        connecting.test_now(found, by=request.user)
    if not request.htmx:
        return redirect(f"{reverse('findings:connection', args=[found.public_id])}#test")
    return render(request, "findings/_test.html", {"connection": found, "manages": True, **_test_of(found)})


def _test_of(found: Connection) -> dict[str, object]:
    return {"steps": connecting.steps_of(found), "test_job": connection_tests.jobs_of(found).unfinished().first()}


@require_safe
@permitted("connection.manage")
def hub_role(request: Request, public_id: str) -> HttpResponse:
    return template(StackTemplate.HUB, get_or_404(Connection.objects.all(), public_id))


@require_safe
@permitted("connection.manage")
def member_role(request: Request, public_id: str) -> HttpResponse:
    return template(StackTemplate.MEMBER, get_or_404(Connection.objects.all(), public_id))


@require_safe
@permitted("connection.manage")
def write_role(request: Request, public_id: str) -> HttpResponse:
    return template(StackTemplate.WRITE, get_or_404(Connection.objects.all(), public_id))


@require_safe
@permitted("connection.manage")
def event_queue(request: Request, public_id: str) -> HttpResponse:
    return template(StackTemplate.QUEUE, get_or_404(Connection.objects.all(), public_id))


@require_safe
@permitted("connection.manage")
def event_forwarding(request: Request, public_id: str) -> HttpResponse:
    return template(StackTemplate.FORWARDING, get_or_404(Connection.objects.all(), public_id))


def template(which: StackTemplate, found: Connection) -> HttpResponse:
    """The stack as a CloudFormation file, with the connection's names and external id in it."""
    text = rendered(which, found, caller=connection_tests.known_caller(found))
    disposition = f'attachment; filename="{found.public_id}-{which.value}"'
    headers = {"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"}
    return HttpResponse(text, content_type="application/yaml", headers=headers)


@require_safe
@permitted("connection.view")
def set_aside(request: Request, public_id: str) -> HttpResponse:
    """Records that could not be taken in, each with the reason and its beginning."""
    found = get_or_404(Connection.objects.all(), public_id)
    rows = connecting.set_aside_of(found)
    page = page_of(rows, order=("-last_at", "-id"), cursor=request.GET.get("cursor", ""), size=PLACES)
    context = {"connection": found, "page": page, "total": rows.count()}
    return render(request, "findings/set_aside.html", context)
