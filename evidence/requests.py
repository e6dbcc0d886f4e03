"""Asking for evidence, answering, passing it on, and settling: each move a step, an entry of the trail and a notice."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.words import in_the_organisations_language, kept
from controls.models import Control, Requirement
from evidence.asked_people import answerers
from evidence.capturing import link
from evidence.models import Evidence, EvidenceLink, EvidenceRequest, RequestStep
from evidence.request_rules import check_ask, refusal
from evidence.sources import Source
from evidence.telling import tell
from organisation.models import Role, Solution, User
from risks.refusals import Refused

State = EvidenceRequest.State
Kind = RequestStep.Kind
BECOMES = {
    Kind.ASKED: State.ASKED,
    Kind.ANSWERED: State.ANSWERED,
    Kind.RETURNED: State.RETURNED,
    Kind.ACCEPTED: State.ACCEPTED,
    Kind.WITHDRAWN: State.WITHDRAWN,
}
"""The state that a step leaves it in; to pass it on changes none."""
SETTLES = frozenset({Kind.ACCEPTED, Kind.RETURNED, Kind.WITHDRAWN})
Period = tuple[datetime, datetime]
"""From its first moment to the first moment after it."""


@dataclass(frozen=True)
class Asking:
    """What is asked for, of whom, by when. what: in detail. item: of a sample, as it is written there."""

    title: str
    assignee: User
    due_on: date
    what: str = ""
    solution: Solution | None = None
    control: Control | None = None
    requirement: Requirement | None = None
    period: Period | None = None
    item: str = ""
    source: Source | None = None


def checked(asked: Asking, *, by: User, at: datetime) -> EvidenceRequest:
    """As it would be kept; nothing is saved. Raises Refused."""
    control, period, source = asked.control, asked.period, asked.source
    made = EvidenceRequest(
        title=asked.title,
        what=asked.what,
        solution=asked.solution or (control.solution if control else None),
        control=control,
        requirement=asked.requirement,
        period_from=period[0] if period else None,
        period_to=period[1] if period else None,
        item=asked.item,
        source_kind=source.kind if source else "",
        source_id=source.public_id if source else "",
        from_outside=Role.EXTERNAL in by.roles_today,
        asked_by=by,
        asked_at=at,
        assignee=asked.assignee,
        due_on=asked.due_on,
    )
    check_ask(made, by, at, source)
    return made


@transaction.atomic
def ask(asked: Asking, *, by: User) -> EvidenceRequest:
    """From now on it awaits the assignee, who is told. Raises Refused."""
    made = keep(checked(asked, by=by, at=clock.now()))
    text = kept("%(who)s asks for evidence: %(title)s, due on %(day)s")
    tell([made.assignee], made, text % {"who": by.name, "title": made.title, "day": _day(made.due_on)}, by=by)
    return made


def keep(made: EvidenceRequest) -> EvidenceRequest:
    """Save what was checked in this transaction; somebody has to tell the assignee."""
    made.save()
    RequestStep.objects.create(request=made, kind=Kind.ASKED, by=made.asked_by, at=made.asked_at)
    trail.record(made.asked_by, "evidence_request.asked", made, **_told(made))
    return made


def _told(made: EvidenceRequest) -> dict[str, str]:
    """What the trail keeps of it."""
    rows = {"solution": made.solution, "control": made.control, "requirement": made.requirement}
    told = {name: row.public_id for name, row in rows.items() if row}
    if made.period_from and made.period_to:
        told |= {"from": made.period_from.isoformat(), "to": made.period_to.isoformat()}
    if made.source_kind:
        told["source"] = f"{made.source_kind}:{made.source_id}"
    said = {"title": made.title, "what": made.what, "item": made.item}
    return {**told, **said, "assignee": made.assignee.public_id, "due_on": made.due_on.isoformat()}


def _day(day: date) -> str:
    return date_format(day, "j M Y")


@transaction.atomic
def answer(
    request: EvidenceRequest,
    *,
    by: User,
    words: str = "",
    evidence: Collection[Evidence] = (),
    read: int | None = None,
) -> EvidenceRequest:
    """With pieces of the locker that `by` may see, or in words why there is none. Raises Refused."""
    held, at = _locked(request, read), clock.now()
    _refuse(refusal(held, Kind.ANSWERED, by, at))
    if not words.strip() and not evidence:
        raise Refused(_("Attach a piece of evidence, or say why there is none."), "words")
    _check_pieces(evidence, by, at)
    step = _step(held, Kind.ANSWERED, by=by, at=at, words=words)
    step.evidence.set(evidence)
    if held.control:
        _link(evidence, held.control, by, at, because=held.public_id)
    pieces = [one.public_id for one in evidence]
    trail.record(by, "evidence_request.answered", held, words=words, evidence=pieces)
    text = kept("%(who)s answered %(id)s: %(title)s")
    tell([held.asked_by], held, text % {"who": by.name, "id": held.public_id, "title": held.title}, by=by)
    return held


def _check_pieces(evidence: Collection[Evidence], by: User, at: datetime) -> None:
    keys = [one.pk for one in evidence]
    seen = set(Evidence.objects.visible_to(by).standing(at).filter(pk__in=keys).values_list("pk", flat=True))
    if missing := [one.public_id for one in evidence if one.pk not in seen]:
        words = _("%(ids)s cannot be attached: withdrawn or superseded, or not yours to see.")
        raise Refused(words % {"ids": ", ".join(missing)}, "evidence")


def _link(evidence: Collection[Evidence], control: Control, by: User, at: datetime, because: str) -> None:
    """What answers for a control shows something of it; what is linked already stays so."""
    links = EvidenceLink.objects.in_force(at).filter(control=control, evidence__in=[one.pk for one in evidence])
    linked = set(links.values_list("evidence", flat=True))
    for one in evidence:
        if one.pk not in linked:
            link(one, control, by=by, because=because)


@transaction.atomic
def pass_on(
    request: EvidenceRequest, *, to: User, by: User, words: str = "", read: int | None = None
) -> EvidenceRequest:
    """From now on it awaits a colleague. Raises Refused."""
    held, at = _locked(request, read), clock.now()
    _refuse(refusal(held, Kind.PASSED_ON, by, at))
    if to == held.assignee:
        raise Refused(_("%(name)s has it already.") % {"name": to.name}, "to")
    possible = answerers(held.solution, held.control, at)
    if to == held.asked_by or not possible.filter(pk=to.pk).exists():
        told = {"name": to.name, "names": ", ".join(one.name for one in possible.exclude(pk=held.asked_by.pk)[:8])}
        raise Refused(_("%(name)s has no part in this. Those who may be asked: %(names)s.") % told, "to")
    before, held.assignee = held.assignee, to
    _step(held, Kind.PASSED_ON, by=by, at=at, words=words, passed_to=to)
    changed = {"assignee": [before.public_id, to.public_id]}
    trail.record(by, "evidence_request.passed_on", held, words=words, changed=changed)
    told = {"who": by.name, "id": held.public_id, "title": held.title, "to": to.name, "day": _day(held.due_on)}
    tell([to], held, kept("%(who)s passed %(id)s on to you: %(title)s, due on %(day)s") % told, by=by)
    tell([held.asked_by, before], held, kept("%(who)s passed %(id)s on to %(to)s: %(title)s") % told, by=by)
    return held


@transaction.atomic
def settle(
    request: EvidenceRequest,
    outcome: str,
    *,
    by: User,
    because: str = "",
    due_on: date | None = None,
    read: int | None = None,
) -> EvidenceRequest:
    """Accept the answer, send it back or withdraw what was asked. outcome: one of SETTLES.

    due_on: of what is sent back, the new day. Raises Refused.
    """
    held, at, kind = _locked(request, read), clock.now(), Kind(outcome)
    if kind not in SETTLES:
        raise ValueError(outcome)
    _refuse(refusal(held, kind, by, at))
    if kind != Kind.ACCEPTED and not because.strip():
        raise Refused(_("Say why: it goes on the record."), "because")
    changed = {}
    if kind == Kind.RETURNED and due_on and due_on != held.due_on:
        if due_on < timezone.localdate(at):
            raise Refused(_("This day is over."), "due_on")
        changed = {"changed": {"due_on": [held.due_on.isoformat(), due_on.isoformat()]}}
        held.due_on = due_on
    _step(held, kind, by=by, at=at, words=because)
    trail.record(by, f"evidence_request.{kind.value}", held, because=because, **changed)
    tell([held.assignee, *_answered_by(held)], held, _settled(held, kind, by, because), by=by)
    return held


@in_the_organisations_language
def _settled(held: EvidenceRequest, kind: RequestStep.Kind, by: User, because: str) -> str:
    words = {
        Kind.ACCEPTED: _("%(who)s accepted the answer to %(id)s: %(title)s"),
        Kind.RETURNED: _("%(who)s sent %(id)s back, due on %(day)s: %(why)s"),
        Kind.WITHDRAWN: _("%(who)s withdrew %(id)s: %(why)s"),
    }
    day = _day(held.due_on)
    return words[kind] % {"who": by.name, "id": held.public_id, "title": held.title, "why": because, "day": day}


def _answered_by(request: EvidenceRequest) -> Iterable[User]:
    return [step.by for step in request.steps.filter(kind=Kind.ANSWERED).select_related("by")]


def _locked(request: EvidenceRequest, read: int | None) -> EvidenceRequest:
    """read: the version that the person saw. Raises Refused where somebody moved it since."""
    related = ("solution", "control__solution", "control__owner", "asked_by", "assignee")
    held = EvidenceRequest.objects.select_for_update(of=("self",)).select_related(*related).get(pk=request.pk)
    if read is not None and held.version != read:
        raise Refused(_("Somebody moved %(id)s on since you opened it; look again.") % {"id": held.public_id})
    return held


def _refuse(why_not: str) -> None:
    if why_not:
        raise Refused(why_not)


def _step(
    held: EvidenceRequest,
    kind: RequestStep.Kind,
    *,
    by: User,
    at: datetime,
    words: str,
    passed_to: User | None = None,
) -> RequestStep:
    held.state = BECOMES.get(kind, State(held.state))
    held.ended_at = at if held.state in (State.ACCEPTED, State.WITHDRAWN) else None
    held.save_version(read=held.version)
    return RequestStep.objects.create(request=held, kind=kind, by=by, at=at, words=words, passed_to=passed_to)
