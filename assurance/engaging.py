"""Engagements from plan to close. Each act stands in the trail; nothing goes back, and a closed one stays closed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from assurance import outside, teaming
from assurance.models import AuditFinding, ControlTest, Engagement, TeamMember
from assurance.rights import locked, manage_refusal, ties_refusal
from audit import clock, trail
from audit.words import kept
from controls.models import FrameworkVersion
from organisation.models import Solution, User
from organisation.permissions import may
from risks.refusals import Refused

State = Engagement.State
NEXT = {State.PLANNING: State.FIELDWORK, State.FIELDWORK: State.REPORTING, State.REPORTING: State.CLOSED}
ACTS = {
    State.FIELDWORK: "engagement.begun",
    State.REPORTING: "engagement.reporting",
    State.CLOSED: "engagement.closed",
}
FIELDS = ("title", "objective", "framework", "about_from", "about_to", "access_until", "previous")
WRITTEN = (*FIELDS, "solutions")
"""What people write of it, in the order in which it is told."""


@dataclass(frozen=True)
class Plan:
    """about_from, about_to: equal for a moment. access_until: of an engagement that is done from outside."""

    title: str
    framework: FrameworkVersion
    solutions: Collection[Solution]
    about_from: datetime
    about_to: datetime
    objective: str = ""
    previous: Engagement | None = None
    from_outside: bool = False
    access_until: datetime | None = None


def to_audit(engagement: Engagement | None, at: datetime) -> QuerySet[Solution]:
    """Solutions that a plan may name: those in use, and what it has already."""
    in_use = Q(pk__in=Solution.objects.in_use(at).values("pk"))
    held = Q(pk__in=engagement.solutions.values("pk")) if engagement else Q(pk__in=[])
    found: QuerySet[Solution] = Solution.objects.filter(in_use | held)
    return found


def criteria() -> QuerySet[FrameworkVersion]:
    return FrameworkVersion.objects.exclude(valid_from=None)


@transaction.atomic
def plan(wanted: Plan, *, by: User) -> Engagement:
    """Who plans one that is done inside leads it, and has to declare themselves independent. Raises Refused."""
    if not may(by, "engagement.manage"):
        raise Refused(_("Internal audit plans engagements."))
    _makes_sense(wanted, None)
    made = Engagement.objects.create(
        from_outside=wanted.from_outside, added_by=by, added_at=clock.now(), **_fields(wanted)
    )
    made.solutions.set(wanted.solutions)
    if not made.from_outside and (why_not := ties_refusal(by, made, "engagement.planned", by)):
        raise Refused(why_not)
    trail.record(by, "engagement.planned", made, **told(made), from_outside=made.from_outside)
    if not made.from_outside:
        teaming.put(made, by, TeamMember.Part.LEAD, by=by)
    return made


@transaction.atomic
def change(engagement: Engagement, wanted: Plan, *, by: User, read: int, because: str = "") -> Engagement:
    """While it is planned or in fieldwork. Raises Refused, and StaleRow where somebody else saved it since."""
    held = locked(engagement)
    refuse(change_refusal(held, by))
    _makes_sense(wanted, held)
    before = told(held)
    for name, value in _fields(wanted).items():
        setattr(held, name, value)
    held.save_version(read=read)
    held.solutions.set(wanted.solutions)
    after = told(held)
    changed = {name: [before[name], after[name]] for name in WRITTEN if before[name] != after[name]}
    if not changed:
        return held
    if held.state != State.PLANNING and not because.strip():
        raise Refused(_("Fieldwork has begun: say why the plan changes."), "because")
    trail.record(by, "engagement.changed", held, changed=changed, because=because)
    outside.follow(held, by=by)
    return held


def begin(engagement: Engagement, *, by: User, read: int) -> Engagement:
    """From planning to fieldwork: from now on those who are audited see that it takes place. Raises Refused."""
    return _move(engagement, State.FIELDWORK, by, read)


def to_reporting(engagement: Engagement, *, by: User, read: int) -> Engagement:
    return _move(engagement, State.REPORTING, by, read)


def close(engagement: Engagement, *, because: str = "", by: User, read: int) -> Engagement:
    """For good: the papers are locked, and what was opened to auditors from outside ends. Raises Refused.

    because: why tests stay unreviewed, where some do.
    """
    return _move(engagement, State.CLOSED, by, read, because)


@transaction.atomic
def _move(engagement: Engagement, to: Engagement.State, by: User, read: int, because: str = "") -> Engagement:
    held = locked(engagement)
    refuse(move_refusal(held, to, by))
    open_tests = unreviewed(held) if to == State.CLOSED else []
    if open_tests and not because.strip():
        words = _("These tests are not reviewed: %(ids)s. Review them, or say why they stay so.")
        raise Refused(words % {"ids": _ids(open_tests)}, "because")
    held.state = to
    if to == State.CLOSED:
        held.closed_by, held.closed_at = by, clock.now()
    held.save_version(read=read)
    more: dict[str, Any] = {"not_reviewed": [one.public_id for one in open_tests]} if open_tests else {}
    trail.record(by, ACTS[to], held, **({"because": because} if because.strip() else {}), **more)
    if to == State.CLOSED:
        outside.end(held, because=kept("%(id)s is closed") % {"id": held.public_id}, by=by)
    return held


def change_refusal(engagement: Engagement, user: User) -> str:
    if engagement.state == State.REPORTING:
        return _("It is being reported: its scope stays as it was tested.")
    return manage_refusal(engagement, user)


def move_refusal(engagement: Engagement, to: Engagement.State, user: User) -> str:
    """Why it is not moved on by this person now; empty where it is."""
    if why_not := manage_refusal(engagement, user):
        return why_not
    if NEXT.get(State(engagement.state)) != to:
        words = _("%(id)s is in the state “%(state)s”: from there it does not go to “%(to)s”.")
        return words % {
            "id": engagement.public_id,
            "state": engagement.get_state_display().lower(),
            "to": to.label.lower(),
        }
    if to == State.FIELDWORK:
        return _begin_refusal(engagement)
    if to == State.CLOSED:
        drafts = list(engagement.findings.filter(state=AuditFinding.State.DRAFT))
        if drafts:
            words = _("Audit findings are drafts still: %(n)d. Issue them or drop them first.")
            return words % {"n": len(drafts)}
    return ""


def _begin_refusal(engagement: Engagement) -> str:
    members = teaming.of(engagement)
    if not any(one.part == TeamMember.Part.LEAD for one in members):
        return _("Nobody leads it yet: put a lead on its team first.")
    silent = [one.person.name for one in members if one.declared_at is None]
    if silent:
        return _("Not everybody on the team has declared their independence yet: %(names)s.") % {
            "names": ", ".join(silent)
        }
    return ""


def unreviewed(engagement: Engagement) -> list[ControlTest]:
    return list(engagement.tests.exclude(state=ControlTest.State.REVIEWED).order_by("pk"))


def refuse(why_not: str) -> None:
    if why_not:
        raise Refused(why_not)


def told(engagement: Engagement) -> dict[str, Any]:
    """What people write of it, as the trail keeps it: rows by their public ids, moments in ISO."""

    def kept(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat(timespec="minutes")
        return getattr(value, "public_id", value)

    said = {name: kept(getattr(engagement, name)) for name in FIELDS}
    return {**said, "solutions": [one.public_id for one in engagement.solutions.order_by("pk")]}


def _fields(wanted: Plan) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in FIELDS}


def _makes_sense(wanted: Plan, held: Engagement | None) -> None:
    if not wanted.solutions:
        raise Refused(_("Choose what is audited: one solution or more."), "solutions")
    if wanted.about_to < wanted.about_from:
        raise Refused(_("The period would end before it begins."), "to_on")
    if held is not None and wanted.from_outside != held.from_outside:
        raise Refused(_("Whether it is done from outside cannot change: plan another engagement."))
    if wanted.from_outside and wanted.access_until is None:
        raise Refused(_("Say until when the auditors from outside may enter."), "access_on")
    if wanted.access_until is not None and wanted.access_until <= clock.now():
        raise Refused(_("This day is over."), "access_on")
    if wanted.access_until is not None and not wanted.from_outside:
        raise Refused(_("Only an engagement from outside is opened until a day."), "access_on")
    if wanted.previous is not None and wanted.previous == held:
        raise Refused(_("It cannot be compared with itself."), "previous")


def _ids(rows: Sequence[ControlTest]) -> str:
    shown = ", ".join(one.public_id for one in rows[:10])
    return f"{shown} …" if len(rows) > 10 else shown
