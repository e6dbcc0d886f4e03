"""What a filter finds, counted by status, severity and account at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Sum

from audit.moment import Moment
from findings.explore import FindingFilter

MOST = 100_000
"""Further than this nobody reads; what postures cannot tell is counted so far and no further."""
FREE = ("status", "severity", "account")


@dataclass(frozen=True)
class Facets:
    """counts: (status, severity, account, how many), for every value of these three.

    beyond: there is more than `MOST`, and only `total` is meant.
    """

    asked: FindingFilter
    counts: list[tuple[str, int, str, int]]
    beyond: bool = False

    def _picked(self, *but: str) -> list[tuple[str, int, str, int]]:
        wanted = {name: set(self.asked[name]) for name in FREE if name not in but}
        return [
            row
            for row in self.counts
            if all(not wanted.get(name) or value in wanted[name] for name, value in zip(FREE, row[:3], strict=True))
        ]

    def _by(self, name: str) -> Counter[Any]:
        counter: Counter[Any] = Counter()
        for row in self._picked(name):
            counter[row[FREE.index(name)]] += row[3]
        return counter

    @property
    def total(self) -> int:
        return sum(row[3] for row in self._picked())

    @property
    def by_status(self) -> Counter[str]:
        """Whatever the status: how many of what else the filter asks for have it."""
        return self._by("status")

    @property
    def by_severity(self) -> Counter[int]:
        return self._by("severity")

    @property
    def by_account(self) -> Counter[str]:
        return self._by("account")

    def accounts(self, status: str = "") -> int:
        """In how many accounts the list has findings (with a status)."""
        return len({row[2] for row in self._picked() if not status or row[0] == status})

    def of(self, name: str, value: Any) -> int | None:
        """How many of the list have this value of a parameter; None where that is not counted."""
        if self.beyond:
            return None
        return self._by(name)[value] if name in FREE else self.total


def facets(asked: FindingFilter, user: object, moment: Moment) -> Facets:
    """Count what the filter finds. One query, from postures where they can tell."""
    if asked.errors:
        return Facets(asked, [])
    postures = asked.postures(user, moment, but=FREE)
    if postures is not None:
        grouped = postures.values(*FREE).annotate(total=Sum("n")).order_by()
        return Facets(asked, [tuple(row) for row in grouped.values_list(*FREE, "total")])
    some = asked.spans(user, moment, but=FREE).order_by().values_list(*FREE)[: MOST + 1]
    counts = _grouped(some)
    found = Facets(asked, counts)
    if sum(row[3] for row in counts) <= MOST:
        return found
    n = asked.spans(user, moment).order_by()[: MOST + 1].count()
    return Facets(FindingFilter(), [("", 0, "", n)], beyond=True)


def _grouped(some: Any) -> list[tuple[str, int, str, int]]:
    """The rows of a query, counted where they are."""
    sql, parameters = some.query.get_compiler(connection=connection, elide_empty=False).as_sql()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT *, count(*) FROM ({sql}) AS found GROUP BY 1, 2, 3", parameters)  # noqa: S608
        return list(cursor.fetchall())
