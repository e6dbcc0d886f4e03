"""Writing the register, one risk at a time: changed, reviewed, linked, closed and reopened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit import clock
from audit.history import in_words, label_of
from audit.models import StaleRow, TrailEntry
from audit.public_id import get_or_404
from organisation.forms import ReasonForm
from organisation.middleware import Request
from organisation.models import NotAllowed
from organisation.own_work import attempted
from organisation.permissions import permitted
from organisation.views.form_page import FormPage
from risks import registering, rights
from risks.models import WRITTEN, Matrix, Risk
from risks.risk_forms import LinkControlForm, LinkFindingsForm, ReviewForm, RiskForm
from risks.views.risk import risks

AGAIN = timedelta(days=90)
"""When the next review is suggested."""


def page_of(risk: Risk, heading: str, verb: str, *, lead: str = "", danger: bool = False) -> FormPage:
    back = reverse("risks:risk", args=[risk.public_id])
    return FormPage(heading, verb, back, risk.title, lead, danger)


def done(request: Request, page: FormPage, form: forms.Form, act: Callable[[], object], words: str) -> HttpResponse:
    """Act and go back to the risk; or the form once more, with why not."""
    try:
        with transaction.atomic():
            act()
    except NotAllowed as no:
        form.add_error(None, str(no))
        return page.show(request, form)
    messages.success(request, words)
    return redirect(page.back)


def back_to(request: Request, risk: Risk, act: Callable[[], object], words: str) -> HttpResponse:
    """Of a single button: act, and say on the risk's page what came of it."""
    try:
        with transaction.atomic():
            act()
    except NotAllowed as no:
        messages.warning(request, str(no))
    else:
        messages.success(request, words)
    return redirect("risks:risk", risk.public_id)


def refused(request: Request, risk: Risk, why_not: str) -> HttpResponse | None:
    """Back with the reason, where there is one: nobody fills in a form for nothing."""
    if not why_not:
        return None
    attempted(why_not)
    messages.warning(request, why_not)
    return redirect("risks:risk", risk.public_id)


def _not_now(risk: Risk, request: Request) -> str:
    return rights.closed_refusal(risk) or rights.change_refusal(risk, request.user)


@permitted("risk.change")
def change(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(risks(request), public_id)
    if answer := refused(request, found, _not_now(found, request)):
        return answer
    page = page_of(found, _("Change %(title)s") % {"title": found.title}, _("Save the changes"))
    form = RiskForm(request.POST or None, person=request.user, risk=found)
    if not form.is_valid():
        return page.show(request, form)
    told = {"read": form.cleaned_data["version"] or 0, "because": form.cleaned_data["because"]}
    try:
        return done(
            request,
            page,
            form,
            lambda: registering.change(found, by=request.user, **told, **form.said),
            _("%(id)s is changed.") % {"id": found.public_id},
        )
    except StaleRow:
        return _changed_meanwhile(request, page, get_or_404(risks(request), public_id))


def _changed_meanwhile(request: Request, page: FormPage, theirs: Risk) -> HttpResponse:
    """The form once more, with what the other person saved beside it; nothing was overwritten."""
    form = RiskForm({**request.POST.dict(), "version": theirs.version}, person=request.user, risk=theirs)
    form.is_valid()
    differing = [
        (label_of(Risk, name), _shown(name, getattr(theirs, name)), _shown(name, form.cleaned_data[name]))
        for name in WRITTEN
        if name in form.cleaned_data and getattr(theirs, name) != form.cleaned_data[name]
    ]
    last = TrailEntry.objects.about("risk", theirs.public_id).last_first().first()
    return page.show(request, form, differing=differing, last=last)


def _shown(name: str, value: Any) -> Any:
    return getattr(value, "name", None) or in_words(Risk, name, value)


@permitted("risk.change")
def review(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(risks(request), public_id)
    if answer := refused(request, found, _not_now(found, request)):
        return answer
    lead = _("You looked at it, and what it says is right. Who reviews changes first what is not.")
    page = page_of(found, _("Reviewed: %(title)s") % {"title": found.title}, _("Record the review"), lead=lead)
    form = ReviewForm(request.POST or None, initial={"next_on": timezone.localdate(clock.now()) + AGAIN})
    if not form.is_valid():
        return page.show(request, form)
    words = _("%(id)s is reviewed.") % {"id": found.public_id}
    return done(request, page, form, lambda: registering.reviewed(found, by=request.user, **form.cleaned_data), words)


@permitted("risk.change")
def link_control(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(risks(request), public_id)
    matrix = Matrix.objects.in_force(clock.now())
    none = "" if matrix else _("There is no matrix yet on which to say how far: the second line adopts one.")
    if answer := refused(request, found, _not_now(found, request) or none):
        return answer
    assert matrix
    lead = _("It lowers the proposed level only while what shows it passes in %(solution)s.")
    page = page_of(
        found, _("Link a control"), _("Link the control"), lead=lead % {"solution": found.solution.name}
    )  # fmt: skip
    form = LinkControlForm(request.POST or None, risk=found, person=request.user, matrix=matrix)
    if not form.is_valid():
        return page.show(request, form)
    said = form.cleaned_data
    words = _("%(name)s is linked.") % {"name": said["control"].name}
    return done(request, page, form, lambda: registering.link_control(found, by=request.user, **said), words)


@permitted("risk.change")
def unlink_control(request: Request, public_id: str, pk: int) -> HttpResponse:
    found = get_or_404(risks(request), public_id)
    links = found.control_links.in_force(clock.now()).select_related("control", "risk")
    link = get_object_or_404(links, pk=pk)
    if answer := refused(request, found, _not_now(found, request)):
        return answer
    told = {"name": link.control.name}
    lead = _("From now on it lowers nothing here. That it was linked stays on the record.")
    page = page_of(found, _("Unlink %(name)s") % told, _("Unlink the control"), lead=lead, danger=True)
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        return page.show(request, form)
    why = form.cleaned_data["reason"]
    words = _("%(name)s is unlinked.") % told
    return done(request, page, form, lambda: registering.unlink_control(link, because=why, by=request.user), words)


@permitted("risk.change")
def link_findings(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(risks(request), public_id)
    if answer := refused(request, found, _not_now(found, request)):
        return answer
    lead = _("Findings that show it: of a check, in one account or wherever %(solution)s is.")
    page = page_of(
        found, _("Link findings"), _("Link the findings"), lead=lead % {"solution": found.solution.name}
    )  # fmt: skip
    form = LinkFindingsForm(request.POST or None)
    if not form.is_valid():
        return page.show(request, form)
    check, account = form.cleaned_data["check_ran"], form.cleaned_data["account"]
    words = _("The findings of %(check)s are linked.") % {"check": check.key}
    return done(
        request, page, form, lambda: registering.link_findings(found, check, account, by=request.user), words
    )  # fmt: skip


@permitted("risk.change")
def unlink_findings(request: Request, public_id: str, pk: int) -> HttpResponse:
    found = get_or_404(risks(request), public_id)
    links = found.finding_links.in_force(clock.now()).select_related("check_ran", "finding", "risk")
    link = get_object_or_404(links, pk=pk)
    if answer := refused(request, found, _not_now(found, request)):
        return answer
    told = {"check": link.check_ran.key}
    page = page_of(found, _("Unlink %(check)s") % told, _("Unlink the findings"), danger=True)
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        return page.show(request, form)
    why = form.cleaned_data["reason"]
    words = _("The findings of %(check)s are unlinked.") % told
    return done(request, page, form, lambda: registering.unlink_findings(link, because=why, by=request.user), words)


@permitted("risk.close")
def close(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(risks(request), public_id)
    if answer := refused(request, found, rights.propose_closing_refusal(found, request.user)):
        return answer
    lead = _("Another person confirms. Until then it is open, and counts.")
    heading = _("Propose to close %(title)s") % {"title": found.title}
    page = page_of(found, heading, _("Propose closing"), lead=lead)
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        return page.show(request, form)
    why = form.cleaned_data["reason"]
    words = _("Closing %(id)s is proposed.") % {"id": found.public_id}
    return done(request, page, form, lambda: registering.propose_closing(found, because=why, by=request.user), words)


@require_POST
@permitted("risk.close")
def close_confirm(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(risks(request), public_id)
    words = _("%(id)s is closed.") % {"id": found.public_id}
    return back_to(request, found, lambda: registering.confirm_closing(found, by=request.user), words)


@permitted("risk.close")
def close_reject(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(risks(request), public_id)
    if answer := refused(request, found, rights.reject_closing_refusal(found, request.user)):
        return answer
    page = page_of(found, _("Send the closing back"), _("Send it back"))
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        return page.show(request, form)
    why = form.cleaned_data["reason"]
    words = _("%(id)s stays open.") % {"id": found.public_id}
    return done(request, page, form, lambda: registering.reject_closing(found, because=why, by=request.user), words)


@permitted("risk.close")
def reopen(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(risks(request), public_id)
    if answer := refused(request, found, rights.reopen_refusal(found, request.user)):
        return answer
    page = page_of(found, _("Reopen %(title)s") % {"title": found.title}, _("Reopen the risk"))
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        return page.show(request, form)
    why = form.cleaned_data["reason"]
    words = _("%(id)s is open again.") % {"id": found.public_id}
    return done(request, page, form, lambda: registering.reopen(found, because=why, by=request.user), words)
