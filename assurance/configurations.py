"""The configurations of an automated control: its checks, and the parameters of their rules, from one change on."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db.models import Q
from django.utils.translation import gettext as _

from assurance.models import ControlTest
from controls.live import Named, checks_named
from controls.models import Control, Mapping
from findings.models import ConfigRule, Finding

State = dict[str, Any]


@dataclass(frozen=True)
class Configuration:
    """From `begin` on, until the next one. sha256: of its canonical JSON. what: what of it was new, in words."""

    begin: datetime
    sha256: str
    what: str


def configurations(control: Control, begin: datetime, end: datetime) -> list[Configuration]:
    """Those that the control had from `begin` until `end`, in order; as it is known today. Five queries."""
    links = _links(control, begin, end)
    rules = _rules({one.check_named.name for one in links if one.check_named}, begin, end)
    held = [*map(_held, links), *map(_held, rules)]
    moments = {begin, *(at for edges in held for at in edges if at and begin < at <= end)}
    found: list[Configuration] = []
    before: State = {}
    for at in sorted(moments):
        state = _state(links, rules, at)
        if found and state == before:
            continue
        what = _changed(before, state) if found else _first(state)
        digest = hashlib.sha256(orjson.dumps(state, option=orjson.OPT_SORT_KEYS)).hexdigest()
        found.append(Configuration(at, digest, what))
        before = state
    return found


def in_period(test: ControlTest, at: datetime) -> list[Configuration]:
    """Those in which an automated control has to be tested, by a moment; none of what people do, or of a moment."""
    begin, end = test.engagement.about_from, min(test.engagement.last_day, at)
    return [] if test.control.is_manual or begin >= end else configurations(test.control, begin, end)


def _links(control: Control, begin: datetime, end: datetime) -> list[Mapping]:
    """What says of a check, at some moment of the period, that it shows the control."""
    rows = Mapping.objects.of_controls().filter(control=control, approved_at__lte=end)
    return list(rows.filter(Q(ended_at=None) | Q(ended_at__gt=begin)).select_related("check_named").order_by("pk"))


def _rules(checks: Collection[Named], begin: datetime, end: datetime) -> list[ConfigRule]:
    """Rules of Config by which these checks work, as they were in the period."""
    keys = {key for found in checks_named(checks).values() for key in found}
    names = Finding.objects.filter(check_ran__in=keys).exclude(rule_name="").order_by().values("rule_name")
    rows = ConfigRule.objects.filter(name__in=names, superseded_at=None, valid_from__lte=end)
    return list(rows.filter(Q(valid_to=None) | Q(valid_to__gt=begin)).select_related("scope").order_by("pk"))


def _held(row: Mapping | ConfigRule) -> tuple[datetime, datetime | None]:
    """From when until when it was so."""
    if isinstance(row, Mapping):
        assert row.approved_at
        return row.approved_at, row.ended_at
    return row.valid_from, row.valid_to


def _holds(row: Mapping | ConfigRule, at: datetime) -> bool:
    begun, ended = _held(row)
    return begun <= at and (ended is None or ended > at)


def _state(links: Collection[Mapping], rules: Collection[ConfigRule], at: datetime) -> State:
    """{"checks": {name: relation}, "rules": {place and name: parameters}} at a moment."""
    return {
        "checks": {str(one.check_named): one.relation for one in links if _holds(one, at)},
        "rules": {
            f"{one.scope.account} {one.scope.region} {one.name}": one.parameters for one in rules if _holds(one, at)
        },
    }


def _first(state: State) -> str:
    if not state["checks"]:
        return _("no check showed it yet")
    return _("%(checks)d checks, %(rules)d rules of AWS Config") % {
        "checks": len(state["checks"]),
        "rules": len(state["rules"]),
    }


def _changed(before: State, after: State) -> str:
    """What differs, by name: three of each at most."""
    said = []
    for part in ("checks", "rules"):
        old, new = before[part], after[part]
        for words, names in (
            (_("new: %(names)s"), new.keys() - old.keys()),
            (_("no more: %(names)s"), old.keys() - new.keys()),
            (_("changed: %(names)s"), {name for name in old.keys() & new.keys() if old[name] != new[name]}),
        ):
            if names:
                shown = ", ".join(sorted(names)[:3]) + (" …" if len(names) > 3 else "")
                said.append(words % {"names": shown})
    return "; ".join(said)
