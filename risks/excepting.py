"""Moving an exception on: one accepts, another concurs, and anything else is refused in words.

The moves stand in risks.exception_moves; each one appends a step and an entry of the trail in one transaction.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.words import kept, of_the_organisation
from organisation.models import User
from organisation.own_work import own_work
from organisation.permissions import may
from organisation.standing_in import by_right, same_hands
from risks import bearing
from risks.authorities import may_accept, who_may_accept
from risks.exception_moves import ENDS, MOVES, PAST, Move, Verb, Who, verbs_of
from risks.levels import level_now, matrix_at, reads_as
from risks.models import Challenge, ExceptionStep, RiskException
from risks.population import population
from risks.refusals import Refused
from risks.telling import concerned, second_line, tell

State = RiskException.State
ACTION = {
    Who.ASKER: "exception.ask",
    Who.ACCOUNTABLE: "exception.accept",
    Who.SECOND: "exception.concur",
    Who.OVERSEER: "exception.concur",
    Who.CONCERNED: "exception.ask",
}
STILL_AFTER_EXPIRY = frozenset({Verb.WITHDRAW, Verb.REFUSE, Verb.DENY, Verb.UPHOLD, Verb.DROP})
Person = User | None
"""None: the portal."""


def refusal(exception: RiskException, verb: Verb, person: Person, at: datetime) -> str:
    """Why this person may not do that now, and what would be allowed; empty where they may."""
    move = MOVES.get((State(exception.state), verb))
    if move is None:
        return _not_from_here(exception, verb)
    if person is None:
        return "" if move.who == Who.PORTAL else _("A person has to do that.")
    if exception.expires_at <= at and verb not in STILL_AFTER_EXPIRY:
        day = date_format(timezone.localtime(exception.expires_at), "j M Y")
        return _("It expired on %(day)s: it can only be asked for anew.") % {"day": day}
    return _not_theirs(exception, move, person, at)


def _not_from_here(exception: RiskException, verb: Verb) -> str:
    told = {"id": exception.public_id, "state": exception.get_state_display().lower(), "verb": verb.label.lower()}
    possible = ", ".join(str(one.label).lower() for one in verbs_of(exception.state))
    if possible:
        return _("%(id)s is %(state)s: “%(verb)s” is not open now. Open is: %(possible)s.") % {
            **told, "possible": possible,
        }  # fmt: skip
    return _("%(id)s is %(state)s, and stays so: ask for a new one.") % told


def _not_theirs(exception: RiskException, move: Move, person: User, at: datetime) -> str:
    if move.who == Who.PORTAL:
        return _("The portal does that by itself.")
    if not may(person, ACTION[move.who]):
        return _("It is for %(who)s to do.") % {"who": move.who.label}
    person.acting_for = None
    if move.who == Who.ASKER and not by_right(person, [exception.asked_by]):
        return _("It is for %(name)s to do, who asked for it.") % {"name": exception.asked_by.name}
    if move.who == Who.CONCERNED and not by_right(person, concerned(exception)):
        names = ", ".join(one.name for one in concerned(exception))
        return _("It is for one of these to do: %(names)s.") % {"names": names}
    if move.who == Who.ACCOUNTABLE:
        return _not_accountable(exception, person, at)
    if move.who == Who.SECOND and _asked_or_accepted(exception, person):
        words = _("You asked for it or accepted it: somebody else of the second line concurs.")
        return own_work(words, person, "exception.concurred", exception)
    return ""


def _asked_or_accepted(exception: RiskException, person: User) -> bool:
    asked = same_hands(person, exception.asked_by, exception.asked_at)
    return asked or same_hands(person, exception.accepted_by, exception.accepted_at)


def _not_accountable(exception: RiskException, person: User, at: datetime) -> str:
    if same_hands(person, exception.asked_by, exception.asked_at):
        others = _names_of_accepters(exception, at)
        words = _("Nobody accepts what they asked for. Those who may: %(names)s.") % {"names": others}
        return own_work(words, person, "exception.accepted", exception)
    if not may_accept(person, exception.solution, exception.level, exception.matrix, at):
        told = {
            "level": exception.matrix.label(exception.level),
            "solution": exception.solution.name,
            "names": _names_of_accepters(exception, at),
        }
        words = _("Your authority does not reach “%(level)s” in %(solution)s. Those whose does: %(names)s.")
        return words % told
    return ""


def accepters(exception: RiskException, at: datetime) -> list[User]:
    """Who may accept it: those with the authority, but for who asked."""
    found = who_may_accept(exception.solution, exception.level, exception.matrix, at)
    return [one for one in found if one != exception.asked_by]


def _names_of_accepters(exception: RiskException, at: datetime) -> str:
    names = ", ".join(one.name for one in accepters(exception, at))
    return names or _("nobody yet; the second line records whom the governing body gives the authority")


def open_verbs(exception: RiskException, person: User, at: datetime) -> list[Verb]:
    """What this person may do with it now."""
    return [verb for verb in verbs_of(exception.state) if not refusal(exception, verb, person, at)]


def risen(exception: RiskException, at: datetime, worst: int | None = None) -> str:
    """That the level is above the one at the time, in words; empty where it is not. worst: severity of what fails."""
    matrix = matrix_at(at)
    if matrix is None:
        return ""
    then = reads_as(exception.level, exception.matrix, matrix)
    now = level_now(matrix, exception.risk, worst)
    if then is None or now is None or now <= then:
        return ""
    told = {"now": matrix.label(now), "then": matrix.label(then)}
    return kept("The level is %(now)s now, above %(then)s at the time") % told


@transaction.atomic
def move(
    exception: RiskException, verb: Verb, *, by: Person, because: str = "", read: int | None = None
) -> RiskException:
    """Make a move. read: the version that the person saw. Raises Refused; returns the row as it is then."""
    held = locked(exception)
    at = clock.now()
    if read is not None and held.version != read:
        raise Refused(_("Somebody moved %(id)s on since you opened it; look again.") % {"id": held.public_id})
    if why_not := refusal(held, verb, by, at):
        raise Refused(why_not)
    _stands_in_the_way(held, verb, by, at)
    if not because.strip() and verb not in (Verb.ACCEPT, Verb.CONCUR):
        raise Refused(_("Say why: it goes on the record."), "because")
    step = MOVES[State(held.state), verb]
    to = step.to or _before_the_challenge(held)
    _change(held, verb, to, by, because, at)
    held.save_version(read=held.version)
    words = because or str(verb.label)
    ExceptionStep.objects.create(exception=held, state=to, at=at, by=by, because=words)
    trail.record(by or "exceptions", f"exception.{PAST[verb]}", held, because=words, state=to)
    _follow(held, verb, by, at)
    return held


def locked(exception: RiskException) -> RiskException:
    """The row as it is now, held until the transaction ends."""
    related = ("solution", "risk__owner", "matrix", "asked_by", "accepted_by", "concurred_by")
    rows = RiskException.objects.select_for_update(of=("self",)).select_related(*related)
    return rows.get(pk=exception.pk)


def _before_the_challenge(exception: RiskException) -> State:
    return State.ACCEPTED if exception.accepted_by else State.ASKED


def _stands_in_the_way(exception: RiskException, verb: Verb, by: Person, at: datetime) -> None:
    """What else than state and person has to be so: the level still, the ceiling, no open challenge of one's own."""
    if verb not in (Verb.ACCEPT, Verb.CONCUR, Verb.GRANT):
        return
    now = population(exception)
    if higher := risen(exception, at, now.worst):
        raise Refused(_("%(higher)s: withdraw it and ask anew at that level.") % {"higher": higher})
    if exception.ceiling is not None and len(now) > exception.ceiling:
        told = {"n": len(now), "ceiling": exception.ceiling}
        raise Refused(
            _("%(n)d fail within its rule now, more than the ceiling of %(ceiling)d: ask anew with a higher one.")
            % told
        )
    if verb == Verb.ACCEPT:
        return
    for challenge in exception.challenges.open():
        if challenge.answered_by_id is None:
            raise Refused(_("%(id)s awaits an answer first.") % {"id": challenge.public_id})
        if by and same_hands(by, challenge.answered_by_id, challenge.answered_at):
            words = _("You answered %(id)s: somebody else decides.") % {"id": challenge.public_id}
            raise Refused(own_work(words, by, f"exception.{PAST[verb]}", exception))


def _change(exception: RiskException, verb: Verb, to: State, by: Person, because: str, at: datetime) -> None:
    exception.state = to
    if verb == Verb.ACCEPT:
        exception.accepted_by, exception.accepted_at = by, at
    if to == State.LIVE:
        exception.concurred_by, exception.began_at = by, at
    if to in ENDS:
        exception.ended_at = min(at, exception.expires_at) if exception.began_at else at
        exception.ended_because = because


def _follow(exception: RiskException, verb: Verb, by: Person, at: datetime) -> None:
    """What a move brings about: the ledger, open challenges, and who is told."""
    if exception.state == State.LIVE:
        _satisfied(exception, by, at)
        bearing.begin(exception)
    elif exception.state in ENDS and exception.began_at:
        bearing.end(exception)
    people = concerned(exception)
    if verb in (Verb.ACCEPT, Verb.ANSWER, Verb.EXPIRE, Verb.REOPEN, Verb.END):
        people += second_line()
    if exception.state == State.ASKED:
        people += accepters(exception, at)
    with of_the_organisation():
        words = _("%(id)s, %(kind)s in %(solution)s: %(state)s")
        told = {
            "id": exception.public_id,
            "kind": exception.get_kind_display().lower(),
            "solution": exception.solution.name,
            "state": exception.get_state_display().lower(),
        }
    text = f"{words % told}. {exception.ended_because}".strip() if exception.state in ENDS else words % told
    mail = exception.state in ENDS or exception.state in (State.LIVE, State.CHALLENGED)
    tell(people, f"exception_{PAST[verb]}", exception, text, by=by, mail=mail)


def _satisfied(exception: RiskException, by: Person, at: datetime) -> None:
    """Whoever concurs settles the challenges that were answered."""
    for challenge in exception.challenges.open():
        challenge.outcome, challenge.settled_by, challenge.settled_at = Challenge.Outcome.SATISFIED, by, at
        challenge.settled_because = kept("Concurred with the exception")
        challenge.save()
        trail.record(by or "exceptions", "challenge.settled", challenge, outcome=challenge.outcome)


def accept(exception: RiskException, *, by: User, because: str = "", read: int | None = None) -> RiskException:
    return move(exception, Verb.ACCEPT, by=by, because=because, read=read)


def refuse(exception: RiskException, *, by: User, because: str, read: int | None = None) -> RiskException:
    return move(exception, Verb.REFUSE, by=by, because=because, read=read)


def concur(exception: RiskException, *, by: User, because: str = "", read: int | None = None) -> RiskException:
    return move(exception, Verb.CONCUR, by=by, because=because, read=read)


def escalate(exception: RiskException, *, by: User, because: str, read: int | None = None) -> RiskException:
    return move(exception, Verb.ESCALATE, by=by, because=because, read=read)


def decide(
    exception: RiskException, *, granted: bool, reference: str, because: str, by: User, read: int | None = None
) -> RiskException:
    """Record what the governing body decided. reference: where that is on record."""
    if not reference.strip():
        raise Refused(_("Say where the decision is on record."), "reference")
    verb = Verb.GRANT if granted else Verb.DENY
    return move(exception, verb, by=by, because=f"{because} ({reference})", read=read)


def withdraw(exception: RiskException, *, by: User, because: str, read: int | None = None) -> RiskException:
    return move(exception, Verb.WITHDRAW, by=by, because=because, read=read)


def end_early(exception: RiskException, *, by: User, because: str, read: int | None = None) -> RiskException:
    return move(exception, Verb.END, by=by, because=because, read=read)
