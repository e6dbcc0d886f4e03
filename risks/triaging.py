"""What engineers say of finding groups: of one or of many at once, and taken back as one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.models import TrailEntry
from desk.discussion import write
from desk.subjects import seen_or_404
from organisation.models import Grant, NotAllowed, Solution, User
from organisation.permissions import require
from organisation.standing_in import by_right
from risks.groups import GroupKey
from risks.models import Triage
from risks.refusals import Refused

SAYABLE = ("status", "assigned_to", "planned_on", "link")


@transaction.atomic
def change(keys: Collection[GroupKey], *, by: User, **said: Any) -> str:
    """Say this of each group; what is not named stays. Answers the name of the change, for `undo`.

    said: of SAYABLE. Raises NotAllowed where a group is of a solution that is not theirs.
    """
    require(by, "triage.change")
    _refuse_others(keys, by)
    if (day := said.get("planned_on")) and day < timezone.localdate(clock.now()):
        raise Refused(_("It lies in the past: say when it will be done."), "planned_on")
    batch = uuid4().hex
    for key in sorted(keys):
        row = held(key, by)
        by_right(by, part_in=row.solution)  # in whose place they say it
        _say(row, said, by=by, action="triage.changed", batch=batch)
    return batch


@transaction.atomic
def say(key: GroupKey, *, by: User, comment: str = "", **said: Any) -> str:
    """As `change` of one group; and a comment on it. Raises NotAllowed."""
    batch = change([key], by=by, **said)
    if comment:
        write(seen_or_404("triage", held(key, by).public_id, by), comment, by=by)
    return batch


def people_of(solution: Solution) -> Any:
    """To whom a group of it may be given."""
    granted = Grant.objects.in_force(clock.now()).filter(solution=solution).values("person")
    return User.objects.active().filter(pk__in=granted).order_by("name")


@transaction.atomic
def undo(batch: str, *, by: User) -> tuple[int, int]:
    """Take back what one change said, as a change of its own: how many, and how many others changed since.

    Only who made it may; a group that somebody changed again is left as it is. Raises NotAllowed.
    """
    require(by, "triage.change")
    made = TrailEntry.objects.filter(actor=by.public_id, action="triage.changed", detail__batch=batch)
    entries = list(made.order_by("id"))
    if not entries:
        raise NotAllowed(_("There is no such change of yours."))
    back, left = 0, 0
    for entry in entries:
        row = Triage.objects.select_for_update().get(pk=Triage.key_of(entry.object_id))
        if row.version != entry.detail["version"]:
            left += 1
            continue
        said = {name: _value(name, before) for name, (before, _after) in entry.detail["changed"].items()}
        _say(row, said, by=by, action="triage.taken_back", reverses=entry.pk)
        back += 1
    return back, left


def _say(row: Triage, said: dict[str, Any], *, by: User, action: str, **more: Any) -> None:
    before = _told(row)
    for name, value in said.items():
        setattr(row, name, value)
    after = _told(row)
    changed = {name: [before[name], after[name]] for name in SAYABLE if before[name] != after[name]}
    if changed:
        row.changed_by, row.changed_at = by, clock.now()
        row.save_version(read=row.version)
        trail.record(by, action, row, changed=changed, version=row.version, **more)


def held(key: GroupKey, by: User) -> Triage:
    """The group's row, locked; made where nobody has said anything of it yet."""
    row, _made = (
        Triage.objects.select_related("solution")
        .select_for_update(of=["self"])
        .get_or_create(
            solution_id=key.solution,
            check_ran_id=key.check,
            account=key.account,
            defaults={"changed_by": by, "changed_at": clock.now()},
        )
    )
    return row


def _refuse_others(keys: Collection[GroupKey], by: User) -> None:
    wanted = {key.solution for key in keys}
    if Solution.objects.visible_to(by).filter(pk__in=wanted).count() != len(wanted):
        raise NotAllowed(_("A group among them belongs to a solution that is not yours."))


def _told(row: Triage) -> dict[str, Any]:
    return {
        "status": row.status,
        "assigned_to": row.assigned_to.public_id if row.assigned_to else None,
        "planned_on": row.planned_on.isoformat() if row.planned_on else None,
        "link": row.link,
    }


def _value(name: str, told: Any) -> Any:
    """What stands in a field for what the trail keeps of it."""
    if name == "assigned_to":
        return User.objects.get(pk=User.key_of(told)) if told else None
    return parse_date(told) if name == "planned_on" and told else told
