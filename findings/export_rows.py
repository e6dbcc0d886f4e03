"""Findings as rows of a file: formatted by the database, row by row as the explorer orders them.

Nothing here holds more than a block of the answer. Times are UTC. In a table (CSV) a text that a
spreadsheet would take for a formula begins with an apostrophe; JSON carries values as they are.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from findings.models import FindingSpan, Severity, accepted_by
from findings.models.queries import SpanQuerySet
from findings.tallies import due_within
from organisation.models import Account, Solution

RISKY = "('=', '+', '-', '@', E'\\t', E'\\r', E'\\n', '＝', '＋', '－', '＠')"
"""What a cell may not begin with, full-width signs too. Source: OWASP, CSV injection."""
JSON_AS_IT_IS = "FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02'"
"""JSON has no control characters, so that nothing is quoted."""

FIELDS = {
    "finding": "finding_id",
    "check": "check_ran__key",
    "check_title": "check_ran__title",
    "finding_title": "finding__title",
    "status": "status",
    "aws_status": "compliance_status",
    "severity": "severity",
    "workflow": "workflow",
    "accepted": "accepted_by",
    "record": "record_state",
    "resource": "finding__resource__key",
    "resource_name": "finding__resource__name",
    "resource_type": "finding__resource__type",
    "account": "account",
    "region": "region",
    "solutions": "solutions",
    "since": "status_since",
    "changed": "valid_from",
    "evaluated": "finding__evaluated_at",
    "source": "finding__source",
    "product": "finding__product",
    "aws_id": "finding__native_id",
}
"""What is asked of a span → from where; columns are made of these names and of what `NAMED` adds."""


@dataclass(frozen=True)
class Column:
    """name: in the head of a table, and in JSON. sql: from FIELDS. free: text that AWS or people wrote."""

    name: str
    sql: str
    free: bool = False


def _time(name: str) -> str:
    return f"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"


def _case(name: str, words: dict[int, str]) -> str:
    return f"CASE {name} {' '.join(f'WHEN {key} THEN {word}' for key, word in words.items())} END"


def _due() -> str:
    """When a finding is due, as findings.listing.due_of has it."""
    within = {int(one): f"interval '{time.days} days'" for one in Severity if (time := due_within(one))}
    return f"CASE WHEN status = 'fail' AND workflow <> 'SUPPRESSED' THEN since + {_case('severity', within)} END AS due"


NAMED = """*, %s AS asked_at, %s ->> account AS account_name, (
    SELECT array_agg(names ->> one::text ORDER BY place)
    FROM unnest(solutions) WITH ORDINALITY AS each(one, place), (SELECT %s AS names) AS named
    WHERE names ? one::text) AS solution_names"""
"""Beside the fields: the moment, and names that are looked up in JSON: account → name, solution → name."""

COLUMNS = (
    Column("finding", "'F-' || finding"),
    Column("check", '"check"', free=True),
    Column("title", "coalesce(nullif(check_title, ''), finding_title)", free=True),
    Column("status", "status"),
    Column("aws_status", "aws_status", free=True),
    Column("severity", _case("severity", {int(one): f"'{one.label}'" for one in Severity})),
    Column("workflow", "workflow"),
    Column("accepted", "accepted"),
    Column("record", "record"),
    Column("resource", "resource", free=True),
    Column("resource_name", "resource_name", free=True),
    Column("resource_type", "resource_type", free=True),
    Column("account", "account", free=True),
    Column("account_name", "account_name", free=True),
    Column("region", "region", free=True),
    Column("solutions", "solution_names", free=True),
    Column("since", _time("since")),
    Column("due", _time("due")),
    Column("changed", _time("changed")),
    Column("evaluated", f"CASE WHEN evaluated <= asked_at THEN {_time('evaluated')} END"),
    Column("source", "source"),
    Column("product", "product", free=True),
    Column("aws_id", "aws_id", free=True),
)


@dataclass
class Rows:
    """The rows of a list, for one reader.

    spans: in the order they are to be written. at: the moment they are of. written: how many, once they are.
    """

    spans: SpanQuerySet[FindingSpan]
    user: object
    at: datetime
    written: int = 0

    def csv(self) -> Generator[bytes]:
        """A table with a head, in blocks."""
        cells = [f'{_safe(column)} AS "{column.name}"' for column in COLUMNS]
        return self._copied(cells, "SELECT * FROM listed", "FORMAT csv, HEADER")

    def json_lines(self) -> Generator[bytes]:
        """An object a line, in blocks; what is not known is null."""
        members = [f'{column.sql} AS "{column.name}"' for column in COLUMNS]
        return self._copied(members, "SELECT row_to_json(listed) FROM listed", JSON_AS_IT_IS)

    def values(self) -> Generator[tuple[str, ...]]:
        """Each row as text. In the caller's transaction."""
        statement, parameters = self._listed([f"coalesce({_joined(column)}, '')" for column in COLUMNS])
        with connection.chunked_cursor() as cursor:
            cursor.execute(statement, parameters)
            while found := cursor.fetchmany(2_000):
                yield from found
                self.written += len(found)

    def _copied(self, cells: Sequence[str], select: str, form: str) -> Generator[bytes]:
        listed, parameters = self._listed(cells)
        copy = f"COPY (WITH listed AS NOT MATERIALIZED ({listed}) {select}) TO STDOUT ({form})"
        with transaction.atomic(), connection.cursor() as cursor:
            with cursor.copy(cursor.mogrify(copy, parameters)) as copying:
                for block in copying:
                    yield bytes(block)
            self.written = cursor.rowcount

    def _listed(self, cells: Sequence[str]) -> tuple[str, list[Any]]:
        """The query of these cells. OFFSET 0 has each name looked up once, however often a cell says it."""
        spans = self.spans.annotate(accepted_by=accepted_by(self.at)).values_list(*FIELDS.values())
        inner, parameters = spans.query.get_compiler(connection=connection, elide_empty=False).as_sql()
        names = ", ".join(f'"{name}"' for name in FIELDS)
        accounts = dict(Account.objects.exclude(name="").values_list("account_id", "name"))
        solutions = {str(key): name for key, name in Solution.objects.visible_to(self.user).values_list("pk", "name")}
        rows = f"(SELECT {NAMED}, {_due()} FROM ({inner}) AS span ({names}) OFFSET 0) AS rows"  # noqa: S608  (of this module's words)
        known = [self.at, Jsonb(accounts), Jsonb(solutions)]
        return f"SELECT {', '.join(cells)} FROM {rows}", [*known, *parameters]  # noqa: S608


def _joined(column: Column) -> str:
    return f"array_to_string({column.sql}, ', ')" if column.name == "solutions" else column.sql


def _safe(column: Column) -> str:
    """The cell, led by an apostrophe where a spreadsheet would take it for a formula."""
    cell = _joined(column)
    return f"CASE WHEN left({cell}, 1) IN {RISKY} THEN '''' || {cell} ELSE {cell} END" if column.free else cell
