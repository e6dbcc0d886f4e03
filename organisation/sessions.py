"""Where a person is logged in, how long that lasts, and when they last proved who they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from audit import clock, trail
from organisation.models import User

GetResponse = Callable[[HttpRequest], HttpResponse]
BEGAN, SEEN, PROVED = "began_at", "seen_at", "proved_at"
SEEN_EVERY = timedelta(minutes=1)


def begin(request: HttpRequest, **more: Any) -> None:
    """Somebody logged in: from now on their session counts."""
    now = clock.now().timestamp()
    request.session[BEGAN] = request.session[SEEN] = request.session[PROVED] = now


def since(request: HttpRequest, name: str) -> timedelta | None:
    """How long ago the session began, was seen or proved who it is; None where it does not say."""
    at = request.session.get(name)
    return None if at is None else timedelta(seconds=clock.now().timestamp() - at)


class sessions_end:  # noqa: N801  (named for what it does, in the list of middleware)
    """A session ends when nobody used it for too long, and when it lasted long enough."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, User) and request.user.token is None:
            self._look(request, request.user)
        return self.get_response(request)

    def _look(self, request: HttpRequest, person: User) -> None:
        lasted, idle = since(request, BEGAN), since(request, SEEN)
        if lasted is None or idle is None:
            begin(request)
        elif lasted > timedelta(hours=settings.SESSION_HOURS):
            hours = settings.SESSION_HOURS
            self._end(request, person, "limit", _("You were logged out: a log-in lasts %(n)d hours.") % {"n": hours})
        elif settings.SESSION_IDLE_MINUTES and idle > timedelta(minutes=settings.SESSION_IDLE_MINUTES):
            words = _("You were logged out: nothing was done here for %(n)d minutes.")
            self._end(request, person, "idle", words % {"n": settings.SESSION_IDLE_MINUTES})
        elif idle > SEEN_EVERY:
            request.session[SEEN] = clock.now().timestamp()
            seen = {"last_seen_at": clock.now(), "ip": get_adapter().get_client_ip(request)}
            sessions_of(person).filter(session_key=request.session.session_key).update(**seen)

    @transaction.atomic
    def _end(self, request: HttpRequest, person: User, because: str, words: str) -> None:
        sessions_of(person).filter(session_key=request.session.session_key).delete()
        trail.record(person, "session.ended", person, because=because)
        logout(request)
        if not request.path.startswith("/api/"):
            messages.warning(request, words)


def sessions_of(person: User) -> Any:
    """Where this person is logged in, as far as their browsers were noted at the log-in."""
    return person.usersession_set.order_by("-last_seen_at")


@transaction.atomic
def end(sessions: Iterable[Any], *, person: User, by: User | str, because: str) -> int:
    """Log `person` out in these browsers. Answers in how many."""
    ended = [session.ip for session in sessions if session.end() is None]
    if ended:
        trail.record(by, "session.ended", person, because=because, addresses=sorted(set(ended)))
    return len(ended)


BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device(user_agent: str) -> str:
    """“Firefox, Linux”: what a browser says of itself, in the words of people."""
    said = [next((name for mark, name in known if mark in user_agent), "") for known in (BROWSERS, SYSTEMS)]
    return ", ".join(filter(None, said)) or user_agent.split("/")[0][:40] or _("Unknown device")
