"""Planning an engagement and moving it on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assurance import engaging, teaming
from assurance.engagement_forms import CloseForm, DeclarationForm, MemberForm, MoveForm, PlanForm
from assurance.models import Engagement
from assurance.rights import manage_refusal
from audit.models import StaleRow
from audit.public_id import get_or_404
from organisation.forms import ReasonForm
from organisation.middleware import Request
from organisation.models import NotAllowed
from organisation.permissions import permitted
from organisation.views.form_page import FormPage

State = Engagement.State
STALE = gettext_lazy("Somebody changed it since you opened it: look again before you go on.")


def managed(request: Request, public_id: str) -> Engagement:
    rows = Engagement.objects.visible_to(request.user).select_related("framework", "added_by")
    return get_or_404(rows, public_id)


def page_of(found: Engagement, heading: str, verb: str, lead: str = "", *, danger: bool = False) -> FormPage:
    back = reverse("assurance:engagement", args=[found.public_id])
    return FormPage(heading, verb, back, found.title, lead, danger)


def refused(request: Request, found: Engagement, why_not: str) -> HttpResponse | None:
    """Back with the reason, where there is one: nobody fills in a form for nothing."""
    if not request.moment.is_now:
        why_not = _("Nobody acts in the past: go back to now.")
    if not why_not:
        return None
    messages.warning(request, why_not)
    return redirect("assurance:engagement", found.public_id)


def done(request: Request, page: FormPage, form: forms.Form, act: Callable[[], Any], words: str) -> HttpResponse:
    """Act and go back; or the form once more, with why not."""
    try:
        act()
    except NotAllowed as no:
        field = getattr(no, "field", "")
        form.add_error(field if field in form.fields else None, str(no))
        return page.show(request, form)
    except StaleRow:
        form.add_error(None, str(STALE))
        return page.show(request, form)
    messages.success(request, words)
    return redirect(page.back)


@permitted("engagement.manage")
def plan(request: Request) -> HttpResponse:
    page = FormPage(
        _("Plan an engagement"),
        _("Plan it"),
        reverse("assurance:engagements"),
        _("Engagements"),
        _("You lead it unless auditors from outside do it. Those who are audited see it once fieldwork begins."),
    )
    form = PlanForm(request.POST or None)
    if not form.is_valid():
        return page.show(request, form)
    try:
        made = engaging.plan(form.plan, by=request.user)
    except NotAllowed as no:
        field = getattr(no, "field", "")
        form.add_error(field if field in form.fields else None, str(no))
        return page.show(request, form)
    messages.success(request, _("%(id)s is planned.") % {"id": made.public_id})
    return redirect("assurance:engagement", made.public_id)


@permitted("engagement.manage")
def change(request: Request, public_id: str) -> HttpResponse:
    found = managed(request, public_id)
    if answer := refused(request, found, engaging.change_refusal(found, request.user)):
        return answer
    page = page_of(found, _("Change the plan of %(id)s") % {"id": found.public_id}, _("Save the changes"))
    form = PlanForm(request.POST or None, engagement=found)
    if not form.is_valid():
        return page.show(request, form)
    told = {"read": form.cleaned_data["version"] or 0, "because": form.cleaned_data["because"]}
    words = _("%(id)s is changed.") % {"id": found.public_id}
    return done(request, page, form, lambda: engaging.change(found, form.plan, by=request.user, **told), words)


def _moves(to: Engagement.State, name: str, verb: Any, lead: Any) -> Callable[[Request, str], HttpResponse]:
    """The page on which it is moved on to a state."""

    def view(request: Request, public_id: str) -> HttpResponse:
        found = managed(request, public_id)
        if answer := refused(request, found, engaging.move_refusal(found, to, request.user)):
            return answer
        heading = f"{verb}: {found.title}"
        page = page_of(found, heading, str(verb), str(lead), danger=to == State.CLOSED)
        kind = CloseForm if to == State.CLOSED else MoveForm
        form = kind(request.POST or None, initial={"version": found.version})
        if not form.is_valid():
            return page.show(request, form)
        read, by = form.cleaned_data["version"] or 0, request.user

        def act() -> Engagement:
            if to == State.CLOSED:
                return engaging.close(found, because=form.cleaned_data["because"], by=by, read=read)
            return (engaging.begin if to == State.FIELDWORK else engaging.to_reporting)(found, by=by, read=read)

        return done(request, page, form, act, _("Done. It is on the record."))

    view.__name__ = view.__qualname__ = name
    return permitted("engagement.manage")(view)


begin = _moves(
    State.FIELDWORK,
    "begin",
    gettext_lazy("Begin fieldwork"),
    gettext_lazy("From now on those who own or oversee what is audited see that it takes place."),
)
report = _moves(
    State.REPORTING,
    "report",
    gettext_lazy("End fieldwork"),
    gettext_lazy("What remains is concluding, reviewing and reporting. Its scope stays as it is."),
)
close = _moves(
    State.CLOSED,
    "close",
    gettext_lazy("Close the engagement"),
    gettext_lazy("For good: its working papers are locked. Its audit findings go on until they are re-tested."),
)


@permitted("engagement.manage")
def put_member(request: Request, public_id: str) -> HttpResponse:
    found = managed(request, public_id)
    if answer := refused(request, found, manage_refusal(found, request.user)):
        return answer
    lead = _("Nobody who owns or works on what is audited, or did in its period. Each of them declares so first.")
    page = page_of(found, _("Put somebody on the team of %(id)s") % {"id": found.public_id}, _("Put them on it"), lead)
    form = MemberForm(request.POST or None, engagement=found)
    if not form.is_valid():
        return page.show(request, form)
    said = form.cleaned_data
    words = _("%(name)s is on the team.") % {"name": said["person"].name}
    return done(request, page, form, lambda: teaming.put_on(found, by=request.user, **said), words)


@permitted("engagement.manage")
def end_member(request: Request, public_id: str, person_id: str) -> HttpResponse:
    found = managed(request, public_id)
    if answer := refused(request, found, manage_refusal(found, request.user)):
        return answer
    member = teaming.member_or_404(found, person_id)
    told = {"name": member.person.name}
    lead = _("From now on they see nothing of it that others do not. What they wrote stays.")
    page = page_of(found, _("Take %(name)s off the team") % told, _("Take them off it"), lead, danger=True)
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        return page.show(request, form)
    why, words = form.cleaned_data["reason"], _("%(name)s is off the team.") % told
    return done(request, page, form, lambda: teaming.take_off(member, because=why, by=request.user), words)


@permitted("engagement.work")
def declare(request: Request, public_id: str) -> HttpResponse:
    found = managed(request, public_id)
    member = next((one for one in teaming.of(found) if one.person == request.user), None)
    why_not = "" if member else _("You are not on its team.")
    if member and member.declared_at:
        why_not = _("You declared it already.")
    if answer := refused(request, found, why_not):
        return answer
    lead = _(
        "You own nothing of what is audited, did not in its period, and nothing else stands against your judgement."
    )
    page = page_of(found, _("Declare your independence: %(title)s") % {"title": found.title}, _("Declare it"), lead)
    form = DeclarationForm(request.POST or None)
    if not form.is_valid():
        return page.show(request, form)
    words = _("Your declaration stands in the file of the engagement.")
    said = form.cleaned_data["declaration"]
    return done(request, page, form, lambda: teaming.declare(found, said, by=request.user), words)
