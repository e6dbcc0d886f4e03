"""Tokens with which programs call the API: one's own, and for an administrator everybody's."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache

from audit import clock
from audit.keyset import page_of
from audit.public_id import get_or_404
from organisation.forms import ReasonForm, TokenForm
from organisation.middleware import Request
from organisation.models import ApiToken, User
from organisation.permissions import permitted
from organisation.second_factor import is_by_provider
from organisation.views.form_page import FormPage


@permitted("token.view")
def tokens(request: Request) -> HttpResponse:
    mine = ApiToken.objects.of(request.user)
    n = mine.live(clock.now()).count()
    heading = ngettext("%(n)d program may call for you", "%(n)d programs may call for you", n) % {"n": n}
    page = page_of(mine.listed(), order=("-id",), cursor=request.GET.get("cursor", ""))
    context = {"page": page, "total": mine.count(), "heading": heading, "is_everybodys": False}
    return render(request, "organisation/tokens.html", context)


@permitted("token.oversee")
def everybody(request: Request) -> HttpResponse:
    """person: an id, to see theirs alone."""
    asked = request.GET.get("person", "")
    person = get_or_404(User.objects.all(), asked) if asked else None
    found = ApiToken.objects.of(person) if person else ApiToken.objects.all()
    n = found.live(clock.now()).count()
    if person:
        words = ngettext("%(n)d program may call for %(name)s", "%(n)d programs may call for %(name)s", n)
    else:
        words = ngettext("%(n)d program may call for somebody", "%(n)d programs may call for somebody", n)
    page = page_of(found.listed(), order=("-id",), cursor=request.GET.get("cursor", ""))
    heading = words % {"n": n, "name": person}
    context = {"page": page, "total": found.count(), "heading": heading, "of": person, "is_everybodys": True}
    return render(request, "organisation/tokens.html", context)


@never_cache
@permitted("token.make")
def add(request: Request) -> HttpResponse:
    """The secret stands on this one answer; nothing keeps it."""
    form = TokenForm(request.POST or None, person=request.user)
    page = FormPage(
        heading=_("Make a token for a program"),
        lead=_("With it a program calls the API in your name, and does what you may, except what asks you to confirm."),
        verb=_("Make the token"),
        back=reverse("organisation:tokens"),
        back_label=_("Tokens for programs"),
    )
    if not form.is_valid():
        return page.show(request, form)
    made, secret = ApiToken.make(
        by=request.user, second_factor_by_provider=is_by_provider(request, request.user), **form.cleaned_data
    )
    return render(request, "organisation/token_made.html", {"token": made, "secret": secret})


@permitted("token.revoke")
def revoke(request: Request, public_id: str) -> HttpResponse:
    token = get_or_404(ApiToken.objects.visible_to(request.user).live(clock.now()).listed(), public_id)
    is_mine = token.person == request.user
    page = FormPage(
        heading=_("Revoke “%(name)s”") % {"name": token.name}
        if is_mine
        else _("Revoke “%(name)s” of %(person)s") % {"name": token.name, "person": token.person},
        lead=_("The program that calls with it is refused from now on. It cannot be undone: make a new one instead."),
        verb=_("Revoke it now"),
        back=reverse("organisation:tokens" if is_mine else "organisation:everybodys_tokens"),
        back_label=_("Tokens for programs"),
        danger=True,
    )
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        return page.show(request, form)
    token.revoke(by=request.user, because=form.cleaned_data["reason"])
    messages.success(request, _("“%(name)s” opens nothing any more.") % {"name": token.name})
    return redirect(page.back)
