"""Proposing a mapping by hand, and changing one: two ends, how they relate, and why."""

from __future__ import annotations

from collections.abc import Mapping as Told
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.words import kept
from controls import mapping_sets
from controls.models import CheckReference, Control, Edition, Mapping, Requirement
from organisation.models import NotAllowed, User

End = Requirement | Control | CheckReference
SAME_TWICE = "mapping_one_open"


class Refused(NotAllowed):
    """The message says why, to the reader. end: the place it is about, 1 or 2; None where it is both of them."""

    def __init__(self, message: str, end: int | None = None) -> None:
        super().__init__(message)
        self.end = end


def joined(one: End, two: End) -> dict[str, Any]:
    """Two ends as a row has them: a requirement is asked, a check shows, a control does either.

    Of two requirements the first is the one that the second shows. Raises Refused where they are no pair.
    """
    kinds = {type(one), type(two)}
    if kinds == {Requirement}:
        assert isinstance(one, Requirement)
        assert isinstance(two, Requirement)
        if one.framework_id == two.framework_id:
            raise Refused(_("Both are of one framework: choose a requirement of another one."), 2)
        return {"requirement": one, "control": None, "check_named": None, "other": two}
    if len(kinds) == 1:
        words = _("Two checks say nothing of each other here: choose a requirement or a control.")
        if kinds == {Control}:
            words = _("Two controls are not mapped to each other: choose a requirement or a check.")
        raise Refused(words, 2)
    by_kind = {type(end): end for end in (one, two)}
    return {
        "requirement": by_kind.get(Requirement),
        "control": by_kind.get(Control),
        "check_named": by_kind.get(CheckReference),
        "other": None,
    }


def refuse_what_is_over(end: End, at: datetime, place: int) -> None:
    """Raises Refused for a retired control, and for a requirement that the current version does not have."""
    if isinstance(end, Control) and end.retired_at and end.retired_at <= at:
        raise Refused(_("%(id)s is retired: nothing is mapped to it any more.") % {"id": end.public_id}, place)
    if isinstance(end, Requirement) and not Edition.objects.current(at).filter(requirement=end).exists():
        told = {"framework": end.framework.name, "key": end.key}
        raise Refused(_("The current version of %(framework)s has no %(key)s.") % told, place)


def propose(one: End, two: End, *, relation: str, rationale: str, by: User) -> Mapping:
    """Somebody else decides on it. Raises Refused."""
    at = clock.now()
    one, two = _kept(one), _kept(two)
    ends = joined(one, two)
    for place, end in enumerate((one, two), start=1):
        refuse_what_is_over(end, at, place)
    same = Mapping.objects.open().between(ends).select_related("mapping_set").first()
    if same:
        raise Refused(_already(same))
    return _proposed(ends, relation=relation, rationale=rationale, by=by)


def _kept(end: End) -> End:
    """A check that no mapping has named yet gets its name."""
    if isinstance(end, CheckReference) and end._state.adding:
        return mapping_sets.references_of({end.name})[end.name]
    return end


def _already(same: Mapping) -> str:
    told = {
        "id": same.public_id,
        "type": same.get_relation_display(),
        "state": same.get_state_display(),
        "source": same.mapping_set.name if same.mapping_set else _("proposed by hand"),
    }
    if same.state == Mapping.State.PROPOSED:
        words = _("%(id)s joins them already (%(type)s, %(state)s; %(source)s): it awaits a decision.")
    else:
        words = _("%(id)s joins them already (%(type)s, %(state)s; %(source)s): its type can be changed on its page.")
    return words % told


def _proposed(ends: Told[str, Any], *, relation: str, rationale: str, by: User, **more: Any) -> Mapping:
    try:
        with transaction.atomic():
            made = Mapping.objects.create(
                **ends, relation=relation, rationale=rationale,
                proposed_by=by.public_id, proposed_at=clock.now(), **more,
            )  # fmt: skip
            told = {name: str(end) for name, end in ends.items() if end}
            replaces = {"replaces": made.replaces.public_id} if made.replaces else {}
            trail.record(by, "mapping.proposed", made, relation=relation, because=rationale, **told, **replaces)
    except IntegrityError as error:  # two people proposed the same at one moment
        if SAME_TWICE not in str(error):
            raise
        raise Refused(_("Somebody has just proposed the same.")) from error
    return made


@transaction.atomic
def change(found: Mapping, *, relation: str, rationale: str, by: User) -> Mapping:
    """End an approved mapping and propose another one of the same two ends, in one act. Raises Refused.

    What a source says of it stays said: loading the source again changes nothing.
    """
    held = Mapping.objects.select_for_update(of=("self",)).with_ends().get(pk=found.pk)
    if held.state != Mapping.State.APPROVED:
        raise Refused(_("It is no longer in force: somebody has ended it."))
    if (relation, rationale) == (held.relation, held.rationale):
        raise Refused(_("This is what it says already: change the type or the rationale."))
    mapping_sets.end(Mapping.objects.filter(pk=held.pk), because=kept("Replaced: %(why)s") % {"why": rationale}, by=by)
    said = (held.stated_relation or held.relation) if held.mapping_set else ""
    return _proposed(
        {name: getattr(held, name) for name in ("requirement", "control", "check_named", "other")},
        relation=relation,
        rationale=rationale,
        by=by,
        replaces=held,
        mapping_set=held.mapping_set,
        named=held.named,
        stated_label=held.stated_label,
        stated_obligation=held.stated_obligation,
        stated_relation=said if said != relation else "",
    )


@transaction.atomic
def take_back(found: Mapping, *, because: str, by: User) -> None:
    """The proposer no longer proposes it. Raises Refused where it is decided, or somebody else's."""
    mine = Mapping.objects.proposed().filter(pk=found.pk, proposed_by=by.public_id)
    stamp = {"ended_at": clock.now(), "ended_by": by.public_id, "ended_because": because}
    if not mine.update(state=Mapping.State.WITHDRAWN, **stamp):
        raise Refused(_("Only who proposed it may take it back, and only until it is decided."))
    trail.record(by, "mapping.taken_back", found, because=because)
