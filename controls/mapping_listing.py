"""The list of mappings: what an address asks for, and each row with its two ends in words."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Told
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.http import Http404, QueryDict
from django.utils.translation import gettext_lazy as _

from controls.ends import Choice, named_as
from controls.listing import Asked, Words
from controls.models import Control, Edition, Framework, Mapping, MappingDecision, MappingSet, Requirement
from controls.models.mapping import MISSING, OTHER_LABEL, OTHER_OBLIGATION, MappingQuerySet
from findings.models import Check, Source
from organisation.models import User

Choices = dict[str, tuple[Words, Told[str, Words]]]
STATES: dict[str, Words] = {
    "proposed": _("Proposed"), "approved": _("Approved"), "ended": _("Rejected or withdrawn"),
}  # fmt: skip
DRIFT: dict[str, Words] = {
    "any": _("any"), "missing": _("not in the version"), "label": _("another number"),
    "obligation": _("another obligation"),
}  # fmt: skip
SOURCES = {one.value: one.label for one in Source}
ORDERS = {
    "requirement": ("asked_framework", "asked_name", "id"),
    "check": ("shown_by", "id"),
    "type": ("relation", "id"),
    "proposed": ("proposed_at", "id"),
}
USUAL = "requirement"


def mapping_choices(user: User, query: QueryDict) -> Choices:
    """The parameters of the list, and which values each may have."""
    frameworks: dict[str, Words] = dict(Framework.objects.order_by("name").values_list("key", "name"))
    controls = Control.objects.visible_to(user).order_by("name")
    sets = MappingSet.objects.all()
    decision = query.get("decision", "")
    return {
        "pair": (_("Between"), dict(Mapping.Pair.choices)),
        "framework": (_("Framework"), frameworks),
        "other": (_("Other framework"), frameworks),
        "state": (_("State"), STATES),
        "relation": (_("Type"), dict(Mapping.Relation.choices)),
        "set": (_("Published as"), {one.public_id: one.name for one in sets}),
        "control": (_("Control"), {one.public_id: f"{one.public_id} {one.name}" for one in controls}),
        "by": (_("Proposed by"), {"me": _("me"), "others": _("others")}),
        "drift": (_("Drift"), DRIFT),
        "decision": (_("Decision"), {decision: decision} if decision else {}),
    }


def in_words(asked: Told[str, str], choices: Choices) -> list[tuple[Words, Words]]:
    """What a filter asked for, as it was kept: label and value of each; what is no longer known stands for itself."""
    told: list[tuple[Words, Words]] = []
    for name, value in asked.items():
        label, known = choices.get(name, (_("Search"), {}))
        told.append((label, known.get(value, value)))
    return told


def mappings(asked: Asked, user: User, at: datetime) -> MappingQuerySet:
    """What the address asks for, of what this reader may see."""
    values = asked.values
    rows = Mapping.objects.filter(proposed_at__lte=at).visible_to(user)
    rows = rows.filter(ended_at__lte=at) if values.get("state") == "ended" else _open(rows, values, at)
    for name, narrow in NARROWED.items():
        if name in values:
            rows = narrow(rows, values[name], user)
    if "q" in values:
        rows = rows.naming(values["q"])
    if "drift" not in values:
        return rows
    kinds = {"missing": MISSING, "label": ~MISSING & OTHER_LABEL, "obligation": ~MISSING & OTHER_OBLIGATION}
    drift = rows.drifting(at)
    return drift.filter(kinds[values["drift"]]) if values["drift"] in kinds else drift


def _open(rows: MappingQuerySet, values: Told[str, str], at: datetime) -> MappingQuerySet:
    """Without a state in the address, a decision lists what has ended since too."""
    if values.get("state") == "approved":
        return rows.in_force(at)
    if values.get("state") == "proposed":
        return rows.known(at).exclude(approved_at__lte=at)
    return rows if "decision" in values else rows.known(at)


def _by(rows: MappingQuerySet, value: str, user: User) -> MappingQuerySet:
    mine = {"proposed_by": user.public_id}
    return rows.filter(**mine) if value == "me" else rows.exclude(**mine)


def _decided_in(rows: MappingQuerySet, value: str, user: User) -> MappingQuerySet:
    found = MappingDecision.objects.filter(pk=MappingDecision.key_of(value)).first()
    if found is None:
        raise Http404(f"There is no {value}")
    return rows.filter(pk__in=found.chosen)


PAIRS = {
    Mapping.Pair.CHECK.value: MappingQuerySet.to_checks,
    Mapping.Pair.CONTROL.value: MappingQuerySet.to_controls,
    Mapping.Pair.CONTROL_CHECK.value: MappingQuerySet.of_controls,
    Mapping.Pair.CROSSWALK.value: MappingQuerySet.crosswalks,
}
NARROWED = {
    "pair": lambda rows, value, user: PAIRS[value](rows),
    "framework": lambda rows, value, user: rows.filter(requirement__framework__key=value),
    "other": lambda rows, value, user: rows.filter(other__framework__key=value),
    "relation": lambda rows, value, user: rows.filter(relation=value),
    "set": lambda rows, value, user: rows.filter(mapping_set=MappingSet.key_of(value)),
    "control": lambda rows, value, user: rows.filter(control=Control.key_of(value)),
    "by": _by,
    "decision": _decided_in,
}


def ordered(rows: MappingQuerySet, asked: Asked, order: str, at: datetime) -> tuple[MappingQuerySet, tuple[str, ...]]:
    """The rows with what they are sorted by, and the keyset order; an order that is not known is the usual one."""
    name = order.removeprefix("-")
    fields = ORDERS.get(name, ORDERS[USUAL])
    if fields == ORDERS[USUAL]:
        held = rows if "drift" in asked.values else rows.with_edition(at)
        rows = held.annotate(
            asked_framework=Coalesce(F("requirement__framework__name"), Value("")),
            asked_name=Coalesce(F("edition__label"), F("requirement__key"), F("control__name")),
        )
    elif name == "check":
        rows = rows.annotate(shown_by=Coalesce(F("check_named__key"), F("control__name"), F("other__key")))
    down = order.startswith("-") and name in ORDERS
    return rows, tuple(f"-{field}" for field in fields) if down else fields


@dataclass(frozen=True)
class Row:
    """A mapping at a moment. asks, shows: its ends; the second has to do with the first as the type says.

    check: that the mapping names, as it was observed here. source: who says it: a published set, a person's name.
    """

    mapping: Mapping
    asks: Choice
    shows: Choice
    edition: Edition | None
    drift: list[str]
    state: Mapping.State
    relation: Mapping.Relation
    check: Check | None
    source: str


def rows_of(mappings: Iterable[Mapping], at: datetime) -> list[Row]:
    """Three queries, however many they are; with their ends selected (`with_ends`)."""
    rows = list(mappings)
    wanted = {key for row in rows for key in (row.requirement_id, row.other_id) if key}
    editions = {one.requirement_id: one for one in _editions(wanted, at)}
    checks = _checks({row.check_named.name for row in rows if row.check_named})
    people = names_of(row.proposed_by for row in rows if not row.mapping_set_id)
    return [_row(row, editions, checks, people, at) for row in rows]


def _editions(wanted: set[int], at: datetime) -> Iterable[Edition]:
    """Of the versions current then; texts stay where they are."""
    return Edition.objects.current(at).filter(requirement__in=wanted).defer("text", "guidance", "parameters")


def _checks(names: set[tuple[str, str]]) -> dict[tuple[str, str], Check]:
    rules = {key for _, key in names}
    seen = Check.objects.filter(kind=Check.Kind.COMPLIANCE).filter(Q(key__in=rules) | Q(config_rule__in=rules))
    return {named_as(one): one for one in seen}


def names_of(people: Iterable[str]) -> dict[str, str]:
    """Public id of a person → name; what is no person's (the name of a process) stands for itself."""
    ids = set(people)
    keys = [int(one.rpartition("-")[2]) for one in ids if one.startswith(f"{User.public_prefix}-")]
    found = {one.public_id: one.name for one in User.objects.filter(pk__in=keys)} if keys else {}
    return {one: found.get(one, one) for one in ids}


def _row(
    row: Mapping,
    editions: Told[int, Edition],
    checks: Told[tuple[str, str], Check],
    people: Told[str, str],
    at: datetime,
) -> Row:
    check = checks.get(row.check_named.name) if row.check_named else None
    edition = editions.get(row.requirement_id or 0)
    control = row.control and Choice(row.control.public_id, "control", row.control.name, "", "")
    if row.requirement:
        asks = _requirement(row.requirement, edition, row.stated_label)
    else:
        assert control
        asks = control
    if row.check_named:
        named = row.check_named
        shows = Choice(
            f"{named.source}:{named.key}", "check", named.key, check.title if check else "", SOURCES[named.source]
        )
    elif row.other:
        shows = _requirement(row.other, editions.get(row.other_id or 0))
    else:
        assert control
        shows = control
    return Row(
        mapping=row,
        asks=asks,
        shows=shows,
        edition=edition,
        drift=row.drift_from(edition),
        state=row.state_at(at),
        relation=row.relation_at(at),
        check=check,
        source=row.mapping_set.name if row.mapping_set else people.get(row.proposed_by, row.proposed_by),
    )


def _requirement(one: Requirement, edition: Edition | None, stated: str = "") -> Choice:
    name = edition.label if edition else stated or one.key
    return Choice(one.public_id, "requirement", name, edition.title if edition else "", one.framework.name)
