"""Standing in: given and ended by who is away, and by an administrator for somebody who is away already."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from audit import clock
from audit.public_id import get_or_404
from organisation.delegating import candidates, day
from organisation.delegation_form import DelegationForm
from organisation.forms import ReasonForm
from organisation.middleware import Request
from organisation.models import Delegation, NotAllowed, User
from organisation.permissions import permitted
from organisation.standing_in import StandingIn
from organisation.views.form_page import FormPage

FEW = 50
"""Of what is past, the latest."""


@require_safe
@permitted("delegation.view")
def delegations(request: Request) -> HttpResponse:
    """One's own: who stands in, and for whom one does; in force, to come and past."""
    at = clock.now()
    every = Delegation.objects.of(request.user).listed()
    current = list(every.not_ended(at))
    context = {
        "title": _title(request.user, current, at),
        "current": [(one, one.is_in_force(at), one.delegator == request.user) for one in current],
        "past": every.filter(valid_to__lte=at).order_by("-valid_to", "-id")[:FEW],
        "may_give": candidates(request.user, at).exists(),
    }
    return render(request, "organisation/delegations.html", context)


def _title(person: User, current: list[Delegation], at: datetime) -> str:
    now = [one for one in current if one.is_in_force(at)]
    given = next((one for one in now if one.delegator == person), None)
    if given:
        told = {"name": given.delegate.name, "until": day(given.last_moment)}
        return _("%(name)s stands in for you until %(until)s") % told
    names = ", ".join(one.delegator.name for one in now)
    if names:
        return _("You stand in for %(names)s") % {"names": names}
    return _("Nobody stands in for you")


@permitted("delegation.give")
def add(request: Request) -> HttpResponse:
    page = FormPage(
        heading=_("Name somebody who stands in for you"),
        lead=_(
            "They see what you see and do what awaits you, and each act says that it was for you. Your authority to"
            " accept exceptions stays yours, and neither of you confirms what the other did meanwhile."
        ),
        verb=_("Let them stand in"),
        back=reverse("organisation:delegations"),
        back_label=_("While you are away"),
    )
    return _give(request, page, request.user)


@permitted("delegation.arrange")
def arrange(request: Request, public_id: str) -> HttpResponse:
    """For somebody who is away already."""
    found = get_or_404(User.objects.active(), public_id)
    page = FormPage(
        heading=_("Name somebody who stands in for %(name)s") % {"name": found.name},
        lead=_("For somebody who is away and could not name anybody. Both of them are told, and may see it."),
        verb=_("Let them stand in"),
        back=reverse("organisation:person", args=[found.public_id]),
        back_label=found.name,
    )
    return _give(request, page, found)


def _give(request: Request, page: FormPage, delegator: User) -> HttpResponse:
    form = DelegationForm(request.POST or None, delegator=delegator)
    if not form.is_valid():
        return page.show(request, form)
    said = form.cleaned_data
    try:
        made = Delegation.give(
            delegator, said["delegate"], since=said["since"], until=said["until"], reason=said["reason"],
            by=request.user,
        )  # fmt: skip
    except NotAllowed as no:
        form.add_error(None, str(no))
        return page.show(request, form)
    told = {"who": made.delegate.name, "name": delegator.name, "until": day(made.last_moment)}
    messages.success(request, _("%(who)s stands in for %(name)s until %(until)s.") % told)
    return redirect(page.back)


@permitted("delegation.end")
def end(request: Request, public_id: str) -> HttpResponse:
    """One's own, that one gave."""
    rows = Delegation.objects.filter(delegator=request.user).not_ended(clock.now()).listed()
    found = get_or_404(rows, public_id)
    return _end(request, found, reverse("organisation:delegations"), _("While you are away"))


@permitted("delegation.arrange")
def end_for(request: Request, public_id: str) -> HttpResponse:
    """Anybody's, by an administrator."""
    found = get_or_404(Delegation.objects.not_ended(clock.now()).listed(), public_id)
    back = reverse("organisation:person", args=[found.delegator.public_id])
    return _end(request, found, back, found.delegator.name)


def _end(request: Request, found: Delegation, back: str, label: str) -> HttpResponse:
    told = {"who": found.delegate.name, "name": found.delegator.name}
    page = FormPage(
        heading=_("%(who)s stands in for %(name)s no longer") % told,
        lead=_("From now on they see and do only what is their own. What they did meanwhile stays."),
        verb=_("End it now"),
        back=back,
        back_label=label,
        danger=True,
    )
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        return page.show(request, form)
    found.end(reason=form.cleaned_data["reason"], by=request.user)
    messages.success(request, _("Ended. The history stays."))
    return redirect(back)


def of_person(person: User) -> StandingIn:
    """For whoever oversees people: in force and to come, in both directions. One query."""
    rows = list(Delegation.objects.of(person).not_ended(clock.now()).listed())
    taken = tuple(one for one in rows if one.delegate == person)
    return StandingIn(taken, tuple(one for one in rows if one.delegator == person))
