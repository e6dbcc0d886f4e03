"""What the portal says to django-allauth."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.stages import AuthenticateStage
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from audit import clock
from organisation import log_ins, second_factor
from organisation.at_rest import lock, unlock
from organisation.models import User
from organisation.sessions import PROVED, end, since
from organisation.single_sign_on import entry
from organisation.single_sign_on import provider as single_sign_on

LATELY = timedelta(minutes=15)


class InvitedOnly(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up: an administrator adds people."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The e-mail address or the password is not right."),
        "too_many_login_attempts": _("Too many attempts failed. Wait a quarter of an hour, or ask for a new password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str, **more: Any) -> bool:
        """For changes of one's own log-in: not just after a log-in or a confirmation."""
        proved = since(context.request, PROVED)
        return proved is None or proved > LATELY

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        log_ins.failed(credentials.get("email") or "")

    def pre_login(self, request: HttpRequest, user: User, **more: Any) -> HttpResponse | None:
        """Nobody from outside whose time is over, and nobody past the identity provider that they log in by."""
        if words := log_ins.over_since(user, clock.now()):
            return self._refused(request, user, "time is over", words)
        if single_sign_on.is_linked(user) and "sociallogin" not in (more.get("signal_kwargs") or {}):
            words = _("You log in by %(provider)s.") % {"provider": settings.OIDC_NAME}
            return self._refused(request, user, "not by the identity provider", words)
        answer: HttpResponse | None = super().pre_login(request, user, **more)
        return answer

    def _refused(self, request: HttpRequest, user: User, because: str, words: str) -> HttpResponse:
        clear_login(request)
        log_ins.refused(user, because)
        messages.error(request, words)
        return redirect("account_login")

    def get_login_stages(self) -> list[str]:
        ours = {"allauth.mfa.stages.AuthenticateStage": "organisation.adapter.SecondStep"}
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Who logs in by the identity provider confirms there, or with a second factor of the portal."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if not isinstance(user, User) or not single_sign_on.is_linked(user):
            return methods
        words = _("Confirm by %(provider)s") % {"provider": settings.OIDC_NAME}
        there = {"id": "single_sign_on", "description": words, "url": reverse("single_sign_on")}
        return [there, *(method for method in methods if method["id"] != "reauthenticate")]

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.user, User):
            log_ins.left(request.user)
        super().logout(request)


class SecondStep(AuthenticateStage):  # type: ignore[misc]
    """Not where the identity provider asked for a second factor that counts."""

    def _should_handle(self, request: HttpRequest) -> bool:
        login = (self.login.signal_kwargs or {}).get("sociallogin")
        claims = getattr(login, "claims", None)
        return not (claims and claims.has_second_factor) and bool(super()._should_handle(request))


class SingleSignOn(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """One provider, described by the settings. Nobody signs up and nobody links by themselves."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def list_apps(self, request: HttpRequest, provider: str | None = None, client_id: str | None = None) -> list[Any]:
        return [single_sign_on.app()] if single_sign_on.is_set_up() else []

    def get_requests_session(self) -> Any:
        return single_sign_on.OnlyThere()

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        entry.arrived(request, sociallogin)

    def on_authentication_error(self, request: HttpRequest, provider: Any, **more: Any) -> None:
        begun = (more.get("extra_context") or {}).get("state")
        error = more.get("exception") or (single_sign_on.NotBelieved("no code") if begun else None)
        code = request.GET.get("error", "") if begun else ""
        raise ImmediateHttpResponse(entry.failed(request, error, code=code))


class SecondFactor(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": _(
            "Your role asks for a second factor: set up another one before this one goes."
        ),
    }

    def encrypt(self, text: str) -> str:
        return lock(text)

    def decrypt(self, encrypted_text: str) -> str:
        return unlock(encrypted_text)

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        """The last one stays where the role asks for one."""
        person = authenticator.user
        others = second_factor.factors_of(person).exclude(pk=authenticator.pk)
        return not second_factor.is_asked_of(person) or others.exists()


class Sessions(DefaultUserSessionsAdapter):  # type: ignore[misc]
    def end_sessions(self, sessions: Iterable[Any]) -> None:
        """A person ends all their other sessions."""
        person = context.request.user
        end(sessions, person=person, by=person, because="ended by themselves")
