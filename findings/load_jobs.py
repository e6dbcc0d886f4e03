"""Files of findings that a person brings by the API: looked at, kept until a worker has merged them, then gone.

One file is loaded at a time; the others wait. A task may be lost, or come twice: to load a file again changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.files.storage import Storage, storages
from django.core.files.uploadedfile import UploadedFile
from django.db import connection as database
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.words import kept
from desk.models import Job
from findings import loading
from findings.finding_files import BLOCK, LONGEST, BrokenFile, FindingFile
from findings.loading import Busy, CannotLoad, Loader
from findings.models import Connection, Load, SetAside, SyncRun
from organisation.models import User

log = structlog.get_logger(__name__)
KIND = "findings.load"
FOLDER = "loads"
UNPACKED = 32
"""How many times larger a file may be once it is unpacked. JSON of findings shrinks to a tenth or a twentieth."""
PARTS = 100
"""What a whole file counts in the progress of its job."""
FORGOTTEN_AFTER = timedelta(minutes=1)
"""A file that was not begun for so long is handed to the workers again."""
STRAY_AFTER = timedelta(hours=1)
"""A file that no load knows for so long was kept by a call that came to nothing."""


class CannotTake(Exception):
    """Why this file is not kept, to whoever brings it."""


def storage() -> Storage:
    return storages["exports"]


def most_bytes() -> int:
    return int(settings.LOAD_MOST_MB) * 2**20


def too_large() -> str:
    return _("The file is larger than %(n)d MB, which is the most that is taken at once.") % {
        "n": settings.LOAD_MOST_MB
    }


@transaction.atomic
def ask(file: UploadedFile[Any], connection: Connection | None, *, by: User, enqueue: Callable[[int], object]) -> Job:
    """Keep the file, put it on the trail, and let `enqueue` hand it to a worker. Raises CannotTake, CannotLoad."""
    named = connection or loading.the_only_connection()
    name = "".join(letter for letter in file.name or "" if letter.isprintable())[-100:] or "file"
    digest = _looked_at(file, name)
    size = file.size or 0
    job = Job.objects.create(
        kind=KIND,
        subject=named.public_id if named else "",
        title=kept("Load findings from %(file)s") % {"file": name},
        total=PARTS,
        step=kept("Waiting for a worker"),
        requested_by=by,
        requested_at=clock.now(),
    )
    Load.objects.create(
        job=job, connection=connection, name=name, size=size, file=storage().save(f"{FOLDER}/{job.public_id}", file)
    )
    into = named.public_id if named else ""
    trail.record(by, "findings.load_asked", job, file=name, sha256=digest, size=size, connection=into)
    transaction.on_commit(lambda: enqueue(job.pk), robust=True)
    return job


def _looked_at(file: UploadedFile[Any], name: str) -> str:
    """The SHA-256 of a file that begins as findings do. Raises CannotTake."""
    try:
        first = next(FindingFile(name, file, file.size or 0, most=LONGEST + BLOCK).records(), None)
    except BrokenFile as error:
        raise CannotTake(str(error)) from error
    if first is None:
        raise CannotTake(_("The file holds no record."))
    file.seek(0)
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def run(job_id: int) -> bool:
    """Load the file of a job; whether that ended it. Does nothing where another worker loads one, or it is loaded."""
    with alone() as mine:
        if not mine:
            return False
        load = Load.objects.select_related("job__requested_by", "connection").get(pk=job_id)
        if load.job.is_finished:
            return False
        load.job.begin(total=PARTS, step=_("Reading the file"))
        try:
            _load(load)
        except Busy as busy:
            Job.objects.filter(pk=job_id).unfinished().update(step=str(busy)[:300])
            return False
        except CannotLoad as refusal:
            load.job.finish(Job.State.FAILED, step=str(refusal))
        except Exception as error:
            log.exception("load.failed", job=load.job.public_id)
            words = _("It failed (%(why)s). Load the file again.") % {"why": type(error).__name__}
            load.job.finish(Job.State.FAILED, step=words)
        _let_go(load)
        return True


def _load(load: Load) -> None:
    """Raises CannotLoad."""

    def tell(file: FindingFile, run: SyncRun) -> None:
        Job.objects.filter(pk=load.pk).unfinished().update(done=PARTS * file.position // load.size)

    found, broken = loading.load(
        load.connection or loading.the_only_connection(),
        [load.name],
        by=Loader(load.job.requested_by or KIND, load.pk),
        tell=tell,
        opening=lambda name: _opened(load),
    )
    trouble = [str(one) for one in broken]
    if found is None:
        load.job.finish(Job.State.FAILED, step=" ".join(trouble) or _("The file holds no record."))
        return
    url = reverse("findings:connection", args=[found.scope.connection.public_id])
    Job.objects.filter(pk=load.pk).update(subject=found.scope.connection.public_id, url=url)
    gaps = bool(broken or found.set_aside)
    load.job.finish(Job.State.PARTLY if gaps else Job.State.DONE, step=" ".join([_told(found), *trouble, *_why(found)]))


def _told(run: SyncRun) -> str:
    return _("%(run)s: %(read)s read, %(added)s new, %(changed)s changed, %(set_aside)s set aside.") % {
        "run": run.public_id,
        "read": f"{run.read:,}",
        "added": f"{run.added:,}",
        "changed": f"{run.changed:,}",
        "set_aside": f"{run.set_aside:,}",
    }


def _why(run: SyncRun) -> list[str]:
    """Of the first record that was set aside; the connection's page lists all of them."""
    if not run.set_aside:
        return []
    rows = SetAside.objects.filter(scope=run.scope, last_at__gte=run.started_at).order_by("pk")
    return [row.reason for row in rows[:1]]


@contextmanager
def _opened(load: Load) -> Iterator[FindingFile]:
    """Raises BrokenFile."""
    try:
        with storage().open(load.file) as stored:
            yield FindingFile(load.name, stored, load.size, most=UNPACKED * most_bytes())
    except OSError as error:
        raise BrokenFile(f"{load.name}: it cannot be opened ({error}).") from error


@contextmanager
def alone() -> Iterator[bool]:
    """Whether no other worker loads a file. The lock ends with its connection, and so with a worker that dies."""
    aside = database.copy()
    try:
        with aside.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext('findings_load'))")
            (mine,) = cursor.fetchone()
            yield mine
    finally:
        aside.close()


def waiting() -> list[int]:
    """Those that have waited longest first."""
    return list(Load.objects.waiting().values_list("pk", flat=True))


def forgotten() -> list[int]:
    """Those that no worker has ended, which may be under way: then another one leaves them alone."""
    return list(Load.objects.waiting().asked_before(clock.now() - FORGOTTEN_AFTER).values_list("pk", flat=True))


def forget_files() -> None:
    """Remove the files of loads that have ended, and those of calls that came to nothing."""
    for load in Load.objects.over():
        _let_go(load)
    known = set(Load.objects.waiting().values_list("file", flat=True))
    with suppress(FileNotFoundError):
        for name in storage().listdir(FOLDER)[1]:
            path = f"{FOLDER}/{name}"
            if path not in known and clock.now() - storage().get_modified_time(path) > STRAY_AFTER:
                storage().delete(path)


def _let_go(load: Load) -> None:
    storage().delete(load.file)
    Load.objects.filter(pk=load.pk).update(file="")
