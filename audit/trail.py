"""The append-only trail. An act and its entry are written in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from django.db import connection, models
from structlog.contextvars import get_contextvars

from audit import clock
from audit.models import TrailEntry


class Actor(Protocol):
    """Whoever acts: a person, as the organisation knows them."""

    name: Any

    @property
    def public_id(self) -> str: ...

    @property
    def line(self) -> str | None: ...

    @property
    def acting_for(self) -> Any: ...


class Subject(Protocol):
    """What is acted on: any row with a public id."""

    _meta: Any

    @property
    def public_id(self) -> str: ...


def record(by: Actor | str, action: str, subject: Subject | models.Model, **detail: Any) -> TrailEntry:
    """Write that `by` (a person, or the name of a process) did `action` ("solution.changed").

    detail: what an auditor needs to understand it, JSON values only; never a secret. `by_token`: the id of the
    token that a program acted with. `for`, `for_name`: for whom they stood in with it.
    """
    context = get_contextvars()
    person = None if isinstance(by, str) else by
    if token := context.get("token"):
        detail = {**detail, "by_token": str(token)}
    if person and (away := person.acting_for):
        detail = {**detail, "for": away.public_id, "for_name": away.name}
    return TrailEntry.objects.create(
        at=clock.now(),
        actor=person.public_id if person else str(by),
        actor_name=person.name if person else str(by),
        line=(person.line or "") if person else "",
        action=action,
        kind=str(subject._meta.model_name),
        object_id=str(getattr(subject, "public_id", subject.pk if isinstance(subject, models.Model) else "")),
        detail=detail,
        request_id=str(context.get("request_id") or context.get("task_id") or "")[:64],
        address=str(context.get("ip") or "")[:64],
    )


@dataclass(frozen=True)
class Verdict:
    """What verifying the chain found. `broken_at` names the first entry that does not fit."""

    entries: int
    unlinked: int
    broken_at: int | None

    @property
    def holds(self) -> bool:
        return self.unlinked == 0 and self.broken_at is None


def verify() -> Verdict:
    """Compute every digest anew from the entries and compare it with the chain.

    The digest is spelt out here, as the migration has it: a function in the database is its owner's to replace.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH chain AS (
                SELECT l.entry_id, l.position, l.digest, l.previous,
                       lag(l.digest, 1, ''::bytea) OVER w AS expected_previous,
                       row_number() OVER w AS expected_position,
                       pg_catalog.sha256(l.previous || pg_catalog.convert_to(pg_catalog.jsonb_build_array(
                           e.id, extract(epoch FROM e.at), e.actor, e.actor_name, e.line, e.action, e.kind,
                           e.object_id, e.detail, e.request_id, e.address
                       )::text, 'UTF8')) AS expected_digest
                FROM audit_traillink l LEFT JOIN audit_trailentry e ON e.id = l.entry_id
                WINDOW w AS (ORDER BY l.position)
            )
            SELECT (SELECT count(*) FROM audit_trailentry),
                   (SELECT count(*) FROM audit_trailentry e
                    WHERE NOT EXISTS (SELECT FROM audit_traillink l WHERE l.entry_id = e.id)),
                   (SELECT entry_id FROM chain
                    WHERE digest <> expected_digest OR previous <> expected_previous
                       OR position <> expected_position
                    ORDER BY position LIMIT 1)
            """
        )
        return Verdict(*cursor.fetchone())
