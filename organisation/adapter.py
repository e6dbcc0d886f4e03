"""What the portal says to django-allauth."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from audit import clock
from organisation import log_ins, second_factor
from organisation.models import User
from organisation.sessions import PROVED, end, since

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
        """Nobody from outside whose time is over."""
        if words := log_ins.over_since(user, clock.now()):
            clear_login(request)
            log_ins.refused(user, "time is over")
            messages.error(request, words)
            return redirect("account_login")
        answer: HttpResponse | None = super().pre_login(request, user, **more)
        return answer

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.user, User):
            log_ins.left(request.user)
        super().logout(request)


class SecondFactor(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": _(
            "Your role asks for a second factor: set up another one before this one goes."
        ),
    }

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
