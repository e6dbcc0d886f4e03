"""What awaits a person: finding groups, risks, decisions, requests and tests, in one list, the most urgent first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import TextChoices
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from assurance.awaiting import awaiting as audit_findings_awaiting
from audit.counted import Key
from audit.moment import Moment
from controls.awaiting import awaiting as tests_awaiting
from evidence import awaiting as evidence
from organisation.models import Role, Solution, User
from organisation.models.dated import ends
from organisation.standing_in import for_whom, parts_of, people
from risks.awaiting_decisions import awaiting as decisions_awaiting
from risks.awaiting_risks import awaiting as risks_awaiting
from risks.groups import Group, GroupKey, groups
from risks.models import Triage

FAR = "9999"
Parts = Mapping[int, set[int]]
DECISION = 4
"""Where somebody waits for a person, it weighs as much as what is rated high."""
ELSEWHERE = frozenset({Triage.Status.WAITING, Triage.Status.DONE})
"""What people say of a group whose next move is not theirs."""


class Kind(TextChoices):
    FINDINGS = "findings", gettext_lazy("Findings")
    RISK = "risk", gettext_lazy("Risks")
    ACTION = "action", gettext_lazy("Treatments")
    DECISION = "decision", gettext_lazy("Decisions")
    REQUEST = "request", gettext_lazy("Requests for evidence")
    ATTESTATION = "attestation", gettext_lazy("Attestations")
    TEST = "test", gettext_lazy("Tests")
    AUDIT_FINDING = "audit_finding", gettext_lazy("Audit findings")


class Turn(TextChoices):
    """Whose move it is."""

    YOU = "you", gettext_lazy("Awaiting you")
    OTHERS = "others", gettext_lazy("Awaiting others")


@dataclass(frozen=True)
class Item:
    """One thing to move. weight: 5 (critical) to 0, so that lists sort worst first. mover: who must move next.
    level: of a risk or an exception, in words. of: the name of whom the reader stands in for with it, "" for nobody.
    """

    kind: Kind
    key: str
    name: str
    note: str
    url: str
    weight: int
    due: datetime | None
    is_overdue: bool
    turn: Turn
    mover: str
    solution: Solution | None = None
    subject: Any = None
    level: str = ""
    of: str = ""

    @property
    def order(self) -> Key:
        due = self.due.isoformat() if self.due else FAR
        return (not self.is_overdue, -self.weight, due, self.kind.value, self.key)


def items(user: User, moment: Moment, solutions: Collection[Solution]) -> list[Item]:
    """Everything of these solutions that somebody must move, and what awaits the person anywhere. Not sorted."""
    acts = [*decisions_of(user, moment.at), *evidence_of(user, moment.at), *audit_findings_of(user, moment.at)]
    found = [*tests_of(user, moment.at), *acts]
    if Role.FIRST in user.roles_in_view and solutions:
        rows = groups(user, moment, {one.pk: one for one in solutions})
        parts = _parts(user, moment.at)
        found += [item_of(row, user, moment.at, parts) for row in rows]
    return found


def group_items(user: User, moment: Moment, solutions: Iterable[Solution], keys: Collection[GroupKey]) -> list[Item]:
    """Those of these groups in which something still fails."""
    rows = groups(user, moment, {one.pk: one for one in solutions}, keys)
    parts = _parts(user, moment.at)
    return [item_of(row, user, moment.at, parts) for row in rows]


def item_of(group: Group, user: User, at: datetime, parts: Parts) -> Item:
    """parts: who of these hands has part in which solution, by keys."""
    failed = group.tally.failed
    words = ngettext("%(n)s resource fails", "%(n)s resources fail", failed) % {"n": f"{failed:,}"}
    if group.accepted:
        words += _(", %(n)s accepted") % {"n": f"{group.accepted:,}"}
    of = _of(group, user, parts)
    return Item(
        kind=Kind.FINDINGS,
        key=str(group.key),
        name=f"{group.check.key} {group.check.says or ''}".strip(),
        note=words,
        url=reverse("findings:check", args=[group.check.public_id]),
        weight=group.tally.worst,
        due=group.due,
        is_overdue=group.is_overdue(at),
        turn=turn_of(group, user),
        mover=_mover(group, user, of),
        solution=group.solution,
        subject=group,
        of=of,
    )


def _of(group: Group, user: User, parts: Parts) -> str:
    """For whom it is theirs: who has taken it, else those with part in its solution."""
    if group.mover is not None:
        return for_whom(user, group.mover)
    return for_whom(user, *parts.get(group.solution.pk, ()))


def _parts(user: User, at: datetime) -> Parts:
    """Asked for only by who stands in for somebody. One query, or none."""
    return parts_of(user, at) if user.standing_in.delegators else {}


def turn_of(group: Group, user: User) -> Turn:
    """What nobody has taken awaits everybody who works on the solution; what whom one stands in for has taken, too."""
    if group.is_accepted or group.status in ELSEWHERE or group.mover not in (None, *people(user)):
        return Turn.OTHERS
    return Turn.YOU


def you(of: str) -> str:
    return _("you, for %(name)s") % {"name": of} if of else _("you")


def _mover(group: Group, user: User, of: str) -> str:
    if group.is_accepted:
        return _("nobody: an exception holds")
    if group.status == Triage.Status.DONE:
        return _("the next reading")
    if group.status == Triage.Status.WAITING:
        return _("others")
    if group.mover is None:
        return _("anybody")
    return you(of) if group.mover == user or of else group.mover.name


KINDS = {"action": Kind.ACTION, "review": Kind.RISK, "level": Kind.RISK, "above": Kind.RISK}
"""Of what the risks floor says that awaits somebody; the rest are decisions."""


def decisions_of(user: User, at: datetime) -> list[Item]:
    """Exceptions, challenges and closings that they decide on, their risks, and actions of treatments."""
    return [
        Item(
            kind=KINDS.get(one.kind, Kind.DECISION),
            key=f"{one.kind}-{one.public_id}",
            name=one.title,
            note=f"{one.public_id} · {one.why}",
            url=one.url,
            weight=DECISION,
            due=ends(one.due) if one.due else None,
            is_overdue=one.due is not None and ends(one.due) <= at,
            turn=Turn.YOU,
            mover=you(one.of),
            level=one.level,
            subject=one.public_id,
            of=one.of,
        )
        for one in [*decisions_awaiting(user, at), *risks_awaiting(user, at)]
    ]


def evidence_of(user: User, at: datetime) -> list[Item]:
    """Evidence to give, answers to check, and statements to make."""
    return [
        Item(
            kind=Kind(one.kind),
            key=f"{one.kind}-{one.public_id}",
            name=one.title,
            note=f"{one.public_id} · {one.why}",
            url=one.url,
            weight=DECISION,
            due=ends(one.due),
            is_overdue=ends(one.due) <= at,
            turn=Turn.YOU,
            mover=you(one.of),
            solution=one.solution,
            subject=one.public_id if one.answers else None,
            of=one.of,
        )
        for one in evidence.awaiting(user, at)
    ]


def tests_of(user: User, at: datetime) -> list[Item]:
    return [
        Item(
            kind=Kind.TEST,
            key=f"test-{control.public_id}",
            name=control.name,
            note=str(control.get_frequency_display()),
            url=reverse("controls:control_test", args=[control.public_id]),
            weight=0,
            due=due.at,
            is_overdue=due.is_overdue,
            turn=Turn.YOU,
            mover=you(of := for_whom(user, control.owner_id)),
            solution=control.solution,
            of=of,
        )
        for control, due in tests_awaiting(user, at)
    ]


def audit_findings_of(user: User, at: datetime) -> list[Item]:
    """Audit findings that they answer for, where the next move is theirs."""
    return [
        Item(
            kind=Kind.AUDIT_FINDING,
            key=f"audit_finding-{one.public_id}",
            name=one.title,
            note=f"{one.public_id} · {one.why}",
            url=one.url,
            weight=one.weight,
            due=ends(one.due) if one.due else None,
            is_overdue=one.due is not None and ends(one.due) <= at,
            turn=Turn.YOU,
            mover=you(one.of),
            solution=one.finding.solution,
            subject=one.public_id,
            level=one.level,
            of=one.of,
        )
        for one in audit_findings_awaiting(user, at)
    ]
