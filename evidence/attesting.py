"""Attestations: asked of a person, given by that person alone, written to the ledger of the control, withdrawn."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.words import kept
from controls import verdicts
from controls.models import Control, Verdict
from evidence.asked_people import answerers
from evidence.models import Attestation, Evidence
from evidence.telling import tell
from organisation.models import Solution, User
from organisation.permissions import holders, may
from organisation.standing_in import by_right, same_hands
from risks.refusals import Refused

SOURCE = "attestation"


@dataclass(frozen=True)
class Statement:
    """What is to be stated, of which time. period: from its first moment to the first moment after it."""

    control: Control
    solution: Solution | None
    text: str
    period: tuple[datetime, datetime]


@transaction.atomic
def ask(statement: Statement, *, of: User, due_on: date, by: User) -> Attestation:
    """From now on it awaits that person. Raises Refused."""
    at = clock.now()
    if not may(by, "attestation.ask"):
        raise Refused(_("To ask for an attestation is for these: %(who)s.") % {"who": _who("attestation.ask")})
    if same_hands(by, of):
        raise Refused(_("Nobody asks it of themselves: give it of your own accord."), "asked_of")
    if due_on < timezone.localdate(max(at, statement.period[1])):
        told = {"day": _day(timezone.localdate(max(at, statement.period[1])))}
        raise Refused(_("Nobody states it before the period is over: %(day)s at the earliest.") % told, "due_on")
    made = _made(statement, asked_by=by, asked_of=of, due_on=due_on, at=at)
    trail.record(by, "attestation.asked", made, due_on=due_on.isoformat(), **_told(made))
    told = {"who": by.name, "control": made.control.name, "day": _day(due_on)}
    tell([of], made, kept("%(who)s asks you to attest %(control)s by %(day)s") % told, by=by)
    return made


def _who(action: str) -> str:
    return ", ".join(holders(action))


def _day(day: date) -> str:
    return date_format(day, "j M Y")


def _made(statement: Statement, *, asked_by: User, asked_of: User, due_on: date, at: datetime) -> Attestation:
    control, (begin, end) = statement.control, statement.period
    solution = statement.solution or control.solution
    _refuse(statement, asked_by, asked_of, at)
    return Attestation.objects.create(
        control=control,
        solution=solution,
        statement=statement.text,
        period_from=begin,
        period_to=end,
        asked_by=asked_by,
        asked_at=at,
        asked_of=asked_of,
        due_on=due_on,
    )


def _refuse(statement: Statement, asked_by: User, asked_of: User, at: datetime) -> None:
    control, solution = statement.control, statement.solution or statement.control.solution
    seen = Control.objects.visible_to(asked_by).filter(pk=control.pk).exists()
    if not seen or (solution and not Solution.objects.visible_to(asked_by).filter(pk=solution.pk).exists()):
        raise Refused(_("There is no such thing, or it is not yours to see."), "control")
    if control.is_retired(at):
        raise Refused(_("The control is retired: nothing is said of it any more."), "control")
    if control.solution and solution != control.solution:
        raise Refused(_("%(name)s operates this control.") % {"name": control.solution.name}, "solution")
    if statement.period[0] >= statement.period[1]:
        raise Refused(_("It would end before it begins."), "period_to")
    if not statement.text.strip():
        raise Refused(_("Say what is stated."), "statement")
    if not may(asked_of, "attestation.give") or not verdicts.may_answer(asked_of, control, solution):
        names = ", ".join(one.name for one in givers(control, solution, at)[:8])
        told = {"name": asked_of.name, "names": names}
        raise Refused(_("%(name)s does not speak for it there. Those who do: %(names)s.") % told, "asked_of")


def givers(control: Control, solution: Solution | None, at: datetime) -> list[User]:
    """Who speaks for a control: its owner, the second line, and whoever works on the solution it is said of."""
    return list(answerers(solution, control, at))


def _told(made: Attestation) -> dict[str, str]:
    """What the trail keeps of it."""
    of = {"solution": made.solution.public_id} if made.solution else {}
    return {
        "control": made.control.public_id,
        "statement": made.statement,
        "from": made.period_from.isoformat(),
        "to": made.period_to.isoformat(),
        "asked_of": made.asked_of.public_id,
        **of,
    }


@dataclass(frozen=True)
class Given:
    """holds: whether it was so. expires_at: the first moment at which it holds no longer; None: as the control says."""

    holds: bool
    basis: str
    evidence: Collection[Evidence] = ()
    expires_at: datetime | None = None


@transaction.atomic
def state(statement: Statement, given: Given, *, by: User) -> Attestation:
    """Of one's own accord. Raises Refused."""
    at = clock.now()
    made = _made(statement, asked_by=by, asked_of=by, due_on=timezone.localdate(at), at=at)
    return _give(made, given, by, at)


@transaction.atomic
def give(attestation: Attestation, given: Given, *, by: User) -> Attestation:
    """Once, by who is asked; it stands in the ledger of the control from then on. Raises Refused."""
    held, at = _locked(attestation), clock.now()
    if why_not := give_refusal(held, by, at):
        raise Refused(why_not)
    return _give(held, given, by, at)


def give_refusal(attestation: Attestation, person: User, at: datetime) -> str:
    """Why this person may not give it now; empty where they may."""
    if attestation.withdrawn_at:
        return _("It was withdrawn: it is asked for anew.")
    if attestation.attested_at:
        return _("It is given, and never edited: withdraw it, and state it anew.")
    if not by_right(person, [attestation.asked_of]):
        return _("%(name)s is asked, and nobody else states it.") % {"name": attestation.asked_of.name}
    if not may(person, "attestation.give"):
        return _("To attest is for these: %(who)s.") % {"who": _who("attestation.give")}
    if attestation.period_to > at:
        told = {"day": _day(timezone.localdate(attestation.period_to))}
        return _("The period is not over before %(day)s: nobody can say yet what was so in it.") % told
    return ""


def _give(held: Attestation, given: Given, by: User, at: datetime) -> Attestation:
    expires_at = given.expires_at or held.period_to + held.control.lasts
    if expires_at <= at:
        raise Refused(_("It would have expired already: state it for a later period."), "expires_on")
    _check_pieces(given.evidence, by, at)
    held.verdict = _verdict(held, given, expires_at, by)
    held.holds, held.basis = given.holds, given.basis
    held.attested_at, held.expires_at = at, expires_at
    held.save(update_fields=["holds", "basis", "attested_at", "expires_at", "verdict"])
    held.evidence.add(*given.evidence)
    if by != held.asked_of:
        by_right(by, [held.asked_of])  # whose statement it is; the ledger asked who speaks for the control
    told = {"holds": given.holds, "basis": given.basis, "expires_at": expires_at.isoformat()}
    pieces = [one.public_id for one in given.evidence]
    trail.record(by, "attestation.given", held, verdict=held.verdict.public_id, evidence=pieces, **told, **_told(held))
    words = (
        kept("%(who)s attested %(control)s") if given.holds else kept("%(who)s states that it was not so: %(control)s")
    )
    tell([held.asked_by], held, words % {"who": by.name, "control": held.control.name}, by=by)
    return held


def _check_pieces(evidence: Collection[Evidence], by: User, at: datetime) -> None:
    keys = [one.pk for one in evidence]
    seen = set(Evidence.objects.visible_to(by).standing(at).filter(pk__in=keys).values_list("pk", flat=True))
    if missing := [one.public_id for one in evidence if one.pk not in seen]:
        words = _("%(ids)s cannot be attached: withdrawn or superseded, or not yours to see.")
        raise Refused(words % {"ids": ", ".join(missing)}, "evidence")


FIELDS = {"because": "basis", "what": "statement", "fresh_until": "expires_on"}
"""What the ledger calls it, and what a form of an attestation does."""


def _verdict(held: Attestation, given: Given, expires_at: datetime, by: User) -> Verdict:
    try:
        return verdicts.record(
            held.control,
            kind=Verdict.Kind.ATTESTATION,
            result=Verdict.Result.PASSING if given.holds else Verdict.Result.FAILING,
            period_from=held.period_from,
            period_to=held.period_to,
            because=given.basis,
            what=held.statement,
            solution=held.solution,
            fresh_until=expires_at,
            source=(SOURCE, held.public_id),
            by=by,
        )
    except verdicts.Refused as no:
        raise Refused(str(no.words), FIELDS.get(no.field, no.field)) from no
    except PermissionDenied as no:
        raise Refused(_("You do not speak for this control there any more.")) from no


@transaction.atomic
def withdraw(attestation: Attestation, *, because: str, by: User) -> Attestation:
    """From now on it holds no longer, nor does its verdict; that it was stated stays. Raises Refused."""
    held = _locked(attestation)
    if why_not := withdraw_refusal(held, by):
        raise Refused(why_not)
    _withdrawn(held, because, by)
    if held.verdict and not held.verdict.withdrawn_at:
        held.verdict.withdraw(because=f"{held.public_id}: {because}", by=by)
    told = {"who": by.name, "id": held.public_id, "why": because}
    tell([held.asked_by, held.asked_of], held, kept("%(who)s withdrew %(id)s: %(why)s") % told, by=by)
    return held


def withdraw_refusal(attestation: Attestation, person: User) -> str:
    """Who gave it withdraws it, and the second line."""
    if attestation.withdrawn_at:
        return _("It is withdrawn already.")
    if not attestation.attested_at:
        return _("It is not given yet: whoever asked calls it off.")
    if not may(person, "attestation.give"):
        return _("To withdraw it is for these: %(who)s.") % {"who": _who("attestation.give")}
    if not by_right(person, [attestation.asked_of]) and not may(person, "control.manage"):
        return _("%(name)s stated it, and withdraws it; so may the second line.") % {"name": attestation.asked_of.name}
    return ""


@transaction.atomic
def call_off(attestation: Attestation, *, because: str, by: User) -> Attestation:
    """It is not asked for any more. Raises Refused."""
    held = _locked(attestation)
    if why_not := call_off_refusal(held, by):
        raise Refused(why_not)
    _withdrawn(held, because, by)
    told = {"who": by.name, "id": held.public_id, "why": because}
    tell([held.asked_by, held.asked_of], held, kept("%(who)s called %(id)s off: %(why)s") % told, by=by)
    return held


def call_off_refusal(attestation: Attestation, person: User) -> str:
    """Whoever asked, or a colleague of the same line."""
    if attestation.withdrawn_at:
        return _("It is withdrawn already.")
    if attestation.attested_at:
        return _("It is given: who stated it withdraws it, or the second line.")
    if not may(person, "attestation.ask"):
        return _("To call it off is for these: %(who)s.") % {"who": _who("attestation.ask")}
    if not by_right(person, [attestation.asked_by]) and not attestation.asked_by.roles_today & person.roles_today:
        told = {"name": attestation.asked_by.name}
        return _("%(name)s asked for it, and calls it off; so may colleagues of the same line.") % told
    return ""


def _withdrawn(held: Attestation, because: str, by: User) -> None:
    if not because.strip():
        raise Refused(_("Say why: it goes on the record."), "because")
    held.withdrawn_at, held.withdrawn_by, held.withdrawn_because = clock.now(), by, because
    held.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_because"])
    trail.record(by, "attestation.withdrawn", held, because=because, control=held.control.public_id)


def _locked(attestation: Attestation) -> Attestation:
    related = ("control__solution", "control__owner", "solution", "asked_by", "asked_of", "verdict__control")
    return Attestation.objects.select_for_update(of=("self",)).select_related(*related).get(pk=attestation.pk)
