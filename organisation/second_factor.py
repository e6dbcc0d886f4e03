"""Who needs a second factor beside the password, and who has one."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from audit import trail
from organisation.models import User
from organisation.problems import refuse

FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
OPEN_TO_ALL = {"account_login", "account_logout", "account_reauthenticate"}
SET_UP = "mfa_"
BY_PROVIDER = "second_factor_by_provider"


def is_asked_of(person: User) -> bool:
    """Whether a line that this person stands on today needs it."""
    return bool(settings.MFA_REQUIRED_FOR and person.roles_today & settings.MFA_REQUIRED_FOR)


def is_missing(request: HttpRequest) -> bool:
    """Whether this person has to set one up before anything else."""
    person = request.user
    if not isinstance(person, User) or not is_asked_of(person) or is_by_provider(request, person):
        return False
    return not is_mfa_enabled(person, FACTORS)


def is_by_provider(request: HttpRequest, person: User) -> bool:
    """Whether the identity provider asked for one in this session, or in the one that the token was made in."""
    return person.token.second_factor_by_provider if person.token else bool(request.session.get(BY_PROVIDER))


def by_provider(request: HttpRequest, login: Any) -> None:
    """Remember of this session alone whether the identity provider asked for one that counts."""
    claims = getattr(login, "claims", None)
    request.session[BY_PROVIDER] = bool(claims and claims.has_second_factor)


def is_way_to_it(request: HttpRequest) -> bool:
    """Whether this page is needed to set one up, or to leave."""
    name = request.resolver_match.url_name or "" if request.resolver_match else ""
    return name.startswith(SET_UP) or name in OPEN_TO_ALL


def lead(request: HttpRequest) -> HttpResponse:
    """To where it is set up."""
    words = _("Your role asks for a second factor. Set one up first; nothing else opens until then.")
    address = reverse("mfa_index")
    if request.path.startswith("/api/"):
        return refuse(403, words, set_up_at=request.build_absolute_uri(address))
    messages.warning(request, words)
    if "HX-Request" in request.headers:
        return HttpResponse(status=403, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def factors_of(person: User) -> Any:
    return Authenticator.objects.filter(user=person, type__in=FACTORS).order_by("created_at")


@transaction.atomic
def forget(person: User, *, by: User, because: str) -> None:
    """They lost what they log in with: they set up a new second factor at their next log-in."""
    Authenticator.objects.filter(user=person).delete()
    for session in person.usersession_set.all():
        session.end()
    trail.record(by, "second_factor.forgotten", person, because=because)


def added(user: User, authenticator: Authenticator, **more: Any) -> None:
    trail.record(user, "second_factor.added", user, type=str(authenticator.type))


def removed(user: User, authenticator: Authenticator, **more: Any) -> None:
    trail.record(user, "second_factor.removed", user, type=str(authenticator.type))


def renewed(user: User, authenticator: Authenticator, **more: Any) -> None:
    trail.record(user, "second_factor.renewed", user, type=str(authenticator.type))
