"""Treatments of a risk and the dated actions of their plans."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.moment import Moment
from audit.words import kept
from findings.models import Check, FindingSpan
from organisation.models import Role, User
from organisation.permissions import may
from organisation.standing_in import by_right
from risks.models import Risk, Treatment, TreatmentAction, TreatmentCheck
from risks.refusals import Refused
from risks.telling import tell

Named = tuple[Check, str]
"""A check, and the account in which it has to pass; empty: wherever the solution is."""
State = TreatmentAction.State
FIELDS = ("strategy", "plan", "owner", "hold_days")
ACTION_FIELDS = ("what", "owner", "due_on", "link")


def change_refusal(risk: Risk, person: User, owner: User | None = None) -> str:
    """Why this person may not treat this risk; empty where they may. owner: of the treatment or the action."""
    if not may(person, "treatment.change"):
        return _("The first line treats its risks; the second line may challenge how.")
    if by_right(person, [risk.owner, owner], part_in=risk.solution):
        return ""
    return _("You have no part in %(solution)s: its owners, its members and %(owner)s can.") % {
        "solution": risk.solution.name, "owner": risk.owner.name,
    }  # fmt: skip


def _refuse(risk: Risk, person: User, owner: User | None = None, *, treatment: Treatment | None = None) -> None:
    if why_not := change_refusal(risk, person, owner):
        raise Refused(why_not)
    if treatment and treatment.closed_at:
        raise Refused(_("%(id)s is closed. It reopens when its checks fail again.") % {"id": treatment.public_id})
    if risk.closed_at:
        raise Refused(_("%(id)s is closed: reopen it first.") % {"id": risk.public_id})


def _first_line(owner: User, field: str = "owner") -> None:
    if not User.objects.active().with_role(Role.FIRST, clock.now()).filter(pk=owner.pk).exists():
        raise Refused(_("Somebody of the first line owns it: risks are managed there."), field)


def checks_to_name(risk: Risk, treatment: Treatment | None = None) -> QuerySet[Check]:
    """Those that fail in the risk's solution, that show the risk, or that the treatment names already."""
    at = clock.now()
    named = [one.check_ran_id for one in treatment.checks.in_force(at)] if treatment else []
    linked = risk.finding_links.in_force(at).values_list("check_ran", flat=True)
    spans = FindingSpan.objects.at(Moment.now()).active().of_solution(risk.solution_id)
    failing = spans.failing().order_by().values_list("check_ran", flat=True).distinct()[:200]
    return Check.objects.filter(pk__in={*named, *linked, *failing}).order_by("key")


@transaction.atomic
def add(
    risk: Risk,
    *,
    strategy: str,
    plan: str,
    owner: User,
    by: User,
    hold_days: int = 14,
    checks: Collection[Named] = (),
) -> Treatment:
    """Raises Refused."""
    _refuse(risk, by)
    _first_line(owner)
    _plausible(strategy, plan, hold_days, checks)
    made = Treatment.objects.create(
        risk=risk, strategy=strategy, plan=plan, owner=owner, hold_days=hold_days, added_by=by.public_id,
        added_at=clock.now(),
    )  # fmt: skip
    named = _name_checks(made, checks)
    told = {"strategy": strategy, "plan": plan, "owner": owner.public_id, "hold_days": hold_days}
    trail.record(by, "treatment.added", made, risk=risk.public_id, checks=named["added"], **told)
    words = kept("%(id)s, a treatment of %(risk)s, is yours") % {"id": made.public_id, "risk": risk.public_id}
    tell([owner], "treatment_added", made, words, by=by)
    return made


def _plausible(strategy: str, plan: str, hold_days: int, checks: Collection[Named]) -> None:
    if not plan.strip():
        raise Refused(_("Say what is done, or why nothing is."), "plan")
    if not 1 <= hold_days <= 366:
        raise Refused(_("Between 1 and 366 days."), "hold_days")
    if checks and strategy != Treatment.Strategy.MITIGATE:
        raise Refused(_("Only a mitigation is shown by checks that pass: name none, or mitigate."), "checks")


def _name_checks(treatment: Treatment, checks: Collection[Named]) -> dict[str, list[str]]:
    """Name these and no others, from now on."""
    at = clock.now()
    held = {(one.check_ran_id, one.account): one for one in treatment.checks.in_force(at).select_related("check_ran")}
    wanted = {(check.pk, account): check for check, account in checks}
    ended = [one for key, one in held.items() if key not in wanted]
    for one in ended:
        one.close(at)
    new = {key: check for key, check in wanted.items() if key not in held}
    for (_pk, account), check in new.items():
        TreatmentCheck.objects.create(treatment=treatment, check_ran=check, account=account, valid_from=at)
    return {
        "added": [_named(check.public_id, account) for (_pk, account), check in new.items()],
        "ended": [_named(one.check_ran.public_id, one.account) for one in ended],
    }


def _named(public_id: str, account: str) -> str:
    return f"{public_id} {account}".strip()


@transaction.atomic
def change(
    treatment: Treatment, *, by: User, because: str, read: int, checks: Collection[Named] | None = None, **said: Any
) -> Treatment:
    """said: any of FIELDS. read: the version that the person saw. Raises Refused, StaleRow."""
    held = Treatment.objects.select_for_update(of=("self",)).select_related("risk__owner", "owner").get(pk=treatment.pk)
    _refuse(held.risk, by, held.owner, treatment=held)
    before = {name: _told(getattr(held, name)) for name in FIELDS}
    for name, value in said.items():
        setattr(held, name, value)
    if "owner" in said and said["owner"].public_id != before["owner"]:
        _first_line(held.owner)
    now = [(one.check_ran, one.account) for one in held.checks.in_force(clock.now()).select_related("check_ran")]
    _plausible(held.strategy, held.plan, held.hold_days, now if checks is None else checks)
    held.save_version(read=read)
    named = {"added": [], "ended": []} if checks is None else _name_checks(held, checks)
    after = {name: _told(getattr(held, name)) for name in FIELDS}
    changed = {name: [before[name], after[name]] for name in FIELDS if before[name] != after[name]}
    trail.record(by, "treatment.changed", held, because=because, changed=changed, checks=named)
    return held


def _told(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return value.public_id if isinstance(value, User) else value


@transaction.atomic
def add_action(
    treatment: Treatment, *, what: str, owner: User, due_on: date, by: User, link: str = ""
) -> TreatmentAction:
    _refuse(treatment.risk, by, treatment.owner, treatment=treatment)
    _first_line(owner)
    if not what.strip():
        raise Refused(_("Say what is done."), "what")
    if due_on < today():
        raise Refused(_("This day is over."), "due_on")
    made = TreatmentAction.objects.create(
        treatment=treatment, what=what, owner=owner, due_on=due_on, link=link, added_by=by.public_id,
        added_at=clock.now(),
    )  # fmt: skip
    told = {"what": what, "owner": owner.public_id, "due_on": due_on.isoformat()}
    trail.record(by, "action.added", made, treatment=treatment.public_id, **told)
    words = kept("An action of %(id)s is yours: %(what)s") % {"id": treatment.public_id, "what": what}
    tell([owner], "action_added", treatment, words, by=by)
    return made


@transaction.atomic
def change_action(action: TreatmentAction, *, by: User, because: str, read: int, **said: Any) -> TreatmentAction:
    """said: any of ACTION_FIELDS. Raises Refused, StaleRow."""
    held = _locked(action)
    _refuse(held.treatment.risk, by, held.owner, treatment=held.treatment)
    if held.ended_at:
        raise Refused(_("It is %(state)s: reopen it first.") % {"state": held.get_state_display().lower()})
    before = {name: _told(getattr(held, name)) for name in ACTION_FIELDS}
    for name, value in said.items():
        setattr(held, name, value)
    if "owner" in said and said["owner"].public_id != before["owner"]:
        _first_line(held.owner)
    held.save_version(read=read)
    after = {name: _told(getattr(held, name)) for name in ACTION_FIELDS}
    changed = {name: [before[name], after[name]] for name in ACTION_FIELDS if before[name] != after[name]}
    trail.record(by, "action.changed", held, because=because, changed=changed)
    return held


@transaction.atomic
def set_state(
    action: TreatmentAction, state: str, *, by: User, because: str = "", read: int | None = None
) -> TreatmentAction:
    """To do, under way, done, or dropped with a reason; an ended one is reopened with a reason. Raises Refused."""
    held = _locked(action)
    _refuse(held.treatment.risk, by, held.owner, treatment=held.treatment)
    to, was = State(state), held.state
    if to == was:
        raise Refused(_("It is %(state)s already.") % {"state": held.get_state_display().lower()})
    if (to == State.DROPPED or held.ended_at) and not because.strip():
        raise Refused(_("Say why: it goes on the record."), "because")
    ends = to in (State.DONE, State.DROPPED)
    held.state = to
    held.ended_at, held.ended_by = (clock.now(), by) if ends else (None, None)
    held.ended_because = because if ends else ""
    held.save_version(read=held.version if read is None else read)
    trail.record(by, "action.moved", held, because=because, changed={"state": [was, to.value]})
    return held


def _locked(action: TreatmentAction) -> TreatmentAction:
    rows = TreatmentAction.objects.select_for_update(of=("self",))
    return rows.select_related("owner", "treatment__owner", "treatment__risk__owner").get(pk=action.pk)


def today() -> date:
    """In the organisation's zone."""
    return timezone.localdate(clock.now())


@dataclass(frozen=True)
class Progress:
    """wanted: actions but for the dropped ones."""

    done: int
    wanted: int
    overdue: int

    @classmethod
    def of(cls, actions: Iterable[TreatmentAction], on: date) -> Progress:
        kept = [one for one in actions if one.state != State.DROPPED]
        late = [one for one in kept if one.state != State.DONE and one.due_on < on]
        return cls(sum(one.state == State.DONE for one in kept), len(kept), len(late))
