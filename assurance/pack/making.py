"""Makes a pack, step by step, and seals it. A worker that dies leaves its finished steps to the next one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from tempfile import TemporaryFile
from typing import Any

import structlog
from django.db import connection, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from assurance.models import Pack, PackFile
from assurance.pack import archive, verify_pack
from assurance.pack.archive import Damaged, Listed, blocks_of
from assurance.pack.freezing import KIND
from assurance.pack.steps import AT_ONCE, STEPS, VERIFIER, Making, Step
from audit import clock, trail
from desk.models import Job
from desk.notices import notify
from evidence import signing
from evidence.capturing import Passing, storage

log = structlog.get_logger(__name__)
FORGOTTEN_AFTER = timedelta(minutes=1)


def run(pack_id: int) -> None:
    """Make what is missing of a pack. Does nothing where another worker makes it, or it is sealed."""
    with _by_itself(pack_id) as mine:
        if not mine:
            return
        pack = Pack.objects.select_related("job", "engagement", "requested_by").get(pk=pack_id)
        job = pack.job
        if job is None or job.is_finished or pack.sealed_at:
            return
        try:
            _make(pack, job)
        except Exception as error:
            log.exception("pack.failed", pack=pack.public_id)
            job.finish(Job.State.FAILED, step=_why(error))
            words = _("The pack %(id)s could not be sealed: %(why)s")
            text = words % {"id": pack.public_id, "why": _why(error)}
            notify(pack.requested_by, KIND, text, url=job.url, subject=pack.public_id)


def forgotten(*, at: datetime) -> list[int]:
    """Those that a lost task or a dead worker left."""
    waiting = Pack.objects.filter(job__in=Job.objects.unfinished(), requested_at__lt=at - FORGOTTEN_AFTER)
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def _why(error: Exception) -> str:
    if isinstance(error, Damaged):
        return _("the file %(path)s is not what its digest says, so nothing was sealed. Verify the evidence.") % {
            "path": error
        }
    return _("it failed (%(why)s). Ask for it again.") % {"why": type(error).__name__}


def _make(pack: Pack, job: Job) -> None:
    there = set(PackFile.objects.filter(pack=pack).values_list("name", flat=True))
    left = [step for step in STEPS if step.proof not in there]
    begins = left[0].words if left else _("Sealing")
    job.begin(total=len(STEPS) + 1, step=str(begins))
    making = Making(pack)
    for number, step in enumerate(left, 1):
        after = left[number].words if number < len(left) else _("Sealing")
        carry_out(step, making, job, str(after))
    seal(pack, job)


def carry_out(step: Step, making: Making, job: Job, after: str) -> None:
    """after: what comes next, in words."""
    rows = step.make(making)
    with transaction.atomic():
        PackFile.objects.bulk_create(rows, batch_size=AT_ONCE)
        job.advance(step=after)


def seal(pack: Pack, job: Job) -> None:
    """Write the archive, sign it and say so. Raises Damaged."""
    rows = {one.name: one for one in PackFile.objects.filter(pack=pack).order_by("name")}
    files = [Listed(one.name, one.sha256, one.size) for one in sorted(rows.values(), key=lambda one: one.name)]
    key = rows[verify_pack.KEY].sha256
    if key != signing.fingerprint():
        raise KeyChanged
    manifest = archive.manifest(_heading(pack, key, rows[VERIFIER].sha256), files)

    def opened(listed: Listed) -> Iterable[bytes]:
        with storage().open(rows[listed.path].stored_as) as file:
            yield from blocks_of(file)

    with TemporaryFile() as file:
        archive.write(file, moment(pack.seal_time), manifest, signing.sign(manifest), files, opened)
        file.seek(0)
        passing = Passing(blocks_of(file))
        stored = storage().save(f"packs/{pack.public_id}/{pack.public_id}.zip", passing)
    _keep(pack, job, stored, passing, key)


@transaction.atomic
def _keep(pack: Pack, job: Job, stored: str, passing: Passing, key: str) -> None:
    pack.stored_as, pack.sha256, pack.size, pack.key = stored, passing.sha256, passing.size, key
    pack.signature = signing.sign(verify_pack.statement(passing.sha256))
    pack.sealed_at = clock.now()
    pack.save(update_fields=["stored_as", "sha256", "size", "key", "signature", "sealed_at"])
    told = {"sha256": pack.sha256, "size": pack.size, "key": key, "signature": bytes(pack.signature).hex()}
    trail.record("assurance", "pack.sealed", pack, **told)
    job.advance(step=_("Sealed"))
    job.finish(Job.State.DONE, step=_("Sealed"))
    text = _("The pack %(id)s is sealed: %(title)s") % {"id": pack.public_id, "title": pack.title}
    notify(pack.requested_by, KIND, text, url=reverse("assurance:pack", args=[pack.public_id]), subject=pack.public_id)


class KeyChanged(Exception):
    """The portal signs by another key than the one in the pack."""


def moment(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _heading(pack: Pack, key: str, verifier: str) -> dict[str, Any]:
    """What the manifest says beside its files."""
    return {
        "pack": pack.public_id,
        "title": pack.title,
        "engagement": pack.engagement.public_id if pack.engagement else None,
        "framework": pack.framework.public_id,
        "solutions": sorted((one.public_id for one in pack.solutions.all()), key=lambda one: int(one[2:])),
        "about": [moment(pack.about_from), moment(pack.about_to)],
        "at": moment(min(pack.about_to, pack.known_at)),
        "known_at": moment(pack.known_at),
        "sealed_at": moment(pack.seal_time),
        "trail": {"position": pack.trail_position, "digest": pack.trail_digest},
        "software": pack.software,
        "key": key,
        "verify_pack": verifier,
    }


@contextmanager
def _by_itself(pack_id: int) -> Iterator[bool]:
    """Whether this worker has the pack. The lock ends with its connection, and so with its worker."""
    aside = connection.copy()
    try:
        with aside.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext('assurance_pack'), %s)", [pack_id])
            yield bool(cursor.fetchone()[0])
    finally:
        aside.close()


def digest(blocks: Iterable[bytes]) -> str:
    found = sha256()
    for block in blocks:
        found.update(block)
    return found.hexdigest()
