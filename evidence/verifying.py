"""Whether the locker is as it was filled: every row against its sealed entry in the trail, every file against its hash.

Who owns the database can edit a row past its rules; the trail's chain, and the heads of it that are kept elsewhere,
say what stood there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.models import TrailEntry
from desk.models import Job
from evidence import row_checks
from evidence.capturing import storage
from evidence.filing import LOCKER, files
from evidence.handing_out import digest_of
from evidence.models import Evidence, LegalHold
from evidence.row_checks import Difference
from organisation.models import User

VERIFIED = "locker.verified"
CHUNK = 500
UNDER_WAY = timedelta(minutes=10)
"""A younger file may be that of an act that has not ended yet."""
AT_ONCE, BYTES_AT_ONCE = 500, 200 * 2**20
"""Pieces, and bytes of them, that are verified while somebody waits; of more a job is made."""
MOST_TOLD = 50
FORGOTTEN = timedelta(minutes=15)
JOB = "locker"
log = logging.getLogger(__name__)


@dataclass
class Report:
    pieces: int = 0
    files: int = 0
    bytes: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.differences


def verify(told: Callable[[int], None] = lambda done: None) -> Report:
    """told: is called with how many pieces were looked at since."""
    report = Report()
    report.differences += _of_the_trail()
    names: set[str] = set()
    for rows in _in_chunks():
        report.pieces += len(rows)
        report.differences += row_checks.rows(rows)
        for one in rows:
            names.add(one.stored_as)
            if one.destroyed_at is None:
                _check_file(one, report)
        told(len(rows))
    report.differences += row_checks.missing()
    report.differences += row_checks.holds(list(LegalHold.objects.select_related("evidence", "solution", "set_by")))
    report.differences += _extra(names)
    return report


def _of_the_trail() -> list[Difference]:
    """What rows are held against has to hold itself."""
    found = trail.verify()
    differences = []
    if found.broken_at is not None:
        words = _("The trail itself was changed: its chain breaks at entry %(n)d.") % {"n": found.broken_at}
        differences.append(Difference("trail", str(found.broken_at), words))
    if found.unlinked:
        words = _("%(n)d entries of the trail have no place in its chain.") % {"n": found.unlinked}
        differences.append(Difference("trail", "", words))
    return differences


def _in_chunks() -> Iterator[list[Evidence]]:
    last = 0
    rows = Evidence.objects.select_related("solution", "captured_by", "replaces", "withdrawn_by").order_by("pk")
    while found := list(rows.filter(pk__gt=last)[:CHUNK]):
        yield found
        last = found[-1].pk


def _check_file(one: Evidence, report: Report) -> None:
    try:
        with storage().open(one.stored_as) as file:
            digest = digest_of(file)
    except FileNotFoundError:
        report.differences.append(Difference("file", one.public_id, _("The file is missing: %(name)s") % _named(one)))
        return
    except OSError as no:
        words = _("The file cannot be read: %(name)s (%(why)s)") % {**_named(one), "why": no}
        report.differences.append(Difference("file", one.public_id, words))
        return
    report.files += 1
    report.bytes += one.size
    if digest != one.sha256:
        words = _("The file was changed: %(name)s has the hash %(now)s, and %(then)s when it was captured")
        told = {**_named(one), "now": digest, "then": one.sha256}
        report.differences.append(Difference("file", one.public_id, words % told))


def _named(one: Evidence) -> dict[str, Any]:
    return {"name": one.stored_as}


def _extra(names: set[str]) -> list[Difference]:
    """Files that no row names. An act under way has a file before it has a row."""
    old = clock.of_this_machine() - UNDER_WAY
    extra = [name for name, written in files() if name not in names and written < old]
    return [Difference("file", name, _("No row names this file")) for name in extra]


def verify_and_tell(by: User | str, told: Callable[[int], None] = lambda done: None) -> Report:
    """Verify, and keep what was found in the trail itself."""
    found = verify(told)
    words = [str(one) for one in found.differences]
    trail.record(
        by, VERIFIED, LOCKER, pieces=found.pieces, files=found.files, bytes=found.bytes, holds=found.holds,
        found=len(words), differences=words[:MOST_TOLD],
    )  # fmt: skip
    if not found.holds:
        log.error("locker_differs %s", "; ".join(words[:MOST_TOLD]))
    return found


def last_verified(at: datetime) -> TrailEntry | None:
    """What was found last by a moment: see `verify_and_tell` for its detail."""
    return TrailEntry.objects.about("locker", "locker").filter(action=VERIFIED, at__lte=at).last_first().first()


def is_quick() -> bool:
    size = Evidence.objects.aggregate(size=Sum("size"))["size"] or 0
    return Evidence.objects.count() <= AT_ONCE and size <= BYTES_AT_ONCE


def ask_for_verification(by: User) -> Job:
    """A job that verifies, of one who does not wait."""
    title, url = _("Verify the locker"), reverse("evidence:verify")
    return Job.objects.create(kind=JOB, url=url, title=title, requested_by=by, requested_at=clock.now())


def carry_out(job: Job) -> None:
    """Safe to repeat."""
    if job.is_finished:
        return
    step = _("Hashing the files")
    job.begin(total=Evidence.objects.count(), step=step)
    found = verify_and_tell(job.requested_by or "evidence", lambda done: job.advance(step=step, by=done))
    state = Job.State.DONE if found.holds else Job.State.PARTLY
    job.finish(state, step=_("Everything is as it was.") if found.holds else str(found.differences[0]))


def forgotten(at: datetime) -> list[int]:
    """Keys of the jobs that a lost task left."""
    left = Job.objects.filter(kind=JOB, requested_at__lt=at - FORGOTTEN).unfinished()
    return list(left.order_by("pk").values_list("pk", flat=True))
