"""The spreadsheet template: XLSX or CSV, one requirement a row. Every wrong cell is named, not only the first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from controls.imports import rows
from controls.imports.refusals import MOST_PROBLEMS, Problem, Refused, refused
from controls.imports.shapes import ReadCatalogue, ReadRequirement, ReadSection

OBLIGATIONS = ("must", "must_not", "should", "should_not", "may", "required", "addressable")
COLUMNS = {
    "key": gettext_lazy("The id that never changes. Needed, and each only once."),
    "label": gettext_lazy("The id as it is printed, where that differs from the key."),
    "title": gettext_lazy("A short title."),
    "text": gettext_lazy("What is required, in the publisher's words, where you may keep them."),
    "guidance": gettext_lazy("Explanation beside it."),
    "section": gettext_lazy("Where it stands: labels from the top, by /, e.g. 16/16.1."),
    "section title": gettext_lazy("The title of that section; once is enough."),
    "parent": gettext_lazy("The key of the requirement that it is a part of."),
    "obligation": format_lazy(
        gettext_lazy("One of: {obligations}. Empty where none is stated."), obligations=", ".join(OBLIGATIONS)
    ),
    "classification": gettext_lazy("Classifications it applies to, by ;"),
    "baselines": gettext_lazy("Baselines that select it, by ;"),
}
LONGEST = {"key": 120, "label": 120, "title": 500, "section": 500, "parent": 120}
MOST_ROWS = 20_000


def read(raw: bytes, text: str) -> ReadCatalogue:
    """text: of a CSV; empty for a workbook. Raises Refused with every wrong cell."""
    name, found = ("", rows.of_csv(text)) if text else rows.of_workbook(raw, most=MOST_ROWS)
    reader = _Reader(name)
    reader.read(found)
    return reader.catalogue()


class _Reader:
    def __init__(self, sheet: str) -> None:
        self.sheet = sheet
        self.problems: list[Problem] = []
        self.at: dict[str, int] = {}
        self.found: dict[str, ReadRequirement] = {}
        self.rows: dict[str, int] = {}
        self.sections: dict[str, str] = {}

    def read(self, rows: Iterable[Sequence[str]]) -> None:
        for number, cells in enumerate(rows, 1):
            if number == 1:
                self._header(cells)
            elif number > MOST_ROWS:
                raise refused(_("More than %(most_rows)s rows.") % {"most_rows": f"{MOST_ROWS:,}"}, self._place(number))
            elif any(cells):
                self._row(number, cells)
            if len(self.problems) >= MOST_PROBLEMS:
                raise Refused(*self.problems)
        for key, one in self.found.items():
            if one.parent and one.parent not in self.found:
                self._wrong(
                    self.rows[key], "parent", _("There is no row with the key %(parent)s.") % {"parent": one.parent}
                )
        if not self.found and not self.problems:
            self.problems.append(Problem(self._place(2), _("There is no requirement.")))

    def catalogue(self) -> ReadCatalogue:
        if self.problems:
            raise Refused(*self.problems)
        sections = [ReadSection(path, path.rpartition("/")[2], title) for path, title in self.sections.items()]
        return ReadCatalogue("", "", "", sections, list(self.found.values()))

    def _header(self, cells: Sequence[str]) -> None:
        for number, cell in enumerate(cells):
            name = cell.strip().lower()
            if name in COLUMNS and name not in self.at:
                self.at[name] = number
            elif name:
                self.problems.append(
                    Problem(
                        self._place(1, number), _("There is no column %(cell)s in the template.") % {"cell": repr(cell)}
                    )
                )
        if "key" not in self.at:
            raise refused(_("The first row has no column “key”."), self._place(1))

    def _row(self, number: int, cells: Sequence[str]) -> None:
        told = {name: cells[at].strip() if at < len(cells) else "" for name, at in self.at.items()}
        key = told["key"]
        obligation = told.get("obligation", "").lower().replace(" ", "_")
        wrong = len(self.problems)
        if not key:
            self._wrong(number, "key", _("The key is missing."))
        elif key in self.found:
            self._wrong(
                number, "key", _("The key %(key)s is in row %(rows)s already.") % {"key": key, "rows": self.rows[key]}
            )
        if obligation and obligation not in OBLIGATIONS:
            self._wrong(
                number,
                "obligation",
                _("%(told)s is none of %(obligations)s.")
                % {"told": repr(told["obligation"]), "obligations": ", ".join(OBLIGATIONS)},
            )
        for name, most in LONGEST.items():
            if len(told.get(name, "")) > most:
                self._wrong(number, name, _("Longer than %(most)s characters.") % {"most": most})
        if len(self.problems) > wrong:
            return
        section = told.get("section", "").strip("/")
        self._note_sections(section, told.get("section title", ""))
        self.rows[key] = number
        self.found[key] = ReadRequirement(
            key=key,
            label=told.get("label") or key,
            title=told.get("title"),
            section=section,
            parent=told.get("parent", ""),
            native=key,
            text=told.get("text"),
            guidance=told.get("guidance"),
            obligation=obligation if "obligation" in told else None,
            classifications=_parts(told["classification"]) if "classification" in told else None,
            baselines=_parts(told.get("baselines", "")),
        )

    def _note_sections(self, path: str, title: str) -> None:
        steps = path.split("/") if path else []
        for depth in range(1, len(steps) + 1):
            self.sections.setdefault("/".join(steps[:depth]), "")
        if path and title:
            self.sections[path] = title

    def _wrong(self, row: int, column: str, reason: str) -> None:
        self.problems.append(Problem(self._place(row, self.at.get(column)), reason))

    def _place(self, row: int, column: int | None = None) -> str:
        return rows.place(row, column, sheet=self.sheet)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]
