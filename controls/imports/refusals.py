"""Why a file is refused: where in it, and what is wrong there."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MOST_PROBLEMS = 200
NOTHING_KEPT = _("It holds a NUL character, which no text here may hold.")


@dataclass(frozen=True)
class Problem:
    """place: a line, a JSON pointer, or a sheet with row and column; empty for the whole file."""

    place: str
    reason: str

    def told(self) -> dict[str, str]:
        return asdict(self)


class Refused(Exception):
    """The file is not taken in, and nothing of it is."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = list(problems[:MOST_PROBLEMS])
        super().__init__("; ".join(f"{problem.place}: {problem.reason}".removeprefix(": ") for problem in problems[:3]))


def refused(reason: str | Promise, place: str = "") -> Refused:
    return Refused(Problem(place, str(reason)))
