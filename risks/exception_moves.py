"""Which moves an exception can make, from where to where, and whose each of them is: one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from risks.models import RiskException

State = RiskException.State


class Verb(models.TextChoices):
    ACCEPT = "accept", _("Accept")
    REFUSE = "refuse", _("Refuse")
    CONCUR = "concur", _("Concur")
    CHALLENGE = "challenge", _("Challenge")
    ANSWER = "answer", _("Answer the challenge")
    DROP = "drop", _("Withdraw the challenge")
    UPHOLD = "uphold", _("Uphold the challenge")
    ESCALATE = "escalate", _("Escalate")
    GRANT = "grant", _("Record that it was granted")
    DENY = "deny", _("Record that it was refused")
    WITHDRAW = "withdraw", _("Withdraw")
    END = "end", _("End early")
    EXPIRE = "expire", _("Expire")
    REOPEN = "reopen", _("Reopen")


class Who(models.TextChoices):
    """asker: who asked. accountable: another of the first line, with the authority for its level. second: of the second
    line, a third person. overseer: of the second line. concerned: asker, accepter or owner of its risk."""

    ASKER = "asker", _("who asked for it")
    ACCOUNTABLE = "accountable", _("an accountable owner with the authority for its level")
    SECOND = "second", _("the second line")
    OVERSEER = "overseer", _("the second line")
    CONCERNED = "concerned", _("who asked, who accepted, or the owner of its risk")
    PORTAL = "portal", _("the portal")


@dataclass(frozen=True)
class Move:
    """to: None where it goes back to where it was before the challenge."""

    to: State | None
    who: Who


MOVES: Mapping[tuple[State, Verb], Move] = {
    (State.ASKED, Verb.ACCEPT): Move(State.ACCEPTED, Who.ACCOUNTABLE),
    (State.ASKED, Verb.REFUSE): Move(State.REFUSED, Who.ACCOUNTABLE),
    (State.ASKED, Verb.CHALLENGE): Move(State.CHALLENGED, Who.OVERSEER),
    (State.ASKED, Verb.UPHOLD): Move(State.REFUSED, Who.OVERSEER),
    (State.ASKED, Verb.WITHDRAW): Move(State.WITHDRAWN, Who.ASKER),
    (State.ASKED, Verb.EXPIRE): Move(State.EXPIRED, Who.PORTAL),
    (State.ACCEPTED, Verb.CONCUR): Move(State.LIVE, Who.SECOND),
    (State.ACCEPTED, Verb.CHALLENGE): Move(State.CHALLENGED, Who.OVERSEER),
    (State.ACCEPTED, Verb.UPHOLD): Move(State.REFUSED, Who.OVERSEER),
    (State.ACCEPTED, Verb.ESCALATE): Move(State.ESCALATED, Who.OVERSEER),
    (State.ACCEPTED, Verb.REFUSE): Move(State.REFUSED, Who.ACCOUNTABLE),
    (State.ACCEPTED, Verb.WITHDRAW): Move(State.WITHDRAWN, Who.ASKER),
    (State.ACCEPTED, Verb.EXPIRE): Move(State.EXPIRED, Who.PORTAL),
    (State.CHALLENGED, Verb.ANSWER): Move(None, Who.ASKER),
    (State.CHALLENGED, Verb.DROP): Move(None, Who.OVERSEER),
    (State.CHALLENGED, Verb.WITHDRAW): Move(State.WITHDRAWN, Who.ASKER),
    (State.CHALLENGED, Verb.EXPIRE): Move(State.EXPIRED, Who.PORTAL),
    (State.ESCALATED, Verb.GRANT): Move(State.LIVE, Who.SECOND),
    (State.ESCALATED, Verb.DENY): Move(State.REFUSED, Who.OVERSEER),
    (State.ESCALATED, Verb.WITHDRAW): Move(State.WITHDRAWN, Who.ASKER),
    (State.ESCALATED, Verb.EXPIRE): Move(State.EXPIRED, Who.PORTAL),
    (State.LIVE, Verb.END): Move(State.WITHDRAWN, Who.CONCERNED),
    (State.LIVE, Verb.UPHOLD): Move(State.REOPENED, Who.OVERSEER),
    (State.LIVE, Verb.REOPEN): Move(State.REOPENED, Who.PORTAL),
    (State.LIVE, Verb.EXPIRE): Move(State.EXPIRED, Who.PORTAL),
}

PAST: Mapping[Verb, str] = {
    Verb.ACCEPT: "accepted",
    Verb.REFUSE: "refused",
    Verb.CONCUR: "concurred",
    Verb.CHALLENGE: "challenged",
    Verb.ANSWER: "answered",
    Verb.DROP: "challenge_withdrawn",
    Verb.UPHOLD: "challenge_upheld",
    Verb.ESCALATE: "escalated",
    Verb.GRANT: "granted",
    Verb.DENY: "denied",
    Verb.WITHDRAW: "withdrawn",
    Verb.END: "ended",
    Verb.EXPIRE: "expired",
    Verb.REOPEN: "reopened",
}
"""What the trail calls each move."""

ENDS = frozenset({State.REFUSED, State.WITHDRAWN, State.EXPIRED, State.REOPENED})


def verbs_of(state: str) -> list[Verb]:
    """Those that people can do from here."""
    return [verb for (at, verb), move in MOVES.items() if at == state and move.who != Who.PORTAL]
