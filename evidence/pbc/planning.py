"""What a list would ask for, row by row, and every cell of it that is wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import orjson
from django.http import Http404
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from audit import clock
from controls.imports.refusals import Problem
from controls.models import Control, Requirement
from evidence.models import EvidenceRequest
from evidence.pbc.columns import BY_NAME, LONGEST, NEEDED
from evidence.pbc.reading import ReadFile, Row, read
from evidence.requests import Asking, checked
from evidence.sources import Source
from organisation.models import Solution, User
from organisation.models.dated import begins, ends
from risks.exchange.cells import date_of
from risks.refusals import Refused

COLUMN_OF = {"control": "about", "requirement": "about"}
"""Of what a rule names, the column that says it; the others are called the same."""
Value = TypeVar("Value")


class Wrong(Exception):
    """A cell says what it cannot say; the message is for whoever wrote it."""


@dataclass(frozen=True)
class Planned:
    """made: as it would be kept; not saved."""

    row: int
    asking: Asking
    made: EvidenceRequest

    @property
    def told(self) -> dict[str, Any]:
        """For the preview."""
        asked = self.asking
        about = asked.control or asked.requirement
        return {
            "row": self.row,
            "title": asked.title,
            "what": asked.what[:600],
            "solution": asked.solution.name if asked.solution else "",
            "about": f"{about.public_id} {about}" if about else "",
            "period": _days(asked.period),
            "item": asked.item,
            "assignee": asked.assignee.name,
            "due_on": asked.due_on.isoformat(),
        }

    @property
    def identity(self) -> list[Any]:
        """All that it does, to know it again."""
        asked = self.asking
        rows = (asked.solution, asked.control, asked.requirement, asked.assignee)
        period = [one.isoformat() for one in asked.period or ()]
        keys = [one.public_id if one else None for one in rows]
        return [self.row, asked.title, asked.what, asked.item, asked.due_on.isoformat(), period, keys]


def _days(period: tuple[datetime, datetime] | None) -> str:
    if period is None:
        return ""
    begin, end = (timezone.localtime(one) for one in period)
    return f"{date_format(begin, 'j M Y')} – {date_format(end - timedelta(seconds=1), 'j M Y')}"


@dataclass
class Plan:
    rows: list[Planned] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def told(self) -> dict[str, Any]:
        """As models.RequestImport keeps it."""
        return {"rows": [one.told for one in self.rows], "digest": self.digest}

    @property
    def digest(self) -> str:
        return hashlib.sha256(orjson.dumps([one.identity for one in self.rows])).hexdigest()


def plan_of(raw: bytes, *, by: User, source: Source | None) -> Plan:
    """Raises controls.imports.refusals.Refused for a file that cannot be read at all."""
    file = read(raw)
    if file.problems:
        return Plan(problems=file.problems)
    return _Planner(file, by, source).plan()


class _Planner:
    """The same rules as of one request, asked of each row: the verb's."""

    def __init__(self, file: ReadFile, by: User, source: Source | None) -> None:
        self.file, self.by, self.source, self.at = file, by, source, clock.now()
        self.found = Plan()
        self.references: dict[str, int] = {}
        self.solutions = _named(Solution.objects.visible_to(by).in_use(self.at))
        mails = [row.said("assignee").lower() for row in file.rows]
        self.people: dict[str, User] = {one.email.lower(): one for one in User.objects.active().filter(email__in=mails)}
        ids = [row.said("about").upper() for row in file.rows]
        controls = Control.objects.visible_to(by).in_use(self.at).select_related("solution", "owner")
        self.about: dict[str, Control | Requirement] = {
            **{one.public_id: one for one in controls.filter(pk__in=_keys(Control, ids))},
            **{one.public_id: one for one in Requirement.objects.filter(pk__in=_keys(Requirement, ids))},
        }
        self.asked = self._asked_already()

    def _asked_already(self) -> dict[str, str]:
        """Names of this person's open requests for the same, and their ids."""
        kind, public_id = (self.source.kind, self.source.public_id) if self.source else ("", "")
        rows = EvidenceRequest.objects.open().filter(asked_by=self.by, source_kind=kind, source_id=public_id)
        return {one.title: one.public_id for one in rows}

    def plan(self) -> Plan:
        for row in self.file.rows:
            before = len(self.found.problems)
            asking = self._asking(row)
            if asking and len(self.found.problems) == before:
                self._checked(row, asking)
        return self.found

    def _wrong(self, row: Row, name: str, reason: str) -> None:
        self.found.problems.append(self.file.problem(row.number, name, reason))

    def _asking(self, row: Row) -> Asking | None:
        for name in NEEDED:
            if not row.said(name):
                self._wrong(row, name, _("%(head)s: a request needs it.") % {"head": BY_NAME[name].head})
        for name, most in LONGEST.items():
            if len(row.said(name)) > most:
                self._wrong(row, name, _("It has more than %(n)d characters.") % {"n": most})
        title = self._title(row)
        solution = self._read(row, "solution", self._solution)
        about = self._read(row, "about", self._about)
        assignee = self._read(row, "assignee", self._person)
        due_on = self._read(row, "due_on", _day)
        period = self._period(row)
        if assignee is None or due_on is None:
            return None
        control = about if isinstance(about, Control) else None
        requirement = about if isinstance(about, Requirement) else None
        return Asking(
            title, assignee, due_on, row.said("what"), solution, control, requirement, period, row.said("item"),
            self.source,
        )  # fmt: skip

    def _title(self, row: Row) -> str:
        """With its reference before it. One that is there already, in the file or open, is refused."""
        reference, title = row.said("reference"), row.said("title")
        if reference and (held := self.references.setdefault(reference.lower(), row.number)) != row.number:
            self._wrong(row, "reference", _("It is the reference of row %(row)d already.") % {"row": held})
        title = f"{reference}: {title}" if reference else title
        if title in self.asked:
            words = _("You ask for it already, as %(id)s: take the row out.")
            self._wrong(row, "reference" if reference else "title", words % {"id": self.asked[title]})
        return title

    def _read(self, row: Row, name: str, value: Callable[[str], Value]) -> Value | None:
        text = row.said(name)
        if not text:
            return None
        try:
            return value(text)
        except Wrong as wrong:
            self._wrong(row, name, str(wrong))
            return None

    def _solution(self, text: str) -> Solution:
        found = self.solutions.get(text.lower())
        if found is None:
            raise Wrong(_("There is no solution “%(text)s”, or it is not yours to see.") % {"text": text[:80]})
        return found

    def _about(self, text: str) -> Control | Requirement:
        found = self.about.get(text.upper())
        if found is None:
            words = _("“%(text)s” is no control (CT-7) or requirement (RQ-12) that you see.")
            raise Wrong(words % {"text": text[:80]})
        return found

    def _person(self, text: str) -> User:
        found = self.people.get(text.lower())
        if found is None:
            raise Wrong(_("Nobody with a log-in here has the address “%(text)s”.") % {"text": text[:80]})
        return found

    def _period(self, row: Row) -> tuple[datetime, datetime] | None:
        begin, end = self._read(row, "period_from", _day), self._read(row, "period_to", _day)
        if begin and end:
            return begins(begin), ends(end)
        if bool(row.said("period_from")) != bool(row.said("period_to")):
            name = "period_to" if row.said("period_from") else "period_from"
            self._wrong(row, name, _("Say both days of the period, or neither."))
        return None

    def _checked(self, row: Row, asking: Asking) -> None:
        try:
            made = checked(asking, by=self.by, at=self.at)
        except Refused as no:
            self._wrong(row, COLUMN_OF.get(no.field, no.field), str(no))
        else:
            self.found.rows.append(Planned(row.number, asking, made))


def _day(text: str) -> date:
    try:
        return date_of(text)
    except ValueError as error:
        raise Wrong(_("“%(text)s” is no date: write it as 2026-06-30.") % {"text": text[:40]}) from error


def _named(rows: Any) -> Mapping[str, Solution]:
    """By name and by public id."""
    found = {one.name.lower(): one for one in rows}
    return found | {one.public_id.lower(): one for one in found.values()}


def _keys(model: type[Control | Requirement], ids: list[str]) -> list[int]:
    found = []
    for text in dict.fromkeys(ids):
        try:
            found.append(model.key_of(text))
        except Http404:
            continue
    return found
