"""What must happen next with a risk, and by whom: one sentence, worked out the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from organisation.models import User
from organisation.standing_in import for_whom, same_hands
from risks import rights
from risks.models import Risk
from risks.one_risk import Facts
from risks.rules import Kind

Standing = Risk.Standing


@dataclass(frozen=True)
class Move:
    """people: who may do it; none where it is anybody of the second line. what: in words, as a request. act: its door.

    act: confirm_closing, confirm_level, challenge, inherent, current, treat or review.
    done: by whom and when, where other hands have to confirm it.
    """

    act: str
    what: str
    people: list[User]
    done: tuple[User | None, datetime] | None = None

    def is_of(self, person: User) -> bool:
        return person in self.people or bool(self._of(person))

    def _of(self, reader: User) -> str:
        """For whom of them the reader does it, who stands in."""
        of = for_whom(reader, *self.people)
        return "" if of and self.done and same_hands(reader, *self.done) else of

    def words(self, reader: User) -> str:
        if reader in self.people:
            who = _("you")
        elif of := self._of(reader):
            who = _("you, for %(name)s") % {"name": of}
        else:
            who = rights.names(self.people) or _("the second line")
        return _("Awaits %(who)s: %(what)s") % {"who": who, "what": self.what}


def next_move(found: Facts, at: datetime) -> Move | None:
    """None where nothing is due."""
    risk = found.risk
    if risk.is_closed(at):
        return None
    if risk.closure_proposed_at:
        people = [one for one in found.answering if one != risk.closure_proposed_by]
        done = (risk.closure_proposed_by, risk.closure_proposed_at)
        return Move("confirm_closing", _("confirm that it can be closed, or send it back"), people, done)
    for level in found.levels:
        if one := level.waiting:
            what = _("confirm the proposed %(kind)s level") % {"kind": level.name.lower()}
            return Move("confirm_level", what, found.answering, (one.proposed_by, one.proposed_at))
    if found.challenges:
        return _challenged(found, at)
    return _unassessed(found) or _untreated(found, at) or _review(risk, timezone.localdate(at))


def _challenged(found: Facts, at: datetime) -> Move:
    one = found.challenges[0]
    if one.answered_at and one.answered_at <= at:
        return Move("challenge", _("settle the challenge %(id)s") % {"id": one.public_id}, [])
    return Move("challenge", _("answer the challenge %(id)s") % {"id": one.public_id}, found.answering)


def _unassessed(found: Facts) -> Move | None:
    stated = {one.kind for one in found.levels if one.level is not None}
    if Kind.INHERENT not in stated:
        return Move("inherent", _("state its inherent level"), found.answering)
    if Kind.CURRENT not in stated:
        return Move("current", _("state its current level"), found.answering)
    return None


def _untreated(found: Facts, at: datetime) -> Move | None:
    risk = found.risk
    if found.standing != Standing.ABOVE_TOLERANCE:
        return None
    treated = risk.treatments.filter(Q(closed_at=None) | Q(closed_at__gt=at), added_at__lte=at)
    accepted = risk.exceptions.live(at)
    if treated.exists() or accepted.exists():
        return None
    return Move("treat", _("treat it, or ask for an exception: it is above tolerance"), [risk.owner])


def _review(risk: Risk, today: date) -> Move | None:
    if risk.review_on is None or risk.review_on > today:
        return None
    words = _("review it, due on %(day)s") % {"day": date_format(risk.review_on, "j M Y")}
    return Move("review", words, [risk.owner])
