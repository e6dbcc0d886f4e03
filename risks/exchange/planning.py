"""What a file would add and change, row by row and field by field, and every cell of it that is wrong."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.utils.translation import gettext as _

from audit.moment import Moment
from controls.imports.refusals import Problem
from organisation.models import User
from risks import rights
from risks.exchange.cells import same
from risks.exchange.columns import BY_NAME, SIDES, Version, labels, written
from risks.exchange.known import Known, Wrong, last_acts, when
from risks.exchange.reading import ReadFile, Row, read
from risks.models import WRITTEN, Assessment, Risk
from risks.rules import Kind

NEVER_EMPTY = ("title", "cause", "event", "consequence", "solution", "category", "owner")
LONGEST_REASON = 1_000
LONGEST_SHOWN = 600
"""Characters of a value in a preview."""


@dataclass
class Planned:
    """What one row does. risk: None where it adds one. levels: kind → likelihood and impact on the matrix in force.

    shown: label, before, after, and who has to confirm it.
    """

    row: int
    risk: Risk | None
    because: str
    fields: dict[str, Any] = field(default_factory=dict)
    levels: dict[str, tuple[int, int]] = field(default_factory=dict)
    shown: list[tuple[str, str, str, str]] = field(default_factory=list)

    @property
    def told(self) -> dict[str, Any]:
        """For the preview."""
        what = [[str(label), _short(before), _short(after), confirms] for label, before, after, confirms in self.shown]
        title = self.risk.title if self.risk else self.fields["title"]
        return {"row": self.row, "id": self.risk.public_id if self.risk else "", "title": title, "what": what}

    @property
    def identity(self) -> list[Any]:
        """All that it does, to know it again."""
        told = {name: written(name, value) for name, value in self.fields.items()}
        of = [self.risk.public_id, self.risk.version] if self.risk else []
        return [self.row, of, told, self.levels, self.because]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]} …"


@dataclass
class Plan:
    rows: list[Planned] = field(default_factory=list)
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def told(self) -> dict[str, Any]:
        """As models.RegisterImport keeps it."""
        return {
            "added": [one.told for one in self.rows if one.risk is None],
            "changed": [one.told for one in self.rows if one.risk],
            "unchanged": self.unchanged,
            "digest": self.digest,
        }

    @property
    def digest(self) -> str:
        return hashlib.sha256(orjson.dumps([one.identity for one in self.rows])).hexdigest()


def plan_of(raw: bytes, *, by: User, because: str) -> Plan:
    """because: of the rows that give no reason. Raises Refused for a file that cannot be read at all."""
    file = read(raw)
    if file.problems:
        return Plan(problems=file.problems)
    ids = {row.cells["id"].upper() for row in file.rows if row.cells.get("id")}
    return _Planner(file, Known.of(ids, by, Moment.now()), because).plan()


class _Planner:
    def __init__(self, file: ReadFile, known: Known, because: str) -> None:
        self.file, self.known, self.because = file, known, because
        self.found = Plan()
        self.rows_of: dict[str, int] = {}
        self.stale: list[tuple[Row, Risk]] = []
        self.wrong: list[tuple[int, int, Problem]] = []

    def plan(self) -> Plan:
        for row in self.file.rows:
            planned = self._of(row)
            if planned:
                self.found.rows.append(planned)
        self._tell_stale()
        ordered = sorted(self.wrong, key=lambda one: one[:2])
        self.found.problems = [problem for _row, _place, problem in ordered]
        return self.found

    def _wrong(self, row: Row, name: str, reason: str) -> None:
        place = self.file.at.get(name, -1)
        self.wrong.append((row.number, place, self.file.problem(row.number, name, reason)))

    def _of(self, row: Row) -> Planned | None:
        public_id = row.cells.get("id", "").upper()
        planned = Planned(row.number, None, row.cells.get("because") or self.because)
        if len(planned.because) > LONGEST_REASON:
            self._wrong(row, "because", _("It has more than %(n)s characters.") % {"n": f"{LONGEST_REASON:,}"})
        if not public_id:
            return self._added(row, planned)
        planned.risk = self.known.risks.get(public_id)
        if public_id in self.rows_of:
            told = {"id": public_id, "row": self.rows_of[public_id]}
            self._wrong(row, "id", _("%(id)s is in row %(row)d already: keep one of them.") % told)
        elif planned.risk:
            self.rows_of[public_id] = row.number
            return self._changed(row, planned, planned.risk)
        else:
            words = _("There is no %(id)s, or it is not yours to see. Leave the id empty where the row adds a risk.")
            self._wrong(row, "id", words % {"id": public_id[:40]})
        return None

    def _added(self, row: Row, planned: Planned) -> Planned | None:
        if row.cells.get("version"):
            words = _("A row with a version and without an id: put the id back, or empty the version to add a risk.")
            self._wrong(row, "id", words)
            return None
        before = len(self.wrong)
        for name in WRITTEN:
            text = row.cells.get(name, "")
            if not text and name in NEVER_EMPTY:
                self._wrong(row, name, _("%(head)s: a new risk needs it.") % {"head": BY_NAME[name].head})
                continue
            self._read(row, planned, name, text)
        cells = self._cells(row, dict.fromkeys(BY_NAME, ""))
        if len(self.wrong) > before:
            return None
        if why_not := self.known.add_refusal(planned.fields["solution"]):
            self._wrong(row, "solution", why_not)
            return None
        planned.shown = [
            (BY_NAME[name].head, "", written(name, value), "") for name, value in planned.fields.items() if value
        ]
        self._levels(row, planned, Risk(**planned.fields), cells)
        return planned if len(self.wrong) == before else None

    def _changed(self, row: Row, planned: Planned, risk: Risk) -> Planned | None:
        before, told = len(self.wrong), self.known.sheet.told(risk)
        differing = [name for name in WRITTEN if name in row.cells and not same(row.cells[name], told[name])]
        for name in differing:
            if not row.cells[name] and name in NEVER_EMPTY:
                self._wrong(row, name, _("It may not be empty; it is “%(now)s” now.") % {"now": told[name][:80]})
                continue
            self._read(row, planned, name, row.cells[name])
        planned.shown = [
            (BY_NAME[name].head, told[name], written(name, value), "") for name, value in planned.fields.items()
        ]
        if differing and (why_not := self._change_refusal(risk, planned)):
            self._wrong(row, differing[0] if len(differing) == 1 else "", why_not)
        self._levels(row, planned, risk, self._cells(row, told))
        if planned.fields or planned.levels:
            self._check_version(row, risk)
        elif len(self.wrong) == before:
            self.found.unchanged += 1
            return None
        return planned if len(self.wrong) == before else None

    def _change_refusal(self, risk: Risk, planned: Planned) -> str:
        moved = planned.fields.get("solution")
        return self.known.change_refusal(risk) or (self.known.add_refusal(moved) if moved else "")

    def _read(self, row: Row, planned: Planned, name: str, text: str) -> None:
        try:
            planned.fields[name] = self.known.value(name, text)
        except Wrong as wrong:
            self._wrong(row, name, str(wrong))

    def _cells(self, row: Row, told: dict[str, str]) -> dict[Kind, tuple[int, int]]:
        """The levels that a row states otherwise than they are told."""
        found = {}
        for kind in Kind:
            names = [f"{kind.value}_{side}" for side in SIDES]
            said = [row.cells.get(name, told[name]) for name in names]
            if all(same(text, told[name]) for name, text in zip(names, said, strict=True)):
                continue
            likelihood, impact = (self._place(row, name, text) for name, text in zip(names, said, strict=True))
            if likelihood is not None and impact is not None:
                found[kind] = (likelihood, impact)
        return found

    def _levels(self, row: Row, planned: Planned, risk: Risk, cells: dict[Kind, tuple[int, int]]) -> None:
        for kind, cell in cells.items():
            self._level(planned, risk, kind, cell)
        if not planned.levels:
            return
        if why_not := self.known.state_refusal(risk):
            self._wrong(row, f"{next(iter(planned.levels))}_likelihood", why_not)
        if why_not := rights.said(planned.because):
            self._wrong(row, "because", why_not)

    def _place(self, row: Row, name: str, text: str) -> int | None:
        side = name.partition("_")[2]
        if not text:
            words = _("Likelihood and impact together make a level, and none is taken away: state both.")
            self._wrong(row, name, words)
            return None
        try:
            return self.known.place(side, text)
        except Wrong as wrong:
            self._wrong(row, name, str(wrong))
            return None

    def _level(self, planned: Planned, risk: Risk, kind: Kind, cell: tuple[int, int]) -> None:
        """What waits to be confirmed already is not proposed again."""
        matrix = self.known.sheet.matrix
        waiting = self.known.waiting.get((risk.pk, kind.value)) if risk.pk else None
        if matrix is None or (waiting and _is_at(waiting, matrix.pk, cell)):
            return
        planned.levels[kind.value] = cell
        before = self.known.sheet.cell(risk, kind.value) if risk.pk else (None, None)
        words = _("%(kind)s level") % {"kind": kind.label}
        planned.shown.append((words, self._words(before), self._words(cell), self.known.confirming(risk)))

    def _words(self, cell: tuple[int | None, int | None]) -> str:
        matrix = self.known.sheet.matrix
        if matrix is None or cell[0] is None or cell[1] is None:
            return ""
        words = [labels(matrix, side)[place] for side, place in zip(SIDES, cell, strict=True) if place is not None]
        return f"{words[0]}, {words[1]}: {matrix.label(matrix.level_of(cell[0], cell[1]))}"

    def _check_version(self, row: Row, risk: Risk) -> None:
        text = row.cells.get("version", "")
        now, said = self.known.sheet.version(risk), Version.of(text)
        if not text:
            return
        if said is None:
            words = _("“%(text)s” is no version: leave it as it was exported, e.g. %(now)s.")
            self._wrong(row, "version", words % {"text": text[:40], "now": now})
        elif said.row > now.row or said.stated > now.stated:
            words = _("The register has %(now)s, which is earlier: the row is of another portal, or was edited.")
            self._wrong(row, "version", words % {"now": now})
        elif said.row < now.row or ("-" in text and said.stated < now.stated):
            self.stale.append((row, risk))

    def _tell_stale(self) -> None:
        acts = last_acts([risk.public_id for _row, risk in self.stale]) if self.stale else {}
        by = _("Changed since your export by %(who)s on %(on)s. Export it again and change that.")
        by_somebody = _("Changed since your export. Export it again and change that.")
        for row, risk in self.stale:
            act = acts.get(risk.public_id)
            self._wrong(row, "version", by % when(act) if act else by_somebody)


def _is_at(waiting: Assessment, matrix: int, cell: tuple[int, int]) -> bool:
    return (waiting.matrix_id, waiting.likelihood, waiting.impact) == (matrix, *cell)
