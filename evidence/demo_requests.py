"""What people of the demo asked each other for as evidence, and attested, by the ordinary verbs.

A handful in different states. The moves are made at the moment of the clock; nothing is backdated.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from audit import clock
from controls.models import Control
from evidence import attesting, requests
from evidence.asked_people import answerers
from evidence.attesting import Given, Statement
from evidence.models import EvidenceRequest, RequestStep
from evidence.requests import Asking
from organisation.models import Grant, NotAllowed, Role, User

Kind = RequestStep.Kind
REQUESTS: tuple[tuple[str, str, int, tuple[str, ...]], ...] = (
    ("Record of the last review", "Who looked at what, when, and what was changed after it.", 2, ()),
    ("Population of the last quarter", "All of them, from the system itself, with the query.", 4, ("answered",)),
    ("Minutes in which it was agreed", "With the names of those who were there.", 6, ("answered", "returned")),
    ("Configuration as it was at the end of the month", "An export; a picture only where there is none.", 9, ()),
    ("Procedure in force", "With its version and who approved it.", 12, ("answered", "accepted")),
    ("Three changes with their approvals", "Any three of the last quarter.", 21, ("passed_on",)),
    ("List of those who may approve", "As of today.", 30, ()),
)
WORDS = {
    "answered": "It is kept in the team's folder; this is what it says, word by word, until the export is back.",
    "returned": "The names are missing: please send the page with the list of those present.",
    "accepted": "That is what was needed.",
}
ENGINEER = "ana@example.org"
"""Who finds some of it under their items, in one of their solutions."""
BASIS = "The team's log of the quarter, read entry by entry."


@transaction.atomic
def seed() -> int:
    """How many acts it did; 0 where it is done, or the demo's people and controls are not there yet."""
    if EvidenceRequest.objects.exists() or not User.objects.filter(email="jonas@example.org").exists():
        return 0
    at = clock.now()
    asker = User.objects.active().with_role(Role.THIRD, at).order_by("pk").first()
    second = User.objects.active().with_role(Role.SECOND, at).order_by("pk").first()
    controls = list(Control.objects.in_use(at).select_related("owner", "solution").order_by("method", "pk"))
    owned = [one for one in controls if Role.FIRST in one.owner.roles_today]
    if asker is None or second is None or not owned:
        return 0
    return sum(1 for _act in (*_requests(owned, asker, at), *_attestations(owned, second, at)))


def _requests(controls: list[Control], asker: User, at: datetime) -> Iterator[object]:
    today = timezone.localdate(at)
    part = Grant.objects.managed().in_force(at).filter(person__email=ENGINEER).order_by("pk").first()
    for n, (title, what, days, moves) in enumerate(REQUESTS):
        control = controls[n % len(controls)]
        place, person = control.solution, control.owner
        if place is None and n % 2 == 0 and part:
            place, person = part.solution, part.person
        period = (at - timedelta(days=92), at)
        asked = Asking(
            title, person, today + timedelta(days=days), what, place, control, period=period
        )  # fmt: skip
        try:
            yield (made := requests.ask(asked, by=asker))
        except NotAllowed:
            continue
        for move in moves:
            yield _moved(made, move, asker, at)


def _moved(made: EvidenceRequest, move: str, asker: User, at: datetime) -> object:
    if move == "answered":
        return requests.answer(made, by=made.assignee, words=WORDS[move])
    if move == "passed_on":
        others = answerers(made.solution, made.control, at).exclude(pk__in=[made.assignee.pk, asker.pk])
        to = others.first()
        return to and requests.pass_on(made, to=to, by=made.assignee, words="You approved them last.")
    return requests.settle(made, move, by=asker, because=WORDS[move])


def _attestations(controls: list[Control], second: User, at: datetime) -> Iterator[object]:
    """One given when asked, one awaited, one of the owner's own accord."""
    manual = [one for one in controls if one.is_manual] or controls
    for n, control in enumerate(manual[:3]):
        period = (at - timedelta(days=min(control.lasts.days, 92)), at)
        said = Statement(control, control.solution, f"{control.name}, all through the period", period)
        given = Given(holds=True, basis=BASIS)
        try:
            if n == 2:
                yield attesting.state(said, given, by=control.owner)
                continue
            day = timezone.localdate(at) + timedelta(days=10)
            yield (asked := attesting.ask(said, of=control.owner, due_on=day, by=second))
            if n == 0:
                yield attesting.give(asked, given, by=control.owner)
        except NotAllowed:
            continue
