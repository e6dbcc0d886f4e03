"""Tests of controls: planned for an engagement, taken up, changed while they are under way, and given evidence."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from assurance import teaming
from assurance.models import ControlTest, Engagement, TestStep
from assurance.rights import in_scope, require_work, work_refusal
from audit import clock, trail
from controls.models import Control
from evidence import attaching
from evidence.models import Evidence, EvidenceLink
from organisation.models import Solution, User
from risks.refusals import Refused

State = ControlTest.State
Kind = ControlTest.Kind
OPEN = (State.PLANNED, State.UNDER_WAY)
"""While it is worked on."""


@transaction.atomic
def plan(
    engagement: Engagement,
    controls: Collection[Control],
    kinds: Collection[str],
    *,
    by: User,
    solution: Solution | None = None,
    assigned_to: User | None = None,
) -> list[ControlTest]:
    """A test of each kind for each control, by the control's own procedure; those that are there already stay.

    solution: of whose part it is, for a control that is asked of every solution. Raises Refused.
    """
    require_work(by, engagement)
    at = clock.now()
    _plan_makes_sense(engagement, controls, kinds, solution, assigned_to, at)
    there = set(engagement.tests.filter(solution=solution).values_list("control", "kind"))
    made = [
        ControlTest(
            engagement=engagement,
            control=control,
            solution=solution,
            kind=kind,
            procedure=procedure_of(control, kind),
            assigned_to=assigned_to,
            added_by=by,
            added_at=at,
        )
        for control in controls
        for kind in Kind.values
        if kind in kinds and (control.pk, kind) not in there
    ]
    for test in made:
        test.save()
        _step(test, State.PLANNED, by=by, at=at)
        trail.record(by, "control_test.planned", test, engagement=engagement.public_id, control=test.control.public_id)
    return made


def _plan_makes_sense(
    engagement: Engagement,
    controls: Collection[Control],
    kinds: Collection[str],
    solution: Solution | None,
    assigned_to: User | None,
    at: datetime,
) -> None:
    if not controls:
        raise Refused(_("Choose the controls to test."), "controls")
    if not kinds:
        raise Refused(_("Choose what is tested: the design, how it operated, or both."), "kinds")
    if Kind.OPERATION in kinds and engagement.about_from == engagement.about_to:
        words = _("A moment is audited: how a control operated needs a period. Test its design alone.")
        raise Refused(words, "kinds")
    scope = set(in_scope(engagement, at).values_list("pk", flat=True))
    if outside := [one.name for one in controls if one.pk not in scope]:
        raise Refused(_("Not in its scope: %(names)s.") % {"names": ", ".join(outside[:5])}, "controls")
    if solution and not engagement.solutions.filter(pk=solution.pk).exists():
        raise Refused(_("%(name)s is not in its scope.") % {"name": solution.name}, "solution")
    check_tester(engagement, assigned_to)


def check_tester(engagement: Engagement, person: User | None) -> None:
    if person and not any(one.person == person for one in teaming.of(engagement)):
        raise Refused(_("%(name)s is not on its team.") % {"name": person.name}, "assigned_to")


def procedure_of(control: Control, kind: str) -> str:
    """What is done to find out, as far as the control says it."""
    if kind == Kind.DESIGN:
        words = _("Read what the control is to achieve, and walk one case through it from its beginning to its end.")
        return f"{words}\n\n{control.objective}"
    return control.procedure or _("Draw a sample of the period and hold each item against what the control says.")


@transaction.atomic
def change(test: ControlTest, *, procedure: str, assigned_to: User | None, by: User, read: int) -> ControlTest:
    """Raises Refused, and StaleRow where somebody else saved it since."""
    held = locked(test, by=by)
    check_tester(held.engagement, assigned_to)
    fields = [name for name, said in _said(procedure, assigned_to).items() if getattr(held, name) != said]
    held.procedure, held.assigned_to = procedure, assigned_to
    held.save_version(read=read)
    if fields:
        trail.record(by, "control_test.changed", held, fields=fields)
    return held


def _said(procedure: str, assigned_to: User | None) -> dict[str, object]:
    return {"procedure": procedure, "assigned_to": assigned_to}


@transaction.atomic
def attach(test: ControlTest, pieces: Collection[Evidence], *, by: User) -> None:
    """What its conclusion rests on, of what this person may see. Raises Refused."""
    held = locked(test, by=by)
    if not pieces:
        raise Refused(_("Choose a piece of evidence, or bring a file."), "evidence")
    check_pieces(held, pieces, by)
    held.evidence.add(*pieces)
    begin_work(held, by=by)
    trail.record(by, "control_test.evidence_attached", held, evidence=[one.public_id for one in pieces])


def pieces_for(test: ControlTest, person: User) -> QuerySet[Evidence]:
    """What this person sees of what is tested, and what they brought themselves."""
    at = clock.now()
    solutions = [test.solution_id] if test.solution_id else test.engagement.solutions.values("pk")
    links = EvidenceLink.objects.in_force(at).filter(control=test.control)
    about = Q(captured_by=person) | Q(solution__in=solutions) | Q(pk__in=links.values("evidence"))
    return Evidence.objects.visible_to(person).standing(at).filter(about)


def brought(test: ControlTest, file: UploadedFile[Any], title: str, *, by: User) -> Evidence:
    """A file as a working paper of the audited period. Raises Refused at "file"."""
    period = (test.engagement.about_from, test.engagement.about_to)
    kind = Evidence.Kind.WORKING_PAPER
    told: dict[str, Any] = {"solution": test.solution, "controls": [], "by": by}
    return attaching.attach(file, title=title, period=period, kind=kind, **told)


def check_pieces(test: ControlTest, pieces: Collection[Evidence], by: User) -> None:
    keys = [one.pk for one in pieces]
    seen = set(pieces_for(test, by).filter(pk__in=keys).values_list("pk", flat=True))
    if missing := [one.public_id for one in pieces if one.pk not in seen]:
        words = _("%(ids)s cannot be attached: withdrawn or superseded, of something else, or not yours to see.")
        raise Refused(words % {"ids": ", ".join(missing)}, "evidence")


def begin_work(test: ControlTest, *, by: User) -> None:
    """The first thing that is done for it takes it up. test: locked."""
    if test.state == State.PLANNED:
        move(test, State.UNDER_WAY, by=by)


def move(test: ControlTest, to: ControlTest.State, *, by: User, words: str = "") -> None:
    """test: locked. Saves it with a step."""
    test.state = to
    test.save_version(read=test.version)
    _step(test, to, by=by, at=clock.now(), words=words)


def _step(test: ControlTest, state: str, *, by: User, at: datetime, words: str = "") -> None:
    TestStep.objects.create(test=test, state=state, by=by, at=at, words=words)


def refusal(test: ControlTest, user: User) -> str:
    """Why they do not work on it now, and what would be allowed; empty where they do."""
    if test.state == State.CONCLUDED:
        return _("It is concluded and awaits review: the reviewer may send it back.")
    if test.state == State.REVIEWED:
        return _("It is reviewed, and stays as it is.")
    return work_refusal(user, test.engagement)


def locked(test: ControlTest, *, by: User) -> ControlTest:
    """For whoever works on it while it is open, until the transaction ends. Raises Refused."""
    held = locked_in_any_state(test)
    if why_not := refusal(held, by):
        raise Refused(why_not)
    return held


def locked_in_any_state(test: ControlTest) -> ControlTest:
    rows = ControlTest.objects.select_for_update(of=("self",))
    return rows.select_related("engagement__added_by", "control__solution", "control__owner", "solution").get(
        pk=test.pk
    )
