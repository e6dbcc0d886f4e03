"""Who may ask for evidence, answer and settle: why not, in words, and what would be allowed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from audit import clock
from controls.models import Control
from evidence.asked_people import answerers, line_at
from evidence.models import EvidenceRequest, RequestStep
from evidence.sources import Source, source_of
from organisation.models import Role, Solution, User, Visibility
from organisation.own_work import own_work
from organisation.permissions import holders, may
from organisation.standing_in import by_right, done_by_same_hands, same_hands
from risks.refusals import Refused

State = EvidenceRequest.State
Kind = RequestStep.Kind
ACTION = {
    Kind.ANSWERED: "evidence_request.answer",
    Kind.PASSED_ON: "evidence_request.answer",
    Kind.ACCEPTED: "evidence_request.settle",
    Kind.RETURNED: "evidence_request.settle",
    Kind.WITHDRAWN: "evidence_request.settle",
}
FROM = {
    Kind.ANSWERED: (State.ASKED, State.RETURNED, State.ANSWERED),
    Kind.PASSED_ON: (State.ASKED, State.RETURNED),
    Kind.ACCEPTED: (State.ANSWERED,),
    Kind.RETURNED: (State.ANSWERED,),
    Kind.WITHDRAWN: (State.ASKED, State.RETURNED, State.ANSWERED),
}
"""In which state each move is open; an answer is added to until it is settled."""


def solutions_to_ask_of(person: User) -> QuerySet[Solution]:
    return Solution.objects.visible_to(person).in_use(clock.now())


def controls_to_ask_of(person: User) -> QuerySet[Control]:
    return Control.objects.visible_to(person).in_use(clock.now())


def check_ask(asked: EvidenceRequest, by: User, at: datetime, source: Source | None) -> None:
    """Raises Refused where `by` may not ask that, of that person. asked: not saved yet.

    Of an auditor from outside who names no period, it is about the one that they audit.
    """
    if not may(by, "evidence_request.ask"):
        who = ", ".join(holders("evidence_request.ask"))
        raise Refused(_("To ask for evidence is for these: %(who)s.") % {"who": who})
    if source and not source.is_of(by):
        raise Refused(_("Only the team of %(title)s asks for it.") % {"title": source.title})
    _seen(asked.solution, Solution.objects.visible_to(by), "solution")
    _seen(asked.control, Control.objects.visible_to(by), "control")
    if asked.control and asked.control.is_retired(at):
        raise Refused(_("The control is retired: ask for evidence of one in use."), "control")
    _place(asked)
    if asked.from_outside:
        _within_the_grant(asked, by)
    if asked.due_on < timezone.localdate(at):
        raise Refused(_("This day is over."), "due_on")
    _person(asked, by, at)


def _seen(row: Model | None, rows: Iterable[Model], name: str) -> None:
    """rows: those that the person sees."""
    if row and not rows.filter(pk=row.pk).exists():  # type: ignore[attr-defined]
        raise Refused(_("There is no such thing, or it is not yours to see."), name)


def _place(asked: EvidenceRequest) -> None:
    operator = asked.control.solution if asked.control else None
    if operator and asked.control and asked.solution != operator and not asked.control.is_common:
        raise Refused(_("%(name)s operates this control.") % {"name": operator.name}, "solution")
    if asked.period_from and asked.period_to and asked.period_to <= asked.period_from:
        raise Refused(_("It would end before it begins."), "period_to")


def _within_the_grant(asked: EvidenceRequest, by: User) -> None:
    """An auditor from outside asks about the solutions and the time that they audit."""
    if asked.solution is None:
        raise Refused(_("Choose one of the solutions that you audit."), "solution")
    period = Visibility.of(by).period
    if period is None:
        return
    asked.period_from, asked.period_to = asked.period_from or period[0], asked.period_to or period[1]
    if asked.period_from < period[0] or asked.period_to > period[1]:
        days = {"begin": _day(period[0]), "end": _day(period[1])}
        raise Refused(_("You audit from %(begin)s to %(end)s: ask within that.") % days, "period_from")


def _day(at: datetime) -> str:
    return date_format(timezone.localtime(at), "j M Y")


def _person(asked: EvidenceRequest, by: User, at: datetime) -> None:
    if same_hands(by, asked.assignee):
        raise Refused(_("Nobody answers what they asked for: ask somebody else."), "assignee")
    possible = answerers(asked.solution, asked.control, at)
    if not possible.filter(pk=asked.assignee.pk).exists():
        others = [one.name for one in possible.exclude(pk=by.pk)[:8]]
        names = ", ".join(others) or _("nobody yet; the second line gives people a part in a solution")
        told = {"name": asked.assignee.name, "names": names}
        raise Refused(_("%(name)s has no part in this. Those who may be asked: %(names)s.") % told, "assignee")


def refusal(request: EvidenceRequest, kind: RequestStep.Kind, person: User, at: datetime) -> str:
    """Why this person may not make that move now, and who may; empty where they may."""
    if request.state not in FROM[kind]:
        return _not_from_here(request, kind)
    if not may(person, ACTION[kind]):
        return _("It is for these to do: %(who)s.") % {"who": ", ".join(holders(ACTION[kind]))}
    if kind in (Kind.ANSWERED, Kind.PASSED_ON):
        told = {"name": request.assignee.name}
        own = by_right(person, [request.assignee])
        return "" if own else _("%(name)s is asked, and answers or passes it on.") % told
    return _not_to_settle(request, kind, person)


def _not_from_here(request: EvidenceRequest, kind: RequestStep.Kind) -> str:
    if request.ended_at:
        told = {"id": request.public_id, "state": request.get_state_display().lower()}
        return _("%(id)s is %(state)s, and stays so: ask anew.") % told
    if kind == Kind.PASSED_ON:
        return _("It is answered: add to the answer, or wait until it is settled.")
    return _("Nobody has answered it yet: %(name)s is asked.") % {"name": request.assignee.name}


def _not_to_settle(request: EvidenceRequest, kind: RequestStep.Kind, person: User) -> str:
    person.acting_for = None
    if kind == Kind.ACCEPTED and has_answered(request, person):
        words = _("You answered it, or are asked for it: whoever asked, or a colleague of theirs, accepts.")
        return own_work(words, person, "evidence_request.accepted", request)
    source = source_of(request.source_kind, request.source_id)
    if source:
        told = {"title": source.title}
        return "" if source.is_of(person) else _("The team of %(title)s settles it.") % told
    if by_right(person, [request.asked_by]):
        return ""
    told = {"name": request.asked_by.name}
    person.acting_for = None
    if request.from_outside or not line_at(request.asked_by, request.asked_at) & person.roles_today - {Role.EXTERNAL}:
        return _("%(name)s asked for it, and settles it; so may colleagues of the same line.") % told
    return ""


def has_answered(request: EvidenceRequest, person: User) -> bool:
    """They, whom they stand in for, or who stood in for these at the time."""
    if same_hands(person, request.assignee):
        return True
    return request.steps.filter(done_by_same_hands(person, "by", "at"), kind=Kind.ANSWERED).exists()


def open_moves(request: EvidenceRequest, person: User, at: datetime) -> list[RequestStep.Kind]:
    """What this person may do with it now."""
    return [kind for kind in FROM if not refusal(request, kind, person, at)]
