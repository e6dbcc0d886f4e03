"""Legal holds: what they cover is kept until they are released. A store that can hold files itself is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from celery import current_app
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from audit import clock, trail
from evidence.evidence_list import held
from evidence.filing import put_hold, puts_holds
from evidence.models import Evidence, LegalHold
from organisation.models import Solution, User
from organisation.permissions import may
from risks.refusals import Refused

AGAIN = timedelta(days=2)


@transaction.atomic
def hold(*, because: str, by: User, evidence: Evidence | None = None, solution: Solution | None = None) -> LegalHold:
    """On one piece, on all of a solution, or (neither) on everything. Raises Refused."""
    if not may(by, "evidence.hold"):
        raise Refused(_("It is for the second and third line to hold evidence."))
    if not because.strip():
        raise Refused(_("Say why: it goes on the record."), "because")
    take_turns()
    made = LegalHold.objects.create(
        evidence=evidence, solution=solution, because=because, set_by=by, set_at=clock.now()
    )
    trail.record(by, "legal_hold.set", made, because=because, **_about(made))
    _told_later(made)
    return made


@transaction.atomic
def release(found: LegalHold, *, because: str, by: User) -> LegalHold:
    """Its time counts again for what no other hold covers. Raises Refused."""
    if not may(by, "evidence.hold"):
        raise Refused(_("It is for the second and third line to release a hold."))
    if not because.strip():
        raise Refused(_("Say why: it goes on the record."), "because")
    row = LegalHold.objects.select_for_update(of=("self",)).select_related("evidence", "solution").get(pk=found.pk)
    if row.released_at is not None:
        raise Refused(_("%(id)s was released already.") % {"id": row.public_id})
    row.released_at, row.released_by, row.released_because = clock.now(), by, because
    row.save(update_fields=["released_at", "released_by", "released_because"])
    trail.record(by, "legal_hold.released", row, because=because, **_about(row))
    _told_later(row)
    return row


def _told_later(row: LegalHold) -> None:
    """A store that holds files itself is told by a worker, once it is sure."""
    if puts_holds():
        transaction.on_commit(partial(current_app.send_task, "evidence.tasks.follow_hold", [row.pk]), robust=True)


def take_turns() -> None:
    """Until the transaction ends: nothing is destroyed while a hold is set."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('evidence.hold'))")


def _about(row: LegalHold) -> dict[str, str | None]:
    return {
        "evidence": row.evidence.public_id if row.evidence else None,
        "solution": row.solution.public_id if row.solution else None,
    }


def covered(row: LegalHold) -> QuerySet[Evidence]:
    """What it covers of what is still there."""
    rows = Evidence.objects.filter(destroyed_at=None)
    if row.evidence_id:
        return rows.filter(pk=row.evidence_id)
    return rows.filter(solution=row.solution_id) if row.solution_id else rows


def tell_store(rows: QuerySet[Evidence], at: datetime) -> int:
    """Put the store's own legal hold on each of these files that one of ours covers, and take it off the others.

    Safe to repeat. How many files it spoke of; 0 where the store knows no holds.
    """
    if not puts_holds():
        return 0
    under = set(rows.filter(held(at)).values_list("pk", flat=True))
    told = 0
    for pk, name in rows.order_by("pk").values_list("pk", "stored_as").iterator(chunk_size=500):
        put_hold(name, on=pk in under)
        told += 1
    return told


def follow(at: datetime) -> int:
    """The store's holds follow ours: of what a hold covers, and of what was released since two days."""
    since = at - AGAIN
    lately = Q(released_at=None) | Q(released_at__gt=since)
    rows = [covered(row) for row in LegalHold.objects.filter(lately, set_at__lte=at)]
    return sum(tell_store(one, at) for one in rows)
