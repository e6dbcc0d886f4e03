"""An import from upload to decision: read and previewed by a worker, applied whole by another task, or dropped."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import zstandard
from django.db import transaction
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.public_id import PublicId
from controls.imports import catalogues, content, nzism, pack, packs, profiles, sheet
from controls.imports.content import Content
from controls.imports.differences import Difference
from controls.imports.refusals import Refused, refused
from controls.imports.shapes import ReadCatalogue
from controls.models import Import, SourceFile
from desk.models import Job
from organisation.models import User

LONGEST_WAIT = timedelta(minutes=2)
"""An import that no worker has moved for this long is handed out again."""


@dataclass(frozen=True)
class Plan:
    """What a file would do, in words and rows, and doing it."""

    headline: str
    difference: Difference
    carry_out: Callable[[User | str], PublicId]


def plan_of(found: Content, asked: Mapping[str, Any], name: str, file: SourceFile) -> Plan:
    """Raises Refused with every place that is wrong."""
    if found.kind == Import.Kind.OSCAL_PROFILE:
        from controls.imports import oscal  # OSCAL's models are large: only who reads them loads them

        profile = oscal.read_profile(found.document)
        version = profiles.version_of(profile, asked)
        source = {"source_name": name, "source_sha256": file.sha256}
        return Plan(
            f"{profile.title} of {version}",
            profiles.difference(profile, version),
            lambda by: profiles.apply(profile, version, by=by, **source),
        )
    if found.kind == Import.Kind.PACK:
        template = pack.read(found.text)
        key, framework = packs.key_of(name), packs.framework_of(template, asked)
        told: dict[str, Any] = {"source_name": name, "source_sha256": file.sha256, "source_file": file}
        return Plan(
            key,
            packs.difference(template, key, framework),
            lambda by: packs.apply(template, key, framework, by=by, **told),
        )
    read = _catalogue(found)
    target = catalogues.target_of(read, asked, name, file)
    current = bool(asked.get("make_current"))
    difference = catalogues.difference(read, target)
    version_known = target.version
    if current and (version_known is None or version_known.valid_from is None):
        before = target.framework.versions.current(clock.now()).first() if target.framework else None
        difference.about["current"] = [before.label if before else "", target.label]
    return Plan(target.headline, difference, lambda by: catalogues.apply(read, target, by=by, make_current=current))


def _catalogue(found: Content) -> ReadCatalogue:
    if found.kind == Import.Kind.OSCAL_CATALOG:
        from controls.imports import oscal  # OSCAL's models are large: only who reads them loads them

        return oscal.read_catalogue(found.document)
    return nzism.read(found.raw) if found.kind == Import.Kind.NZISM else sheet.read(found.raw, found.text)


def kept(raw: bytes) -> SourceFile:
    """The file as it is, once."""
    digest = hashlib.sha256(raw).hexdigest()
    body = zstandard.compress(raw, 9)
    return SourceFile.objects.get_or_create(sha256=digest, defaults={"size": len(raw), "body": body})[0]


@transaction.atomic
def requested(raw: bytes, *, name: str, asked: Mapping[str, Any], by: User) -> Import:
    """Keep the file and ask for its preview; somebody has to hand it to a worker. asked: as Import keeps it."""
    made = Import.objects.create(file=kept(raw), name=name[:300], asked=dict(asked), requested_by=by)
    made.job = _job(made, _("Read %(name)s") % {"name": name}, by)
    made.save(update_fields=["job"])
    trail.record(by, "import.requested", made, file=name, sha256=made.file.sha256)
    return made


def _job(found: Import, title: str, by: User | None) -> Job:
    said = {"kind": "import", "subject": found.public_id, "title": title[:200]}
    return Job.objects.create(**said, requested_by=by, requested_at=clock.now())


def read(import_id: int) -> None:
    """Preview one. What was read before, by this worker or another, is left as it is."""
    found = Import.objects.select_related("file", "job").get(pk=import_id)
    if found.state != Import.State.WAITING or found.job is None:
        return
    found.job.begin(total=2, step=_("Reading the file"))
    try:
        recognised = content.recognise(found.file.content)
        found.kind = recognised.kind
        found.job.advance(step=_("Comparing it with what is known"))
        plan = plan_of(recognised, found.asked, found.name, found.file)
    except Refused as no:
        _end(found, Import.State.REFUSED, Job.State.FAILED, str(no), problems=[one.told() for one in no.problems])
    except Exception:
        _failed(found)
        raise
    else:
        told = {**plan.difference.told(), "headline": plan.headline}
        words = _("It changes nothing") if plan.difference.is_empty else _("Ready to apply")
        _end(found, Import.State.READY, Job.State.DONE, words, preview=told)


@transaction.atomic
def _end(found: Import, state: Import.State, job: Job.State, words: str, **told: Any) -> None:
    fields = {"state": state, "kind": found.kind, **told}
    if Import.objects.filter(pk=found.pk).unfinished().update(**fields) and found.job:
        found.job.finish(job, step=words)


def _failed(found: Import) -> None:
    reason = _("The portal failed to read this file; its log has the details.")
    _end(found, Import.State.REFUSED, Job.State.FAILED, reason, problems=[{"place": "", "reason": reason}])


@transaction.atomic
def ask_to_apply(found: Import, *, by: User) -> bool:
    """Whether it was ready; somebody has to hand it to a worker."""
    if not Import.objects.filter(pk=found.pk, state=Import.State.READY).update(state=Import.State.TO_APPLY):
        return False
    found.job = _job(found, _("Apply %(name)s") % {"name": found.name}, by)
    found.save(update_fields=["job"])
    return True


@transaction.atomic
def drop(found: Import, *, by: User) -> bool:
    """Whether there was anything to drop: what is applied stays."""
    states = [Import.State.READY, Import.State.REFUSED]
    if Import.objects.filter(pk=found.pk, state__in=states).update(state=Import.State.DROPPED, decided_at=clock.now()):
        trail.record(by, "import.dropped", found, file=found.name)
        return True
    return False


def apply(import_id: int) -> None:
    """Carry one out, in one transaction, exactly as it was previewed."""
    found = Import.objects.select_related("file", "job", "job__requested_by").get(pk=import_id)
    if found.state != Import.State.TO_APPLY or found.job is None:
        return
    found.job.begin(total=2, step=_("Reading the file"))
    try:
        recognised = content.recognise(found.file.content)
        found.job.advance(step=_("Applying it"))
        _carry_out(found, recognised)
    except Refused as no:
        _end(found, Import.State.REFUSED, Job.State.FAILED, str(no), problems=[one.told() for one in no.problems])
    except Exception:
        _failed(found)
        raise


@transaction.atomic
def _carry_out(found: Import, recognised: Content) -> None:
    rows = Import.objects.select_for_update().filter(pk=found.pk, state=Import.State.TO_APPLY)
    if not rows.exists() or found.job is None:
        return
    plan = plan_of(recognised, found.asked, found.name, found.file)
    if plan.difference.digest != found.preview["digest"]:
        raise refused(_("What it would change is no longer what the preview showed: import it again."))
    made = plan.carry_out(found.job.requested_by or "import")
    rows.update(state=Import.State.APPLIED, decided_at=clock.now(), result=made.public_id)
    found.job.finish(Job.State.DONE, step=_("%(what)s: applied") % {"what": plan.headline})


def forgotten(*, at: datetime) -> list[Import]:
    """Unfinished imports whose task was lost."""
    return list(Import.objects.unfinished().filter(job__requested_at__lt=at - LONGEST_WAIT))


def at_once(raw: bytes, *, name: str, asked: Mapping[str, Any], by: User | str, dry_run: bool) -> Plan:
    """Without a worker, for the command line. Raises Refused; with dry_run nothing is kept."""
    recognised = content.recognise(raw)
    with transaction.atomic():
        file = kept(raw)
        plan = plan_of(recognised, asked, name, file)
        if dry_run:
            transaction.set_rollback(True)
        elif not plan.difference.is_empty:
            plan.carry_out(by)
    return plan
