"""Published mappings: taken in as proposals, adopted or refused by a decision that is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Case, F, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from audit import clock, trail
from controls.imports.catalogues import AT_ONCE, identities_of
from controls.models import CheckReference, Framework, Mapping, MappingDecision, MappingSet, PackVersion
from controls.models.mapping import MappingQuerySet
from organisation.models import User
from organisation.own_work import Attempt, keep

NO_LONGER_SAID = gettext_noop("The source no longer says so.")
"""Why a mapping ended that nobody decided on."""


@dataclass(frozen=True)
class Published:
    """Who published a set, where and when. stated_version: of the framework, as the source says."""

    key: str
    name: str
    publisher: str
    source_sha256: str
    url: str = ""
    licence: str = ""
    published_on: date | None = None
    stated_version: str = ""
    note: str = ""

    def told(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class Row:
    """One statement of a set. requirement: a key. named: the id as written; label and obligation where it says."""

    requirement: str
    source: str
    check: str
    relation: str = Mapping.Relation.INTERSECTS
    named: str = ""
    label: str = ""
    obligation: str = ""


@transaction.atomic
def load(
    published: Published,
    framework: Framework,
    rows: Sequence[Row],
    *,
    by: User | str,
    pack_version: PackVersion | None = None,
) -> MappingSet:
    """Hold what a source publishes now. What is new in it is proposed; what it no longer says is withdrawn.

    What people rejected or withdrew is not proposed again, however often the source is read.
    """
    at = clock.now()
    who = by if isinstance(by, str) else by.public_id
    told = published.told()
    key = told.pop("key")
    found, is_new = MappingSet.objects.get_or_create(
        key=key, defaults={"framework": framework, "pack_version": pack_version, "loaded_at": at, **told}
    )
    wanted = _wanted(framework, rows)
    have = {_statement(one): one.pk for one in found.mappings.open()}
    decided = {_statement(one) for one in found.mappings.ended().exclude(ended_because=NO_LONGER_SAID)}
    gone = [pk for statement, pk in have.items() if statement not in wanted]
    new = [statement for statement in wanted if statement not in have and statement not in decided]
    if not (is_new or gone or new):
        return found
    MappingSet.objects.filter(pk=found.pk).update(pack_version=pack_version, loaded_at=at, **told)
    withdrawn = {"state": Mapping.State.WITHDRAWN, "ended_at": at, "ended_by": who}
    found.mappings.filter(pk__in=gone).update(**withdrawn, ended_because=NO_LONGER_SAID)
    Mapping.objects.bulk_create(
        [
            Mapping(
                mapping_set=found,
                requirement_id=requirement,
                check_named_id=check,
                named=named,
                relation=relation,
                stated_label=label,
                stated_obligation=obligation,
                proposed_by=who,
                proposed_at=at,
            )
            for requirement, check, named, relation, label, obligation in new
        ],
        batch_size=AT_ONCE,
    )
    counts = {"proposed": len(new), "withdrawn": len(gone), "unchanged": len(have) - len(gone)}
    trail.record(by, "mapping_set.loaded", found, **counts, publisher=published.publisher, name=published.name)
    return found


def _statement(one: Mapping) -> tuple[Any, ...]:
    """What a row says, as `_wanted` gives it."""
    said = one.stated_relation or one.relation
    return one.requirement_id, one.check_named_id, one.named, said, one.stated_label, one.stated_obligation


def _wanted(framework: Framework, rows: Sequence[Row]) -> dict[tuple[Any, ...], None]:
    """(requirement, check, named, relation, label, obligation) of each row, keys resolved, each once."""
    identities = identities_of(framework, [row.requirement for row in rows], clock.now())
    checks = references_of({(row.source, row.check) for row in rows})
    return {
        (
            identities[row.requirement].pk,
            checks[row.source, row.check].pk,
            "" if row.named == row.requirement else row.named,
            str(row.relation),
            row.label.rstrip("."),
            row.obligation,
        ): None
        for row in rows
    }


def references_of(names: set[tuple[str, str]]) -> dict[tuple[str, str], CheckReference]:
    """(source, key) → the reference, made where it is not known yet."""
    new = [CheckReference(source=source, key=key) for source, key in sorted(names)]
    CheckReference.objects.bulk_create(new, ignore_conflicts=True, batch_size=AT_ONCE)
    wanted = CheckReference.objects.filter(key__in={key for _, key in names})
    return {(one.source, one.key): one for one in wanted}


@transaction.atomic
def approve(
    rows: MappingQuerySet,
    *,
    because: str,
    by: User | str,
    relation: str = "",
    decision: MappingDecision | None = None,
) -> int:
    """From now on these count. Nobody approves what they proposed: such rows are left as they are.

    relation: the type that the approver states of all of them; what the source says stays beside it. A change of
    type keeps the one it was proposed with.
    """
    who, others = (by, rows.proposed()) if isinstance(by, str) else (by.public_id, rows.proposed_by_others(by))
    if decision is None and not isinstance(by, str):
        keep_attempts(rows, by)
    chosen = list(others.select_for_update(of=("self",)).order_by("pk"))
    held = Mapping.objects.filter(pk__in=[one.pk for one in chosen])
    if relation:
        said = Case(When(stated_relation="", then=F("relation")), default=F("stated_relation"))
        held.filter(replaces=None).exclude(relation=relation).update(relation=relation, stated_relation=said)
        held.filter(replaces=None, stated_relation=relation).update(stated_relation="")
    held.update(
        state=Mapping.State.APPROVED, approved_at=clock.now(), approved_by=who, approved_because=because,
        approved_in=decision,
    )  # fmt: skip
    if decision is None:
        stated = {"relation": relation} if relation else {}
        for one in chosen:
            trail.record(by, "mapping.approved", one, because=because, **stated)
    return len(chosen)


def decide(rows: MappingQuerySet, action: str, *, because: str, by: User, relation: str = "") -> int:
    """Approve these, or reject and withdraw them. Answers how many; the others are left as they are."""
    if action == "approve":
        return approve(rows, because=because, by=by, relation=relation)
    return end(rows, because=because, by=by)


def keep_attempts(rows: MappingQuerySet, by: User) -> None:
    """That somebody chose proposals of their own to approve."""
    for one in rows.proposed_by_hands_of(by).order_by("pk")[:20]:
        keep(Attempt(by, "mapping.approved", one, _("Nobody approves what they proposed.")))


@transaction.atomic
def end(rows: MappingQuerySet, *, because: str, by: User | str, decision: MappingDecision | None = None) -> int:
    """Reject what was proposed, withdraw what was approved. Answers how many."""
    who = by if isinstance(by, str) else by.public_id
    chosen = list(rows.open().select_for_update(of=("self",)).order_by("pk"))
    after = Case(
        When(state=Mapping.State.PROPOSED, then=Value(Mapping.State.REJECTED)), default=Value(Mapping.State.WITHDRAWN)
    )
    Mapping.objects.filter(pk__in=[one.pk for one in chosen]).update(
        state=after, ended_at=clock.now(), ended_by=who, ended_because=because, ended_in=decision
    )
    for one in chosen if decision is None else []:
        trail.record(by, "mapping.ended", one, was=one.state, because=because)
    return len(chosen)
