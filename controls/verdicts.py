"""Writing to the ledger of verdicts: manual tests and attestations from the pages, conclusions from floors above."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit import clock, trail
from controls.models import Control, Verdict
from organisation.models import NotAllowed, Solution, User
from organisation.permissions import may, require
from organisation.standing_in import by_right

Source = tuple[str, str]
"""Kind and public id of what a verdict follows from."""


class Refused(NotAllowed):
    """field: of what was said; words: what is wrong with it, to whoever said it."""

    def __init__(self, field: str, words: str | Promise) -> None:
        super().__init__(words)
        self.field, self.words = field, words


@transaction.atomic
def record(
    control: Control,
    *,
    kind: str,
    result: str,
    period_from: datetime,
    period_to: datetime,
    because: str,
    by: User,
    what: str = "",
    stated_by: str = "",
    solution: Solution | None = None,
    fresh_until: datetime | None = None,
    source: Source | None = None,
) -> Verdict:
    """What `by` says of a control for a period that is over; a source writes one verdict, however often it asks.

    solution: of which it is said; None for the organisation, or for the solution that operates the control.
    fresh_until: earlier than the control's frequency gives. Raises Refused and PermissionDenied.
    """
    solution = solution or control.solution
    _permit(control, kind, solution, by)
    if source and (said := Verdict.objects.filter(source_kind=source[0], source_id=source[1], control=control).first()):
        return said
    at = clock.now()
    _refuse(control, solution, at, period_from, period_to)
    _refuse_silence(kind, what, because)
    verdict = Verdict.objects.create(
        control=control,
        solution=solution,
        kind=kind,
        result=result,
        period_from=period_from,
        period_to=period_to,
        fresh_until=_fresh_until(control, kind, period_to, fresh_until),
        what=what,
        because=because,
        stated_by=stated_by,
        said_by=by,
        said_at=at,
        source_kind=source[0] if source else "",
        source_id=source[1] if source else "",
    )
    trail.record(by, "verdict.recorded", verdict, **_told(verdict))
    return verdict


def _told(verdict: Verdict) -> dict[str, str]:
    """What the trail keeps of it."""
    period = {"from": verdict.period_from.isoformat(), "to": verdict.period_to.isoformat()}
    of = {"solution": verdict.solution.public_id} if verdict.solution else {}
    return {"control": verdict.control.public_id, "kind": verdict.kind, "result": verdict.result, **period, **of}


def may_answer(person: User, control: Control, solution: Solution | None) -> bool:
    """Whether they may test or attest it there: its owner, the second line, or who works on that solution, and who
    stands in for one of these.

    Of the organisation as a whole only the owner and the second line speak.
    """
    if not may(person, "control.answer"):
        return False
    person.acting_for = None
    if control.owner_id == person.pk or may(person, "control.manage"):
        return True
    return by_right(person, [control.owner], part_in=solution)


def solutions_to_answer(person: User) -> QuerySet[Solution]:
    """Of which they may say something, where a control is every solution's."""
    return Solution.objects.visible_to(person).in_use(clock.now())


def may_withdraw(person: User, verdict: Verdict) -> bool:
    """Who said it, and the second line; what a floor above wrote is withdrawn there, and a conclusion by its author."""
    if verdict.withdrawn_at or verdict.source_id:
        return False
    if verdict.kind == Verdict.Kind.CONCLUSION:
        return may(person, "control.conclude") and verdict.said_by_id == person.pk
    return may(person, "control.answer") and (verdict.said_by_id == person.pk or may(person, "control.manage"))


def withdraw(verdict: Verdict, *, because: str, by: User) -> None:
    """Raises NotAllowed and PermissionDenied."""
    if not may_withdraw(by, verdict):
        raise PermissionDenied("control.answer")
    verdict.withdraw(because=because, by=by)


def _permit(control: Control, kind: str, solution: Solution | None, by: User) -> None:
    if kind == Verdict.Kind.CONCLUSION:
        require(by, "control.conclude", author=control.owner, about=control)
    elif not may_answer(by, control, solution):
        raise PermissionDenied("control.answer")


def _refuse(control: Control, solution: Solution | None, at: datetime, begin: datetime, end: datetime) -> None:
    if control.is_retired(at):
        raise Refused("", _("The control is retired: nothing is said of it any more."))
    if control.solution and solution != control.solution:
        raise Refused("solution", _("%(name)s operates this control.") % {"name": control.solution})
    if end > at:
        raise Refused("period_to", _("The period is not over yet: nobody can say what was so in it."))
    if begin >= end:
        raise Refused("period_to", _("It would end before it begins."))


def _refuse_silence(kind: str, what: str, because: str) -> None:
    if kind == Verdict.Kind.MANUAL_TEST and not what.strip():
        raise Refused("what", _("Say what was done, so that somebody else could do it again."))
    if kind == Verdict.Kind.ATTESTATION and not what.strip():
        raise Refused("what", _("Say what is stated."))
    if not because.strip():
        raise Refused("because", _("Say what it rests on."))


def _fresh_until(control: Control, kind: str, period_to: datetime, asked: datetime | None) -> datetime:
    if kind == Verdict.Kind.CONCLUSION:
        return period_to
    latest = period_to + control.lasts
    if asked is None:
        return latest
    if asked < period_to:
        raise Refused("fresh_until", _("It would be out of date before its period ends."))
    if asked > latest:
        words = _("A control that works %(frequency)s is tested again by %(day)s at the latest.")
        told = {"frequency": str(control.get_frequency_display()).lower(), "day": date_format(latest, "j M Y")}
        raise Refused("fresh_until", words % told)
    return asked
