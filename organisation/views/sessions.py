"""Log-ins that are open: one's own, and for an administrator another person's."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from audit.public_id import get_or_404
from organisation import second_factor
from organisation.forms import ReasonForm
from organisation.middleware import Request
from organisation.models import User
from organisation.permissions import permitted
from organisation.sessions import device, end, sessions_of
from organisation.single_sign_on.entry import forget
from organisation.views.form_page import FormPage


@require_POST
@permitted("session.end")
def end_mine(request: Request, pk: int) -> HttpResponse:
    session = get_object_or_404(sessions_of(request.user), pk=pk)
    said = {"device": device(session.user_agent), "address": session.ip}
    end([session], person=request.user, by=request.user, because="ended by themselves")
    messages.success(request, _("%(device)s at %(address)s is logged out.") % said)
    return redirect("usersessions_list")


@permitted("person.manage")
def end_all(request: Request, public_id: str) -> HttpResponse:
    """Everywhere that a person is logged in."""
    found = get_or_404(User.objects.all(), public_id)
    page = FormPage(
        heading=_("Log %(name)s out everywhere") % {"name": found},
        lead=_("Every browser in which they are logged in asks for a log-in again. What they typed there is lost."),
        verb=_("Log them out now"),
        back=reverse("organisation:person", args=[found.public_id]),
        back_label=found.name,
        danger=True,
    )
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        return page.show(request, form)
    n = end(sessions_of(found), person=found, by=request.user, because=form.cleaned_data["reason"])
    words = ngettext("%(name)s is logged out of %(n)d browser.", "%(name)s is logged out of %(n)d browsers.", n)
    messages.success(request, words % {"name": found, "n": n})
    return redirect(page.back)


@permitted("person.manage")
def forget_factors(request: Request, public_id: str) -> HttpResponse:
    """For whoever lost their device and their recovery codes."""
    found = get_or_404(User.objects.exclude(pk=request.user.pk), public_id)
    page = FormPage(
        heading=_("Forget the second factor of %(name)s") % {"name": found},
        lead=_(
            "Make sure first that it is them who asks. They are logged out; the password alone opens the next log-in."
        ),
        verb=_("Forget it"),
        back=reverse("organisation:person", args=[found.public_id]),
        back_label=found.name,
        danger=True,
    )
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        return page.show(request, form)
    second_factor.forget(found, by=request.user, because=form.cleaned_data["reason"])
    messages.success(request, _("%(name)s sets up a new one at the next log-in.") % {"name": found})
    return redirect(page.back)


@permitted("person.manage")
def forget_link(request: Request, public_id: str) -> HttpResponse:
    """For whom the identity provider made a new account."""
    found = get_or_404(User.objects.exclude(pk=request.user.pk), public_id)
    page = FormPage(
        heading=_("Forget who %(name)s is at the identity provider") % {"name": found},
        lead=_(
            "They are logged out. Whoever next comes from there with the verified address %(email)s is them."
            " Until then their password, if they have one, opens the portal again."
        )
        % {"email": found.email},
        verb=_("Forget it"),
        back=reverse("organisation:person", args=[found.public_id]),
        back_label=found.name,
        danger=True,
    )
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        return page.show(request, form)
    forget(found, by=request.user, because=form.cleaned_data["reason"])
    messages.success(request, _("%(name)s is known by the address at the next log-in.") % {"name": found})
    return redirect(page.back)
