"""Provider reports: what shows the provider's part, and what they expect of us."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.public_id import get_or_404
from controls.models import Area, ComplementaryControl, ProviderReport
from controls.provider_parts import Report, Shown, expected_at, reports_at
from controls.refusals import Refused
from controls.responsibility_forms import ExpectedForm, GapLetterForm, ProviderReportForm, ReadForm
from organisation.forms import ReasonForm
from organisation.middleware import Request
from organisation.models import User
from organisation.permissions import may, permitted
from organisation.views.form_page import FormPage

GOOD = (Shown.SHOWN, Shown.EXCEPTIONS)


@require_safe
@permitted("responsibility.view")
def provider_reports(request: Request) -> HttpResponse:
    rows = reports_at(request.moment.at)
    context = {
        "title": _title(rows),
        "rows": rows,
        "records": may(request.user, "provider_report.record") and request.moment.is_now,
    }
    return render(request, "controls/provider_reports.html", context)


def _title(rows: list[Report]) -> str:
    if not rows:
        return _("No provider report is recorded")
    good = sum(row.state in GOOD for row in rows)
    title = ngettext("%(n)d provider report speaks", "%(n)d provider reports speak", good) % {"n": good}
    ended = sum(row.state == Shown.STALE for row in rows)
    unread = sum(row.state == Shown.UNREAD for row in rows)
    if ended:
        title += ", " + ngettext("%(n)d has ended", "%(n)d have ended", ended) % {"n": ended}
    if unread:
        title += ", " + ngettext("%(n)d is not read yet", "%(n)d are not read yet", unread) % {"n": unread}
    return title


@require_safe
@permitted("responsibility.view")
def provider_report(request: Request, public_id: str) -> HttpResponse:
    at = request.moment.at
    row = get_or_404(ProviderReport.objects.filter(recorded_at__lte=at), public_id)
    told = next((one for one in reports_at(at) if one.row.pk == row.pk), None)
    expected = expected_at(row, at)
    met = sum(bool(one.said and one.said.control) for one in expected)
    context = {
        "row": row,
        "report": told,
        "title": _detail_title(row, told),
        "areas": [Area(area).label for area in row.areas],
        "services": row.services.all(),
        "readings": row.readings.filter(read_at__lte=at).select_related("read_by"),
        "letters": row.gap_letters.filter(recorded_at__lte=at).select_related("recorded_by"),
        "expected": expected,
        "met": met,
        "records": may(request.user, "provider_report.record") and request.moment.is_now and told is not None,
    }
    return render(request, "controls/provider_report.html", context)


def _detail_title(row: ProviderReport, told: Report | None) -> str:
    state = told.state.label if told else _("Withdrawn")
    return _("%(name)s: %(state)s") % {"name": row.name, "state": str(state).lower()}


@permitted("provider_report.record")
def record(request: Request) -> HttpResponse:
    form = ProviderReportForm(request.POST or None)
    page = FormPage(
        heading=_("Record a provider report"),
        lead=_(
            "What it is, what it speaks of and what it expects of us. It shows the provider's part once it is read."
        ),
        verb=_("Record it"),
        back=reverse("controls:provider_reports"),
        back_label=_("Provider reports"),
    )
    try:
        made = _recorded(form, request.user) if form.is_valid() else None
    except Refused as no:
        form.add_error(FIELDS.get(no.field, no.field), str(no))
        made = None
    if made is None:
        context = {"page": page, "form": form}
        return render(request, "controls/provider_report_form.html", context, status=422 if form.is_bound else 200)
    messages.success(request, _("%(name)s is recorded.") % {"name": made})
    return redirect("controls:provider_report", made.public_id)


FIELDS = {"period_to": "last_day"}
"""Where the form names a field by another word than the model."""


def _recorded(form: ProviderReportForm, by: User) -> ProviderReport:
    """Raises Refused."""
    made = ProviderReport.record(by=by, **form.said)
    if form.cleaned_data["read"]:
        made.read(exceptions=form.cleaned_data["exceptions"], by=by)
    return made


def _open(request: Request, public_id: str) -> ProviderReport:
    """One that is not withdrawn."""
    return get_or_404(ProviderReport.objects.recorded(request.moment.at), public_id)


def _page(row: ProviderReport, **said: Any) -> FormPage:
    return FormPage(back=reverse("controls:provider_report", args=[row.public_id]), back_label=row.name, **said)


@permitted("provider_report.record")
def read(request: Request, public_id: str) -> HttpResponse:
    row = _open(request, public_id)
    form = ReadForm(request.POST if request.method == "POST" else None)
    page = _page(
        row,
        heading=_("I have read %(name)s") % {"name": row},
        lead=_("Your name and the day stand beside it. From now on it shows the provider's part of what it covers."),
        verb=_("I have read it"),
    )
    if not form.is_valid():
        return page.show(request, form)
    row.read(exceptions=form.cleaned_data["exceptions"], by=request.user)
    messages.success(request, _("Noted."))
    return redirect(page.back)


@permitted("provider_report.record")
def gap_letter(request: Request, public_id: str) -> HttpResponse:
    row = _open(request, public_id)
    form = GapLetterForm(request.POST or None)
    page = _page(
        row,
        heading=_("A gap letter for %(name)s") % {"name": row},
        lead=_("The provider's statement that nothing changed after the report's period; also called bridge letter."),
        verb=_("Note the letter"),
    )
    if not form.is_valid():
        return page.show(request, form)
    try:
        row.bridge(form.cleaned_data["until"], note=form.cleaned_data["note"], by=request.user)
    except Refused as no:
        form.add_error(no.field, str(no))
        return page.show(request, form)
    messages.success(request, _("Noted."))
    return redirect(page.back)


@permitted("provider_report.record")
def withdraw(request: Request, public_id: str) -> HttpResponse:
    row = _open(request, public_id)
    form = ReasonForm(request.POST or None)
    page = _page(
        row,
        heading=_("Withdraw %(name)s") % {"name": row},
        lead=_("From now on it shows nothing. It stays to be read, with your reason; past moments stay as they were."),
        verb=_("Withdraw the report"),
        danger=True,
    )
    if not form.is_valid():
        return page.show(request, form)
    row.withdraw(because=form.cleaned_data["reason"], by=request.user)
    messages.success(request, _("%(name)s is withdrawn.") % {"name": row})
    return redirect(page.back)


@permitted("provider_report.record")
def expected(request: Request, public_id: str, pk: int) -> HttpResponse:
    """By which of our controls one that the report expects is met."""
    row = _open(request, public_id)
    asked: ComplementaryControl | None = row.expected_controls.filter(pk=pk).first()
    if asked is None:
        raise Http404(f"{row.public_id} expects no such control")
    form = ExpectedForm(request.POST or None)
    page = _page(row, heading=_("How is this met?"), lead=asked.asks, verb=_("State it"))
    if not form.is_valid():
        return page.show(request, form)
    asked.answer(form.cleaned_data["control"], because=form.cleaned_data["because"], by=request.user)
    messages.success(request, _("Stated."))
    return redirect(page.back)
