"""Deciding on all the mappings that a filter matches, as one recorded decision that can be taken back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from collections.abc import Mapping as Told
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import clock, trail
from controls.mapping_sets import approve, end, keep_attempts
from controls.models import Mapping, MappingDecision, MappingSet
from controls.models.mapping import MappingQuerySet
from controls.refusals import Refused
from desk.models import Job
from desk.notices import notify
from organisation.models import User

AT_ONCE = 1_000
"""A decision on more mappings than this is left to a worker: it takes more than a second."""
LONGEST_WAIT = timedelta(minutes=2)
"""A decision that no worker has carried out for this long is handed out again."""
KIND = "mapping_decision"
Action = MappingDecision.Action
DONE: dict[str, str] = {Action.APPROVE: "approved", Action.END: "ended", Action.REVERSE: "reversed"}
HandOut = Callable[[int], object]
"""Gives a decision, by its key, to a worker."""


@dataclass(frozen=True)
class Outlook:
    """What deciding on these mappings would do now. keys: all of them; seen: their digest, to know them again.

    open_to: proposals that this person may approve; own: their own, left out. first_checks, first_of_controls:
    requirements and controls that would have a check for the first time. approved: what ending would withdraw;
    last_checks: requirements that would lose their last check by that.
    """

    keys: tuple[int, ...]
    open_to: int
    own: int
    approved: int
    first_checks: int
    first_of_controls: int
    last_checks: int

    @property
    def seen(self) -> str:
        return digest(self.keys)

    @property
    def total(self) -> int:
        return len(self.keys)

    @property
    def ends(self) -> int:
        return self.open_to + self.own + self.approved


def digest(keys: Collection[int]) -> str:
    return hashlib.sha256(",".join(map(str, keys)).encode()).hexdigest()[:16]


def outlook(rows: QuerySet[Mapping], person: User) -> Outlook:
    """rows: what a filter matches. Eight queries, however many they are."""
    keys = tuple(sorted(rows.values_list("pk", flat=True)))
    chosen = Mapping.objects.filter(pk__in=keys)
    open_to, now = chosen.proposed_by_others(person), clock.now()
    in_force = Mapping.objects.in_force(now)
    mapped, held = in_force.to_checks(), in_force.of_controls()
    lost, kept = mapped.filter(pk__in=keys), mapped.exclude(pk__in=keys)
    return Outlook(
        keys=keys,
        open_to=open_to.count(),
        own=chosen.proposed_by_hands_of(person).count(),
        approved=chosen.in_force(now).count(),
        first_checks=_distinct(open_to.to_checks(), mapped, "requirement"),
        first_of_controls=_distinct(open_to.of_controls(), held, "control"),
        last_checks=_distinct(lost, kept, "requirement"),
    )


def refuse(told: Outlook, action: str, *, seen: str) -> None:
    """Raises Refused where a person saw other figures, or nothing would come of it. seen: what they saw."""
    if seen != told.seen:
        raise Refused(
            _("What matches has changed since you opened this page. The figures are those of now: read them again.")
        )
    if action == Action.APPROVE and not told.open_to:
        raise Refused(_("Nothing that matches is a proposal of somebody else's to approve."), "action")
    if action == Action.END and not told.ends:
        raise Refused(_("Everything that matches has ended already."), "action")


def _distinct(rows: MappingQuerySet, without: MappingQuerySet, end_of_it: str) -> int:
    """How many requirements or controls these rows have that the others do not have."""
    counted: MappingQuerySet = rows.exclude(**{f"{end_of_it}__in": without.values(end_of_it)}).order_by()
    n: int = counted.values(end_of_it).distinct().count()
    return n


@transaction.atomic
def decide(
    keys: Collection[int],
    action: str,
    *,
    because: str,
    by: User,
    hand_out: HandOut,
    asked: Told[str, str] | None = None,
    relation: str = "",
    reverses: MappingDecision | None = None,
) -> MappingDecision:
    """One decision on all of these, whole or not at all; above AT_ONCE a worker carries it out."""
    made = MappingDecision.objects.create(
        action=action,
        relation=relation,
        because=because,
        asked=dict(asked or {}),
        chosen=sorted(keys),
        reverses=reverses,
        decided_by=by,
        decided_at=clock.now(),
    )
    if len(keys) <= AT_ONCE:
        carry_out(made.pk)
        made.refresh_from_db()
        return made
    made.job = Job.objects.create(
        kind=KIND,
        subject=made.public_id,
        url=reverse("controls:mapping_decision", args=[made.public_id]),
        title=_("Decide on %(n)s mappings") % {"n": f"{len(keys):,}"},
        requested_by=by,
        requested_at=made.decided_at,
    )
    made.save(update_fields=["job"])
    transaction.on_commit(lambda: hand_out(made.pk), robust=True)
    return made


def reverse_decision(found: MappingDecision, *, because: str, by: User, hand_out: HandOut) -> MappingDecision:
    """Withdraw what a decision approved and nobody ended since, as one decision. Raises Refused."""
    keys = list(still_approved(found).values_list("pk", flat=True))
    if not keys:
        raise Refused(_("Nothing that it approved is still in force."))
    return decide(keys, Action.REVERSE, because=because, by=by, reverses=found, hand_out=hand_out)


def still_approved(found: MappingDecision) -> MappingQuerySet:
    return Mapping.objects.filter(approved_in=found, state=Mapping.State.APPROVED)


@transaction.atomic
def carry_out(decision_id: int) -> None:
    """Does nothing where it is carried out already."""
    found = MappingDecision.objects.select_for_update(of=("self",)).select_related("decided_by", "job")
    made = found.get(pk=decision_id)
    if made.carried_out_at:
        return
    rows = Mapping.objects.filter(pk__in=made.chosen)
    if made.reverses:
        rows = still_approved(made.reverses)
    why, by = made.because, made.decided_by
    if made.action == Action.APPROVE:
        changed = approve(rows, because=why, by=by, relation=made.relation, decision=made)
    else:
        changed = end(rows, because=why, by=by, decision=made)
    made.changed, made.carried_out_at = changed, clock.now()
    made.save(update_fields=["changed", "carried_out_at"])
    _tell(made)


def _tell(made: MappingDecision) -> None:
    stated = {"relation": made.relation} if made.relation else {}
    reverses = {"reverses": made.reverses.public_id} if made.reverses else {}
    trail.record(
        made.decided_by, f"mapping_decision.{DONE[made.action]}", made,
        because=made.because, asked=made.asked, changed=made.changed, left=made.left, **stated, **reverses,
    )  # fmt: skip
    if made.job:
        n = made.changed or 0
        words = ngettext("%(n)s mapping changed", "%(n)s mappings changed", n) % {"n": f"{n:,}"}
        made.job.finish(Job.State.DONE, step=words)
        notify(made.decided_by, KIND, f"{made.public_id}: {words}.", url=made.job.url, subject=made.public_id)


def forgotten(*, at: datetime) -> list[int]:
    """Decisions whose task was lost."""
    waiting = MappingDecision.objects.filter(carried_out_at=None, decided_at__lt=at - LONGEST_WAIT)
    return list(waiting.values_list("pk", flat=True))


def decide_all(
    rows: MappingQuerySet,
    action: str,
    *,
    because: str,
    by: User,
    hand_out: HandOut,
    asked: Told[str, str],
    relation: str = "",
    seen: str | None = None,
) -> MappingDecision:
    """Of everything that a filter matches now. seen: what the person saw, where they did. Raises Refused."""
    told = outlook(rows, by)
    if action == Action.APPROVE and told.own and not told.open_to:
        keep_attempts(Mapping.objects.filter(pk__in=told.keys), by)
    refuse(told, action, seen=told.seen if seen is None else seen)
    return decide(told.keys, action, because=because, by=by, asked=asked, relation=relation, hand_out=hand_out)


def adopt(found: MappingSet, *, because: str, by: User, hand_out: HandOut, relation: str = "") -> MappingDecision:
    """Approve every proposed mapping of a set, as one decision. Raises Refused."""
    rows, asked = found.mappings.proposed(), {"set": found.public_id, "state": "proposed"}
    return decide_all(rows, Action.APPROVE, because=because, by=by, asked=asked, relation=relation, hand_out=hand_out)
