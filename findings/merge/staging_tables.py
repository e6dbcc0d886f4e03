"""Temporary tables, empty when a transaction begins, filled by COPY or from a query.

A connection makes each of them once, so that PostgreSQL does not write its catalogue in every transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

import orjson
from django.db import connection
from psycopg import Copy, Cursor
from psycopg.copy import FileWriter

from findings.staging import StagedCheck, StagedFinding, StagedResource

TABLES = {
    "stage_check": """
        source text, key text, kind text, title text, description text, severity smallint, config_rule text,
        remediation_text text, remediation_url text, resource_types text[], standards text[], requirements text[]
    """,
    "stage_resource": """
        key text, type text, native_id text, name text, account text, region text, tags jsonb, in_inventory boolean
    """,
    "stage_link": "uid uuid, resource_key text, position int",
    "stage_finding": """
        uid uuid, source text, native_id text, product_arn text, product text, rule_name text, origin text,
        check_key text, account text, region text, title text, created_at timestamptz, updated_at timestamptz,
        evaluated_at timestamptz, content_hash uuid, status text, compliance_status text, severity smallint,
        workflow text, record_state text, status_since timestamptz, scored boolean, told_at timestamptz, raw bytea
    """,
    "stage_touched": "check_id bigint, account text, region text",
    "stage_moved": """
        check_ran_id bigint, account text, solutions bigint[], status text, severity smallint, suppressed boolean,
        n int
    """,
}


EMPTY = """
CREATE TEMPORARY TABLE IF NOT EXISTS {name} ({columns}) ON COMMIT DELETE ROWS;
DELETE FROM {name}
"""
FILLED = """
CREATE TEMPORARY TABLE IF NOT EXISTS {name} ON COMMIT DELETE ROWS AS {rows} WITH NO DATA;
DELETE FROM {name};
INSERT INTO {name} {rows}
"""


def create(*names: str) -> None:
    """Empty the named staging tables, and make those that this connection does not have yet."""
    with connection.cursor() as cursor:
        cursor.execute(";".join(EMPTY.format(name=name, columns=TABLES[name]) for name in names))


def filled(name: str, rows: str) -> str:
    """The statements that fill a temporary table with the rows of a query, and with no others."""
    return FILLED.format(name=name, rows=rows)


JOINED_BY = {"stage_finding": "uid, source, check_key", "stage_link": "uid, resource_key", "stage_resource": "key"}


def analyze(*names: str) -> None:
    """Tell the planner how large these tables are, and of the columns that they are joined by."""
    columns = ", ".join(f"{name} ({JOINED_BY[name]})" for name in names)
    target = "SET LOCAL default_statistics_target"
    with connection.cursor() as cursor:
        cursor.execute(f"{target} = 10; ANALYZE {columns}; {target} TO DEFAULT")


def refresh_statistics() -> None:
    """Tell the planner what a sweep has changed; a first load would else be met with plans for empty tables.

    What waits to be sorted into the index that resources are searched by is sorted into it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT findings_analyze()")


def copy(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]] | bytes) -> None:
    """rows: or what `written` made of them."""
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {name} ({', '.join(columns)}) FROM STDIN") as copying,
    ):
        if isinstance(rows, bytes):
            copying.write(rows)
        else:
            for row in rows:
                copying.write_row(row)


def written(cursor: Cursor[Any], rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows in the form that COPY takes, for later. Nothing is sent: the cursor knows how values are written."""
    into = BytesIO()
    with Copy(cursor, writer=FileWriter(into)) as copying:
        for row in rows:
            copying.write_row(row)
    return into.getvalue()


def check_row(check: StagedCheck) -> tuple[Any, ...]:
    return (
        check.source.value,
        check.key[:512],
        check.kind.value,
        clean(check.title)[:512],
        clean(check.description),
        int(check.severity),
        check.config_rule[:256],
        clean(check.remediation_text),
        check.remediation_url[:1000],
        list(check.resource_types),
        list(check.standards),
        list(check.requirements),
    )


def resource_row(resource: StagedResource) -> tuple[Any, ...]:
    tags = None if resource.tags is None else orjson.dumps(resource.tags).decode()
    return (
        clean(resource.key),
        resource.type[:128],
        clean(resource.native_id),
        clean(resource.name)[:512],
        resource.account,
        resource.region,
        tags,
        resource.in_inventory,
    )


def finding_row(row: StagedFinding, raw: bytes) -> tuple[Any, ...]:
    """Ids and moments as text: psycopg takes twice as long to write them."""
    return (
        row.uid.hex,
        row.source.value,
        clean(row.native_id),
        clean(row.product_arn),
        clean(row.product)[:256],
        row.rule_name[:256],
        row.origin,
        row.check.key[:512],
        row.account,
        row.region,
        clean(row.title)[:512],
        row.created_at and row.created_at.isoformat(),
        row.updated_at.isoformat(),
        row.evaluated_at and row.evaluated_at.isoformat(),
        row.content_hash.hex,
        row.status.value,
        row.compliance_status,
        int(row.severity),
        row.workflow.value,
        row.record_state.value,
        row.status_since and row.status_since.isoformat(),
        row.scored,
        row.told_at and row.told_at.isoformat(),
        raw,
    )


def clean(text: str) -> str:
    """PostgreSQL stores every character but NUL."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}") if "\x00" in text else text


CHECK_COLUMNS = (
    "source", "key", "kind", "title", "description", "severity", "config_rule", "remediation_text",
    "remediation_url", "resource_types", "standards", "requirements",
)  # fmt: skip
RESOURCE_COLUMNS = ("key", "type", "native_id", "name", "account", "region", "tags", "in_inventory")
LINK_COLUMNS = ("uid", "resource_key", "position")
FINDING_COLUMNS = (
    "uid", "source", "native_id", "product_arn", "product", "rule_name", "origin", "check_key", "account",
    "region", "title", "created_at", "updated_at", "evaluated_at", "content_hash", "status",
    "compliance_status", "severity", "workflow", "record_state", "status_since", "scored", "told_at", "raw",
)  # fmt: skip
