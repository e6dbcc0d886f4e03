"""Attempts to decide on one's own work: refused where they are made, and reported here, in one place.

A rule that refuses somebody because it is their own work says so with `own_work(…)`, whose words carry who tried what.
Where such a refusal answers an attempt (NotAllowed is raised with it, `attempted` is called with it, or
`permissions.require` refuses an author), it is kept until the request has been answered and its transaction is over;
then the trail keeps it, and whoever asked by `on_own_work` is told.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise

from audit import trail

if TYPE_CHECKING:
    from organisation.models import User

REFUSED = "own_work.refused"
SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Attempt:
    """action: what they tried, as the trail would have had it. subject: any row with a public id."""

    person: User
    action: str
    subject: Any
    because: str

    @property
    def key(self) -> tuple[int, str, str]:
        return self.person.pk, self.action, self.subject.public_id


class OwnWork(str):
    """Why somebody may not, in words, because it is their own work."""

    attempt: Attempt


Tell = Callable[[Attempt], None]
_tellers: list[Tell] = []
_attempts: ContextVar[dict[tuple[int, str, str], Attempt] | None] = ContextVar("own_work", default=None)


def on_own_work(tell: Tell) -> None:
    """Call `tell(attempt)` in the transaction that records an attempt."""
    if tell not in _tellers:
        _tellers.append(tell)


def own_work(words: str | Promise, person: User, action: str, subject: Any) -> OwnWork:
    """A refusal of one's own work, for whoever refuses in words."""
    refusal = OwnWork(str(words))
    refusal.attempt = Attempt(person, action, subject, str(words))
    return refusal


def attempted(words: object) -> None:
    """These words answer an attempt. Nothing is kept where they are no refusal of one's own work."""
    if isinstance(words, OwnWork):
        keep(words.attempt)


def keep(attempt: Attempt) -> None:
    """Once, however often one request meets it. Beside requests that change something nobody attempts anything."""
    kept = _attempts.get()
    if kept is not None:
        kept[attempt.key] = attempt


class own_work_reported:  # noqa: N801  (named for what it does, in the list of middleware)
    """Records and tells of the attempts of a request after it is answered: what was refused is rolled back by then."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in SAFE:
            return self.get_response(request)
        kept: dict[tuple[int, str, str], Attempt] = {}
        token = _attempts.set(kept)
        try:
            return self.get_response(request)
        finally:
            _attempts.reset(token)
            for attempt in kept.values():
                report(attempt)


@transaction.atomic
def report(attempt: Attempt) -> None:
    person = attempt.person
    person.acting_for = None
    away = [one.public_id for one in person.standing_in.delegators]
    told = {"standing_in_for": away} if away else {}
    trail.record(person, REFUSED, attempt.subject, tried=attempt.action, because=attempt.because, **told)
    for tell in _tellers:
        tell(attempt)
