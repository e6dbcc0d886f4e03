"""Solutions: what they are, where they live and who answers for them."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import clock
from audit.keyset import page_of
from audit.models import StaleRow, TrailEntry
from audit.public_id import get_or_404
from organisation.forms import ReasonForm, SolutionForm
from organisation.middleware import Request
from organisation.models import Account, Solution
from organisation.models.solution import SolutionQuerySet
from organisation.ownership import retire as retire_solution
from organisation.panels import panels
from organisation.permissions import may, permitted
from organisation.views.form_page import FormPage


@permitted("solution.view")
def solutions(request: Request) -> HttpResponse:
    at, words = request.moment.at, request.GET.get("q", "")
    state = request.GET.get("state", "")
    seen = Solution.objects.visible_to(request.user)
    chosen = seen.listed_as(state, at).named_like(words)
    counts = {one: seen.listed_as(one, at).count() for one in ("in_use", "ownerless", "retired")}
    context = {
        "page": page_of(chosen.listed(at), order=("name", "id"), cursor=request.GET.get("cursor", "")),
        "counts": counts,
        "total": chosen.count(),
        "heading": _solutions_heading(counts),
        "state": state,
        "q": words,
        "may_manage": may(request.user, "solution.manage"),
        "may_see_accounts": may(request.user, "account.view"),
        "unclaimed": Account.objects.unclaimed(at).count() if may(request.user, "account.view") else 0,
    }
    return render(request, "organisation/solutions.html", context)


def _solutions_heading(counts: dict[str, int]) -> str:
    heading = ngettext("%(n)d solution", "%(n)d solutions", counts["in_use"]) % {"n": counts["in_use"]}
    if counts["ownerless"]:
        heading += ", " + _("%(n)d without an owner") % {"n": counts["ownerless"]}
    return heading


@permitted("solution.view")
def solution(request: Request, public_id: str) -> HttpResponse:
    at = request.moment.at
    found = get_or_404(Solution.objects.visible_to(request.user).listed(at), public_id)
    manages = may(request.user, "solution.manage") and request.moment.is_now and not found.retired_at
    context = {
        "solution": found,
        "may_manage": manages,
        "may_see_people": may(request.user, "person.view"),
        "panels": panels("solution", request, found),
    }
    return render(request, "organisation/solution.html", context)


@permitted("solution.manage")
def add(request: Request) -> HttpResponse:
    form = SolutionForm(request.POST or None)
    if form.is_valid():
        made = Solution.add(
            name=form.cleaned_data["name"], description=form.cleaned_data["description"], by=request.user
        )
        messages.success(request, _("%(name)s is added. Say where it lives and who owns it.") % {"name": made})
        return redirect("organisation:solution", made.public_id)
    page = FormPage(
        heading=_("Add a solution"),
        lead=_("A system under assessment: accounts, or the tagged share of accounts, and people who own it."),
        verb=_("Add the solution"),
        back=reverse("organisation:solutions"),
        back_label=_("Solutions"),
    )
    return page.show(request, form)


@permitted("solution.manage")
@transaction.atomic
def change(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(_managed(request), public_id)
    form = SolutionForm(request.POST or None, solution=found)
    page = FormPage(
        heading=_("Change %(name)s") % {"name": found.name},
        verb=_("Save the changes"),
        back=reverse("organisation:solution", args=[found.public_id]),
        back_label=found.name,
    )
    if not form.is_valid():
        return page.show(request, form)
    wanted = form.cleaned_data
    try:
        found.change(
            name=wanted["name"],
            description=wanted["description"],
            read=wanted["version"] or 0,
            by=request.user,
        )
    except StaleRow:
        theirs = get_or_404(_managed(request), public_id)
        return _changed_meanwhile(request, page, theirs, wanted)
    messages.success(request, _("%(name)s is changed.") % {"name": found.name})
    return redirect(page.back)


def _changed_meanwhile(request: Request, page: FormPage, theirs: Solution, wanted: dict[str, str]) -> HttpResponse:
    """The form once more, with what the other person saved beside it; nothing was overwritten."""
    form = SolutionForm({**wanted, "version": theirs.version}, solution=theirs)
    form.is_valid()
    rows = [
        (form.fields["name"].label, theirs.name, wanted["name"]),
        (form.fields["description"].label, theirs.description, wanted["description"]),
    ]
    differing = [row for row in rows if row[1] != row[2]]
    last = TrailEntry.objects.about("solution", theirs.public_id).last_first().first()
    return page.show(request, form, differing=differing, last=last)


@permitted("solution.manage")
def retire(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(_managed(request), public_id)
    form = ReasonForm(request.POST or None)
    page = FormPage(
        heading=_("Retire %(name)s") % {"name": found.name},
        lead=_("Its accounts, tag rules and people end now. Its history stays, and its name stays taken."),
        verb=_("Retire the solution"),
        back=reverse("organisation:solution", args=[found.public_id]),
        back_label=found.name,
        danger=True,
    )
    if not form.is_valid():
        return page.show(request, form)
    retire_solution(found, reason=form.cleaned_data["reason"], by=request.user)
    messages.success(request, _("%(name)s is retired.") % {"name": found.name})
    return redirect("organisation:solutions")


def _managed(request: Request) -> SolutionQuerySet:
    """Solutions that may still be changed."""
    return Solution.objects.visible_to(request.user).in_use(clock.now())
