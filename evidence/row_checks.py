"""Rows of the locker held against what the trail sealed of them: each difference by its field, then and now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from audit.models import TrailEntry
from evidence.capturing import sealed
from evidence.models import Evidence, EvidenceLink, LegalHold

MEANWHILE = timedelta(minutes=1)
"""Between the moment that a row states and that of its entry, which are written in one act."""
ACTS = ("evidence.captured", "evidence.withdrawn", "evidence.destroyed", "evidence.linked", "evidence.unlinked")
Entries = dict[str, list[TrailEntry]]
"""Of one row, by action, the first first."""


@dataclass(frozen=True)
class Difference:
    """kind: row, link, hold, file or trail. about: a public id, or the name of a file."""

    kind: str
    about: str
    words: str

    def __str__(self) -> str:
        return f"{self.about}: {self.words}" if self.about else self.words


def rows(found: Sequence[Evidence]) -> list[Difference]:
    """Of these pieces and their links. Two queries."""
    entries = _entries("evidence", [one.public_id for one in found], ACTS)
    links: dict[int, list[EvidenceLink]] = defaultdict(list)
    for link in EvidenceLink.objects.filter(evidence__in=[one.pk for one in found]).select_related("control"):
        links[link.evidence_id].append(link)
    differences: list[Difference] = []
    for one in found:
        told = entries[one.public_id]
        differences += [Difference("row", one.public_id, words) for words in _of_row(one, told)]
        differences += [Difference("link", one.public_id, words) for words in _of_links(links[one.pk], told)]
    return differences


def missing() -> list[Difference]:
    """Pieces and holds that the trail knows and the database does not. Four queries."""
    pieces = _gone(Evidence.objects.values_list("pk", flat=True), Evidence.public_prefix, "evidence.captured")
    lost = _gone(LegalHold.objects.values_list("pk", flat=True), LegalHold.public_prefix, "legal_hold.set")
    row, hold = _("The row is missing, and the trail has it"), _("The hold is missing, and the trail has it")
    return [*(Difference("row", one, row) for one in pieces), *(Difference("hold", one, hold) for one in lost)]


def _gone(keys: Iterable[int], prefix: str, action: str) -> list[str]:
    known = TrailEntry.objects.filter(action=action, object_id__startswith=f"{prefix}-")
    return sorted(set(known.values_list("object_id", flat=True)) - {f"{prefix}-{key}" for key in keys})


def _entries(kind: str, ids: Iterable[str], actions: Iterable[str]) -> dict[str, Entries]:
    found: dict[str, Entries] = defaultdict(lambda: defaultdict(list))
    rows = TrailEntry.objects.filter(kind=kind, object_id__in=list(ids), action__in=list(actions))
    for entry in rows.order_by("id"):
        found[entry.object_id][entry.action].append(entry)
    return found


def _of_row(one: Evidence, told: Entries) -> list[str]:
    captured = told["evidence.captured"]
    if not captured:
        return [_("The row is there, and the trail does not say that it was captured")]
    then, now = captured[0].detail, sealed(one)
    words = [_changed(name, then.get(name), now[name]) for name in now if then.get(name) != now[name]]
    return [*words, *_of_withdrawal(one, told["evidence.withdrawn"]), *_of_end(one, told["evidence.destroyed"])]


def _of_withdrawal(one: Evidence, told: list[TrailEntry]) -> list[str]:
    now = None
    if one.withdrawn_at is not None and one.withdrawn_by is not None:
        now = [one.withdrawn_at.isoformat(), one.withdrawn_by.public_id, one.withdrawn_because]
    then = [told[0].detail.get("at"), told[0].actor, told[0].detail.get("because")] if told else None
    return [] if now == then else [_changed("withdrawn", then, now)]


def _of_end(one: Evidence, told: list[TrailEntry]) -> list[str]:
    now = one.destroyed_at.isoformat() if one.destroyed_at else None
    then = told[0].detail.get("at") if told else None
    return [] if now == then else [_changed("destroyed_at", then, now)]


def _of_links(found: list[EvidenceLink], told: Entries) -> list[str]:
    """Each saying that it shows something of a control has its row, in the same order, and each end its moment."""
    words: list[str] = []
    begun, ended = _by_control(told["evidence.linked"]), _by_control(told["evidence.unlinked"])
    links: dict[str, list[EvidenceLink]] = defaultdict(list)
    for link in sorted(found, key=lambda one: one.pk):
        links[link.control.public_id].append(link)
    for control in sorted({*links, *begun, *ended}):
        rows, entries = links.get(control, []), begun.get(control, [])
        if len(rows) != len(entries):
            words.append(_changed(_("links to %(id)s") % {"id": control}, len(entries), len(rows)))
            continue
        ends = [one.valid_to for one in rows if one.valid_to]
        for row, entry in zip(rows, entries, strict=True):
            if row.because != entry.detail.get("because", "") or not _same(row.valid_from, entry.at):
                words.append(_changed(_("link to %(id)s") % {"id": control}, _said(entry), _said_of(row)))
        ends_told = [one.at for one in ended.get(control, [])]
        if len(ends) != len(ends_told) or not all(map(_same, ends, ends_told)):
            then, now = ([one.isoformat() for one in ones] for ones in (ends_told, ends))
            words.append(_changed(_("end of the link to %(id)s") % {"id": control}, then, now))
    return words


def _by_control(entries: list[TrailEntry]) -> dict[str, list[TrailEntry]]:
    found: dict[str, list[TrailEntry]] = defaultdict(list)
    for entry in entries:
        found[str(entry.detail.get("control"))].append(entry)
    return found


def _said(entry: TrailEntry) -> str:
    return f"{entry.at.isoformat()} {entry.detail.get('because', '')}".strip()


def _said_of(row: EvidenceLink) -> str:
    return f"{row.valid_from.isoformat()} {row.because}".strip()


def _same(one: datetime, other: datetime) -> bool:
    return abs(one - other) < MEANWHILE


def holds(found: list[LegalHold]) -> list[Difference]:
    """One query."""
    entries = _entries("legalhold", [one.public_id for one in found], ("legal_hold.set", "legal_hold.released"))
    return [
        Difference("hold", one.public_id, words) for one in found for words in _of_hold(one, entries[one.public_id])
    ]


def _of_hold(one: LegalHold, told: Entries) -> list[str]:
    if not told["legal_hold.set"]:
        return [_("The hold is there, and the trail does not say that it was set")]
    began = told["legal_hold.set"][0]
    about = (("evidence", one.evidence), ("solution", one.solution))
    now = {"because": one.because, **{name: row.public_id if row else None for name, row in about}}
    words = [
        _changed(name, began.detail.get(name), value) for name, value in now.items() if began.detail.get(name) != value
    ]
    if began.actor != one.set_by.public_id or not _same(one.set_at, began.at):
        words.append(_changed("set_at", began.at.isoformat(), one.set_at.isoformat()))
    ends = told["legal_hold.released"]
    then = ends[0].detail.get("because") if ends else ""
    if one.released_because != then or (ends and not _same(one.released_at or one.set_at, ends[0].at)):
        words.append(_changed("released", then, one.released_because))
    return words


def _changed(name: str, then: Any, now: Any) -> str:
    return _("%(field)s is %(now)s, and was %(then)s") % {"field": name, "now": _shown(now), "then": _shown(then)}


def _shown(value: Any) -> str:
    return _("nothing") if value in (None, "") else f"“{value}”"
