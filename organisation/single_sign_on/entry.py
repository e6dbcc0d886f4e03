"""Who enters by way of the identity provider, and what those who don't are told."""

from __future__ import annotations

from typing import Any

import structlog
from allauth.account.internal.flows.login import record_authentication
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from audit import clock, trail
from organisation import log_ins
from organisation.groups import PROVIDER, bring_in_line, stands_for_something
from organisation.models import User
from organisation.single_sign_on.claims import Claims
from organisation.single_sign_on.provider import LEEWAY, NotBelieved, StillFails

log = structlog.get_logger(__name__)
CONFIRM = "confirm"
"""What somebody who is logged in goes to the provider for."""
CANCELLED = "access_denied"


class Refused(Exception):
    """They don't enter; the message says why, to them. because: for the trail."""

    def __init__(self, words: str, because: str, person: User | None = None) -> None:
        super().__init__(words)
        self.because, self.person = because, person


def arrived(request: HttpRequest, login: SocialLogin) -> None:
    """Let the person of a verified answer in as a person of the portal. Raises ImmediateHttpResponse."""
    if login.state.get("process") == CONFIRM:
        raise ImmediateHttpResponse(_confirmed(request, login))
    try:
        person = _admitted_once(login)
    except Refused as refusal:
        log_ins.refused(refusal.person, refusal.because)
        messages.error(request, str(refusal))
        raise ImmediateHttpResponse(redirect("account_login")) from refusal
    login.user = login.account.user = person


def _admitted_once(login: SocialLogin) -> User:
    """Raises Refused, also where two first log-ins of one person meet."""
    try:
        return admitted(login.claims, login.user if login.is_existing else None)
    except IntegrityError as met:
        raise Refused(_("Two log-ins of yours met. Try again."), "met another log-in") from met


@transaction.atomic
def admitted(claims: Claims, linked: User | None) -> User:
    """The person, brought in line with their groups. linked: who logged in like this before. Raises Refused."""
    person = linked or _by_email(claims)
    if person and not person.is_active:
        raise Refused(_("Your log-in is closed. An administrator can open it again."), "closed", person)
    if person and (words := log_ins.over_since(person, clock.now())):
        raise Refused(words, "time is over", person)
    if claims.groups is None:
        words = _("%(provider)s left out your groups, since they are too many. Its administrators can limit them.")
        raise Refused(words % _provider(), "too many groups", person)
    if person is None:
        person = _added(claims, claims.groups)
    if linked is None:
        SocialAccount.objects.create(user=person, provider=settings.OIDC_ISSUER, uid=claims.subject)
        trail.record(PROVIDER, "person.linked", person, issuer=settings.OIDC_ISSUER)
    bring_in_line(person, claims.groups)
    return person


@transaction.atomic
def forget(person: User, *, by: User, because: str) -> None:
    """Whoever next comes from the provider with their verified address is them: it made them a new account there."""
    SocialAccount.objects.filter(user=person).delete()
    for session in person.usersession_set.all():
        session.end()
    trail.record(by, "person.unlinked", person, because=because)


def _by_email(claims: Claims) -> User | None:
    """Who has this address, which the provider must have verified. Raises Refused."""
    if not claims.is_verified:
        words = _("%(provider)s doesn't say that your e-mail address is verified. Its administrators can verify it.")
        raise Refused(words % _provider(), "address not verified")
    person: User | None = User.objects.filter(email__iexact=claims.email).first()
    if person and SocialAccount.objects.filter(user=person, provider=settings.OIDC_ISSUER).exists():
        words = _("Your e-mail address belongs to another person of %(provider)s. Ask an administrator.")
        raise Refused(words % _provider(), "address of somebody else there", person)
    return person


def _added(claims: Claims, groups: frozenset[str]) -> User:
    if not stands_for_something(groups):
        words = _("No group of yours opens the portal. Ask your administrator for one.")
        raise Refused(words, "unknown, and in no mapped group")
    return User.add(name=claims.name or claims.email, email=claims.email, by=PROVIDER)


def _provider() -> dict[str, str]:
    return {"provider": settings.OIDC_NAME}


def _confirmed(request: HttpRequest, login: SocialLogin) -> HttpResponse:
    """Who is logged in proved again that it is them, just now and at the provider."""
    proved_at = login.claims.proved_at
    if not login.is_existing or login.user != request.user:
        return failed(request, NotBelieved("confirmed by somebody else"))
    if proved_at is None or clock.now().timestamp() - proved_at > 2 * LEEWAY:
        return failed(request, NotBelieved("confirmed by an old log-in"))
    known = {"provider": login.account.provider, "uid": login.account.uid}
    record_authentication(request, request.user, "socialaccount", reauthenticated=True, **known)
    return redirect(login.state.get("next") or "home")


def failed(request: HttpRequest, error: Any, *, code: str = "") -> HttpResponse:
    """Back to where they came from, with words. On the trail, unless nothing had begun, or it says so already."""
    if code == CANCELLED:
        messages.info(request, _("You are not logged in: you left %(provider)s.") % _provider())
    else:
        words = _("The log-in by %(provider)s failed. Try again; if it goes on, tell your administrator.")
        messages.error(request, words % _provider())
    if error is not None and not isinstance(error, StillFails):
        because = str(error) if isinstance(error, NotBelieved) else type(error).__name__
        subject = request.user if isinstance(request.user, User) else log_ins.NOBODY
        trail.record("log-in", "person.log_in_failed", subject, because=f"{PROVIDER}: {because}")
        log.warning("single_sign_on_failed", because=because)
    return redirect("home" if request.user.is_authenticated else "account_login")
