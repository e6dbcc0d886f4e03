"""The columns of the exchange, and what each says of a risk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from organisation.models import Solution, User
from risks.exchange.cells import clean
from risks.models import WRITTEN, Category, Matrix, Risk
from risks.rules import Kind, Rules, Stated

Words = str | Promise
SIDES = ("likelihood", "impact")
LEVELS = tuple(f"{kind.value}_{side}" for kind in Kind for side in SIDES)


@dataclass(frozen=True)
class Column:
    """head: as the file has it, in every language the same. words: what belongs into it."""

    name: str
    head: str
    words: Words
    width: int = 16


COLUMNS = (
    Column("id", "Id", _("As it was exported, e.g. R-41. Empty: the row adds a risk."), 10),
    Column("title", "Title", _("What the risk is called, in up to 200 characters."), 40),
    Column("cause", "Cause", _("Why it may happen."), 40),
    Column("event", "Event", _("What may happen."), 40),
    Column("consequence", "Consequence", _("What that would do."), 40),
    Column("solution", "Solution", _("The name or the id of a solution, e.g. S-3."), 22),
    Column("category", "Category", _("One of the categories in use."), 22),
    Column("owner", "Owner", _("The e-mail address of who answers for it, of the first line."), 28),
    Column("review_on", "Next review", _("A date, as 2026-06-30; may be empty."), 14),
    Column("link", "Link", _("The address of a ticket or pull request; may be empty."), 28),
    *(
        Column(
            f"{kind.value}_{side}",
            f"{kind.value} {side}".capitalize(),
            _("One of the matrix's words; likelihood and impact together make the level."),
            18,
        )
        for kind in Kind
        for side in SIDES
    ),
    Column("because", "Reason", _("Why the row changes what it changes: it goes on the record."), 40),
    Column("version", "Version", _("As it was exported: by it the import knows that nobody changed it since."), 12),
)
BY_NAME = {one.name: one for one in COLUMNS}
NEEDED = ("id", "version")
"""Always exported: without them a row would add a risk, or overwrite what others wrote."""
ALSO = {"next review": "review_on", "review on": "review_on", "ticket or pull request": "link", "because": "because"}
BY_HEAD = {one.head.lower(): one.name for one in COLUMNS} | ALSO
VERSION = re.compile(r"v?(\d{1,9})(?:-(\d{1,18}))?", re.IGNORECASE)


@dataclass(frozen=True)
class Version:
    """Of a row and of the levels that were stated of it. stated: key of the latest assessment; 0: none, or not told."""

    row: int
    stated: int = 0

    def __str__(self) -> str:
        return f"v{self.row}-{self.stated}"

    @classmethod
    def of(cls, text: str) -> Version | None:
        found = VERSION.fullmatch(text)
        return cls(int(found[1]), int(found[2] or 0)) if found else None


def chosen(names: Iterable[str]) -> list[Column]:
    """The named columns in their order, with those that are needed; all of them where none is named."""
    wanted = {*names} & {*BY_NAME}
    return [one for one in COLUMNS if not wanted or one.name in wanted or one.name in NEEDED]


@dataclass
class Sheet:
    """What a moment's register says, for the cells of its rows. latest: key of the last assessment of each risk."""

    rules: Rules
    stated: Mapping[int, Mapping[str, Stated]]
    latest: Mapping[int, int]
    solutions: dict[int, str] = field(default_factory=dict)

    @property
    def matrix(self) -> Matrix | None:
        return self.rules.matrix

    def cell(self, risk: Risk, kind: str) -> tuple[int | None, int | None]:
        """Where a level stands on the matrix in force; None twice where it is not stated, or has no cell there."""
        return self.rules.cell(self.stated.get(risk.pk, {}).get(kind))

    def version(self, risk: Risk) -> Version:
        return Version(risk.version, self.latest.get(risk.pk, 0))

    def told(self, risk: Risk) -> dict[str, str]:
        """Every cell of a risk's row by the name of its column, not guarded."""
        found = {name: written(name, getattr(risk, name)) for name in WRITTEN}
        for kind in Kind:
            for side, place in zip(SIDES, self.cell(risk, kind.value), strict=True):
                found[f"{kind.value}_{side}"] = self.label(side, place)
        return found | {"id": risk.public_id, "because": "", "version": str(self.version(risk))}

    def label(self, side: str, place: int | None) -> str:
        return "" if place is None or self.matrix is None else str(labels(self.matrix, side)[place])


def labels(matrix: Matrix | None, side: str) -> list[str]:
    if matrix is None:
        return []
    found: list[str] = matrix.likelihoods if side == "likelihood" else matrix.impacts
    return found


def written(name: str, value: object) -> str:
    """A field of a risk as its cell has it."""
    return clean(WRITERS.get(name, str)(value))


WRITERS: dict[str, Callable[[object], str]] = {
    "solution": lambda one: one.name if isinstance(one, Solution) else "",
    "category": lambda one: one.name if isinstance(one, Category) else "",
    "owner": lambda one: one.email if isinstance(one, User) else "",
    "review_on": lambda one: str(one) if one else "",
}
