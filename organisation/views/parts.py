"""What a solution consists of: its accounts, tag rules and people, each from a day until a day."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import models
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from audit import clock
from audit.public_id import get_or_404
from organisation import ownership
from organisation.forms import GrantForm, ReasonForm, SolutionAccountForm, TagRuleForm
from organisation.groups import given_again
from organisation.middleware import Request
from organisation.models import Grant, Solution
from organisation.permissions import permitted
from organisation.views.form_page import FormPage


def _solution(request: Request, public_id: str) -> Solution:
    return get_or_404(Solution.objects.visible_to(request.user).in_use(clock.now()), public_id)


def _page(solution: Solution, heading: str, verb: str, **more: Any) -> FormPage:
    back = reverse("organisation:solution", args=[solution.public_id])
    return FormPage(heading=heading, verb=verb, back=back, back_label=solution.name, **more)


@permitted("solution.manage")
def add_account(request: Request, public_id: str) -> HttpResponse:
    solution = _solution(request, public_id)
    form = SolutionAccountForm(request.POST or None, solution=solution)
    page = _page(
        solution,
        _("Add an account to %(name)s") % {"name": solution},
        _("Add the account"),
        lead=_("What a resource belonged to in the past stays as it was."),
    )
    if not form.is_valid():
        return page.show(request, form)
    place = ownership.add_account(solution, by=request.user, **form.cleaned_data)
    messages.success(request, _("%(account)s belongs to %(name)s.") % {"account": place.account, "name": solution})
    return redirect(page.back)


@permitted("solution.manage")
def add_tag_rule(request: Request, public_id: str) -> HttpResponse:
    solution = _solution(request, public_id)
    form = TagRuleForm(request.POST or None, solution=solution)
    page = _page(
        solution,
        _("Add a tag rule to %(name)s") % {"name": solution},
        _("Add the tag rule"),
        lead=_("In accounts that it shares, the solution owns what carries this tag."),
    )
    if not form.is_valid():
        return page.show(request, form)
    rule = ownership.add_tag_rule(solution, by=request.user, **form.cleaned_data)
    messages.success(request, _("%(rule)s belongs to %(name)s.") % {"rule": rule, "name": solution})
    return redirect(page.back)


@permitted("solution.manage")
def add_person(request: Request, public_id: str) -> HttpResponse:
    solution = _solution(request, public_id)
    form = GrantForm(request.POST or None, solution=solution)
    page = _page(solution, _("Add a person to %(name)s") % {"name": solution}, _("Add the person"))
    if not form.is_valid():
        return page.show(request, form)
    grant = Grant.give(solution, by=request.user, **form.cleaned_data)
    messages.success(request, _("%(person)s sees %(name)s now.") % {"person": grant.person, "name": solution})
    return redirect(page.back)


@permitted("solution.manage")
def end_account(request: Request, public_id: str, pk: int) -> HttpResponse:
    solution = _solution(request, public_id)
    place = _of(solution.accounts.not_ended(clock.now()).select_related("account", "solution"), pk)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        ownership.end(place, by=request.user, **form.cleaned_data)
    heading = _("End %(account)s in %(name)s") % {"account": place.account, "name": solution}
    lead = _("From now on what lies in this account belongs to %(name)s no longer.") % {"name": solution}
    return _ended(request, form, _page(solution, heading, _("End it now"), lead=lead, danger=True))


@permitted("solution.manage")
def end_tag_rule(request: Request, public_id: str, pk: int) -> HttpResponse:
    solution = _solution(request, public_id)
    rule = _of(solution.tag_rules.not_ended(clock.now()).select_related("solution"), pk)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        ownership.end(rule, by=request.user, **form.cleaned_data)
    heading = _("End %(rule)s in %(name)s") % {"rule": rule, "name": solution}
    lead = _("From now on what carries this tag belongs to %(name)s no longer.") % {"name": solution}
    return _ended(request, form, _page(solution, heading, _("End it now"), lead=lead, danger=True))


@permitted("solution.manage")
def end_person(request: Request, public_id: str, pk: int) -> HttpResponse:
    solution = _solution(request, public_id)
    grants = solution.grants.managed().not_ended(clock.now()).select_related("person", "solution")
    grant = _of(grants, pk)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        grant.end(by=request.user, **form.cleaned_data)
    heading = _("End %(person)s's part in %(name)s") % {"person": grant.person, "name": solution}
    lead = _("%(person)s sees the solution no longer.") % {"person": grant.person}
    lead = f"{lead} {given_again(grant.granted_by)}".strip()
    return _ended(request, form, _page(solution, heading, _("End it now"), lead=lead, danger=True))


def _of(rows: models.QuerySet[Any], pk: int) -> Any:
    return get_object_or_404(rows, pk=pk)


def _ended(request: Request, form: Form, page: FormPage) -> HttpResponse:
    if not (form.is_bound and form.is_valid()):
        return page.show(request, form)
    messages.success(request, _("Ended. The history stays."))
    return redirect(page.back)
