"""Bringing a list of requests in: template, upload, preview, ask as one change."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from audit import clock
from audit.keyset import page_of
from audit.public_id import get_or_404
from controls.tables import as_csv
from evidence.models import RequestImport
from evidence.models.request_import import RequestImportQuerySet
from evidence.pbc import running
from evidence.pbc.columns import COLUMNS, SHEET
from evidence.request_forms import TOO_LARGE
from evidence.sources import asked_for, source_of
from organisation.middleware import Request
from organisation.models import NotAllowed, Solution
from organisation.permissions import permitted
from organisation.views.form_page import FormPage
from risks.exchange.writing import as_xlsx

SHOWN = 200
State = RequestImport.State


class ListForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy("The template, filled in (XLSX, CSV). At most 300 rows.")
    )


def _seen(request: Request) -> RequestImportQuerySet:
    return RequestImport.objects.visible_to(request.user).select_related("file", "requested_by")


@require_safe
@permitted("evidence_request.ask")
def lists(request: Request) -> HttpResponse:
    seen = RequestImport.objects.visible_to(request.user).select_related("requested_by").defer("preview", "problems")
    page = page_of(seen, order=("-id",), cursor=request.GET.get("cursor", ""))
    ready = seen.filter(state=State.READY).count()
    title = _("Lists of requests")
    if ready:
        title = ngettext("%(n)d list is ready to ask", "%(n)d lists are ready to ask", ready) % {"n": ready}
    return render(request, "evidence/request_lists.html", {"page": page, "title": title})


@require_safe
@permitted("evidence_request.ask")
def template(request: Request) -> HttpResponse:
    """An empty list, with what belongs into each column, and the reader's solutions to choose from."""
    about = {
        _("What"): _("A list of requests for evidence, to be filled in and brought in"),
        _("Rows"): _("One request each; at most 300"),
        _("Made for"): request.user.name,
    }
    solutions = Solution.objects.visible_to(request.user).in_use(clock.now()).order_by("name")
    choices = {"solution": list(solutions.values_list("name", flat=True))}
    return as_xlsx("requests-for-evidence", about, COLUMNS, [], choices, sheet_name=SHEET)


@permitted("evidence_request.ask")
def add(request: Request) -> HttpResponse:
    """?source=kind:id: what all of them are asked for."""
    if not request.moment.is_now:
        messages.error(request, _("Nobody acts in the past: go back to now."))
        return redirect("evidence:request_lists")
    source = asked_for(request.GET.get("source", ""), request.user)
    form = ListForm(request.POST or None, request.FILES or None)
    if "file" in getattr(request, "refused_files", ()):
        form.fields["file"].error_messages["required"] = TOO_LARGE
    lead = _("You see what it would ask for, row by row, before anybody is asked.")
    page = FormPage(
        heading=_("Bring in a list for %(name)s") % {"name": source.title} if source else _("Bring in a list"),
        verb=_("Read it and show me"),
        back=reverse("evidence:request_lists"),
        back_label=_("Lists of requests"),
        lead=lead,
    )
    if not form.is_valid():
        return page.show(request, form)
    file = form.cleaned_data["file"]
    made = running.requested(file.read(), name=file.name, source=source, by=request.user)
    return redirect("evidence:request_list", made.public_id)


@require_safe
@permitted("evidence_request.ask")
def one(request: Request, public_id: str) -> HttpResponse:
    """What a list would ask for, or why it is refused."""
    found = get_or_404(_seen(request), public_id)
    rows = found.preview.get("rows", [])
    context = {
        "found": found,
        "title": _title(found),
        "rows": rows[:SHOWN],
        "total": len(rows),
        "problems": found.problems[:SHOWN],
        "source": source_of(found.source_kind, found.source_id),
        "may_drop": found.state in (State.READY, State.REFUSED),
        "may_apply": found.state == State.READY and request.moment.is_now,
    }
    return render(request, "evidence/request_list.html", context)


def _title(found: RequestImport) -> str:
    told: dict[str, object] = {"id": found.public_id}
    if found.state == State.REFUSED:
        n = len(found.problems)
        return ngettext("%(id)s is refused: %(n)d problem", "%(id)s is refused: %(n)d problems", n) % {**told, "n": n}
    n = len(found.preview["rows"]) if found.preview else 0
    if found.state == State.READY:
        return ngettext("%(id)s would ask for %(n)d", "%(id)s would ask for %(n)d", n) % {**told, "n": n}
    if found.state == State.APPLIED:
        return ngettext("%(id)s asked for %(n)d", "%(id)s asked for %(n)d", n) % {**told, "n": n}
    return _("%(id)s is dropped") % told


@require_safe
@permitted("evidence_request.ask")
def problems(request: Request, public_id: str) -> HttpResponse:
    """Every problem of a list, as a file."""
    found = get_or_404(_seen(request), public_id)
    rows = [(one["place"], one["reason"]) for one in found.problems]
    return as_csv(f"{found.public_id}-problems", (_("Place"), _("Reason")), rows)


@require_POST
@permitted("evidence_request.ask")
def apply(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(_seen(request), public_id)
    try:
        running.apply(found, by=request.user)
    except NotAllowed as no:
        messages.info(request, str(no))
    return redirect("evidence:request_list", public_id)


@require_POST
@permitted("evidence_request.ask")
def drop(request: Request, public_id: str) -> HttpResponse:
    try:
        running.drop(get_or_404(_seen(request), public_id), by=request.user)
    except NotAllowed as no:
        messages.info(request, str(no))
    return redirect("evidence:request_lists")
