from collections.abc import Iterable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.http import HttpRequest

from organisation.sessions import end


class InvitedOnly(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up: an administrator adds people."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class Sessions(DefaultUserSessionsAdapter):  # type: ignore[misc]
    def end_sessions(self, sessions: Iterable[Any]) -> None:
        """A person ends all their other sessions."""
        person = context.request.user
        end(sessions, person=person, by=person, because="ended by themselves")
