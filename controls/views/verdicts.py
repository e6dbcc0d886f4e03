"""Tests and attestations, recorded and withdrawn on the page."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from audit.public_id import get_or_404
from controls import verdicts
from controls.control_forms import AttestationForm, ManualTestForm, VerdictForm
from controls.verdicts import Refused, may_answer, may_withdraw, record
from controls.views.control import controls, verdict_of
from organisation.forms import ReasonForm
from organisation.middleware import Request
from organisation.models import NotAllowed
from organisation.permissions import permitted
from organisation.views.form_page import FormPage


@permitted("control.answer")
def test(request: Request, public_id: str) -> HttpResponse:
    """Somebody followed the procedure, and says what they saw."""
    lead = _("By your name, for a period that is over. It is never edited; withdrawn, it still stands in the history.")
    return _said(request, public_id, ManualTestForm, _("Record a test of %(name)s"), _("Record the test"), lead)


@permitted("control.answer")
def attest(request: Request, public_id: str) -> HttpResponse:
    """Somebody without a log-in stated that it was so, and on what basis; who has one attests by themselves."""
    lead = _(
        "What somebody without a log-in stated, for a period that is over. Whoever has one attests it themselves, on "
        "the control's page."
    )
    heading = _("Write down a statement of %(name)s")
    return _said(request, public_id, AttestationForm, heading, _("Write it down"), lead)


def _said(
    request: Request, public_id: str, kind: type[VerdictForm], heading: str, verb: str, lead: str
) -> HttpResponse:
    control = get_or_404(controls(request).filter(retired_at=None), public_id)
    if control.solution and not may_answer(request.user, control, control.solution):
        raise PermissionDenied("control.answer")
    form = kind(request.POST or None, control=control, person=request.user)
    page = FormPage(
        heading=heading % {"name": control.name},
        verb=verb,
        back=reverse("controls:control", args=[control.public_id]),
        back_label=control.name,
        lead=lead,
    )
    if not form.is_valid():
        return page.show(request, form)
    try:
        verdict = record(control, kind=form.kind, by=request.user, **form.cleaned_data)
    except Refused as no:
        form.add_error(no.field or None, str(no.words))
        return page.show(request, form)
    messages.success(request, _("Recorded as %(id)s.") % {"id": verdict.public_id})
    return redirect(page.back)


@permitted("control.answer")
@transaction.atomic
def withdraw(request: Request, public_id: str) -> HttpResponse:
    verdict = verdict_of(request, public_id)
    form = ReasonForm(request.POST or None)
    page = FormPage(
        heading=_("Withdraw %(what)s %(id)s") % {"what": verdict.get_kind_display().lower(), "id": verdict.public_id},
        verb=_("Withdraw it"),
        back=reverse("controls:control", args=[verdict.control.public_id]),
        back_label=verdict.control.name,
        lead=_("From now on it speaks for no moment. That it was said, and that it was withdrawn, stays."),
        danger=True,
    )
    if not may_withdraw(request.user, verdict):
        raise PermissionDenied("control.answer")
    if not form.is_valid():
        return page.show(request, form)
    try:
        verdicts.withdraw(verdict, because=form.cleaned_data["reason"], by=request.user)
    except NotAllowed as no:
        form.add_error(None, str(no))
        return page.show(request, form)
    messages.success(request, _("Withdrawn. The history keeps it."))
    return redirect(page.back)
