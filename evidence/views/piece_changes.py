"""What people do with evidence: add it, replace it, withdraw it, say what it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from audit.public_id import get_or_404
from controls.results import within
from evidence import changing, holding, rights
from evidence.evidence_forms import BecauseForm, EvidenceForm, LinkForm, NewVersionForm
from evidence.evidence_list import control_of
from evidence.models import Evidence
from evidence.uploading import supersede as superseded
from evidence.uploading import takes_files, upload
from evidence.views.piece import visible
from organisation.middleware import Request
from organisation.models import Solution
from organisation.permissions import permitted
from organisation.views.form_page import FormPage
from risks.refusals import Refused


def refused_files(request: Request) -> set[str]:
    """The fields whose file was too large to arrive."""
    found: set[str] = getattr(request, "refused_files", set())
    return found


@takes_files
@permitted("evidence.add")
def add(request: Request) -> HttpResponse:
    if not request.moment.is_now:
        messages.error(request, _("Nobody acts in the past: go back to now."))
        return redirect("evidence:locker")
    form = EvidenceForm(
        request.POST or None,
        request.FILES or None,
        person=request.user,
        refused=refused_files(request),
        initial=_suggested(request),
    )
    if form.is_valid():
        try:
            made = upload(**form.said, by=request.user)
        except Refused as no:
            form.refuse(no)
        else:
            messages.success(request, _("%(id)s is in the locker.") % {"id": made.public_id})
            return redirect("evidence:evidence", made.public_id)
    return shown(request, form, heading=_("Add evidence"), verb=_("Keep it"), back=reverse("evidence:locker"))


def shown(request: Request, form: EvidenceForm, **page: Any) -> HttpResponse:
    page.setdefault("back_label", _("Evidence"))
    return render(request, "evidence/add.html", {"form": form, **page}, status=422 if form.is_bound else 200)


def _suggested(request: Request) -> dict[str, Any]:
    """What the address says that it is about; the only solution of somebody who has one."""
    at = request.moment.at
    control = control_of(request.GET.get("control", ""), request.user, at)
    scope = within(request.GET.get("solution", ""), request.user, at)
    mine = list(Solution.objects.visible_to(request.user).in_use(at)[:2])
    solution = scope if isinstance(scope, Solution) else control.solution if control and control.solution else None
    if solution is None and len(mine) == 1:
        solution = mine[0]
    return {"controls": [control.pk] if control else [], "solution": solution.pk if solution else None}


@takes_files
@permitted("evidence.add")
def supersede(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    if answer := _not_now(request, found, rights.supersede_refusal(found, request.user, request.moment.at)):
        return answer
    refused = refused_files(request)
    form = NewVersionForm(
        request.POST or None, request.FILES or None, person=request.user, piece=found, refused=refused
    )
    if form.is_valid():
        try:
            made = superseded(found, by=request.user, **form.said)
        except Refused as no:
            form.refuse(no)
        else:
            told = {"id": made.public_id, "was": found.public_id}
            messages.success(request, _("%(id)s is in the locker, and replaces %(was)s.") % told)
            return redirect("evidence:evidence", made.public_id)
    heading = _("New version of %(title)s") % {"title": found.title}
    back = reverse("evidence:evidence", args=[found.public_id])
    return shown(request, form, heading=heading, verb=_("Keep it instead"), back=back, back_label=found.public_id)


@permitted("evidence.withdraw")
def withdraw(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    if answer := _not_now(request, found, rights.withdraw_refusal(found, request.user, request.moment.at)):
        return answer
    page = _page(
        found, _("Withdraw %(title)s") % {"title": found.title}, _("Withdraw it"), danger=True,
        lead=_("It counts for nothing from now on. The file and its story stay, and can be read."),
    )  # fmt: skip
    form = BecauseForm(request.POST or None)
    return _done(request, page, form, lambda said: changing.withdraw(found, by=request.user, **said))


@permitted("evidence.add")
def link(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    if answer := _not_now(request, found, rights.link_refusal(found, request.user, request.moment.at)):
        return answer
    page = _page(found, _("What else %(title)s shows") % {"title": found.title}, _("Put it on record"))
    form = LinkForm(request.POST or None, person=request.user, piece=found)
    return _done(request, page, form, lambda said: changing.link(found, by=request.user, **said))


@permitted("evidence.add")
def unlink(request: Request, public_id: str, pk: int) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    if answer := _not_now(request, found, rights.link_refusal(found, request.user, request.moment.at)):
        return answer
    one = get_object_or_404(found.links.in_force(request.moment.at).select_related("control"), pk=pk)
    page = _page(found, _("Take “%(name)s” off it") % {"name": one.control.name}, _("Take it off"), danger=True)
    form = BecauseForm(request.POST or None)
    return _done(request, page, form, lambda said: changing.unlink(one, by=request.user, **said))


@permitted("evidence.hold")
def hold(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    if answer := _not_now(request, found, ""):
        return answer
    page = _page(
        found, _("Put %(title)s under a legal hold") % {"title": found.title}, _("Hold it"),
        lead=_("The file is kept until the hold is released, however long ago its time was over."),
    )  # fmt: skip
    form = BecauseForm(request.POST or None)
    return _done(request, page, form, lambda said: holding.hold(evidence=found, by=request.user, **said))


def _page(found: Evidence, heading: str, verb: str, *, lead: str = "", danger: bool = False) -> FormPage:
    back = reverse("evidence:evidence", args=[found.public_id])
    return FormPage(heading, verb, back, found.public_id, lead, danger)


def _not_now(request: Request, found: Evidence, why_not: str) -> HttpResponse | None:
    """Back with the reason, where there is one: nobody fills in a form for nothing."""
    if not request.moment.is_now:
        why_not = _("Nobody acts in the past: go back to now.")
    if not why_not:
        return None
    messages.error(request, why_not)
    return redirect("evidence:evidence", found.public_id)


def _done(request: Request, page: FormPage, form: forms.Form, act: Callable[[Any], object]) -> HttpResponse:
    """Act and go back; or the form once more, with why not."""
    if not form.is_valid():
        return page.show(request, form)
    try:
        act(form.cleaned_data)
    except Refused as no:
        form.add_error(no.field if no.field in form.fields else None, str(no))
        return page.show(request, form)
    messages.success(request, _("Done. It is on the record."))
    return redirect(page.back)
