"""An import of the register from upload to decision: read and previewed by a worker, applied whole by another task,
dropped, or taken back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import clock, trail
from audit.models import StaleRow
from controls.imports.refusals import Problem, Refused
from controls.imports.running import kept
from desk.models import Job
from desk.notices import notify
from organisation.models import NotAllowed, User
from risks.exchange.applying import apply as carry_out
from risks.exchange.planning import Plan, plan_of
from risks.exchange.taking_back import take_back
from risks.models import RegisterImport

LONGEST_WAIT = timedelta(minutes=2)
"""An import that no worker has moved for this long is handed out again."""
KIND = "register_import"
State = RegisterImport.State


@transaction.atomic
def requested(raw: bytes, *, name: str, because: str, by: User) -> RegisterImport:
    """Keep the file and ask for its preview; somebody has to hand it to a worker."""
    file = kept(raw)
    made = RegisterImport.objects.create(file=file, name=name[:300], because=because, requested_by=by)
    _job(made, _("Read %(name)s") % {"name": name}, by)
    trail.record(by, "register_import.requested", made, file=name, sha256=file.sha256)
    return made


def _job(found: RegisterImport, title: str, by: User) -> None:
    found.job = Job.objects.create(
        kind=KIND,
        subject=found.public_id,
        url=reverse("risks:import", args=[found.public_id]),
        title=title[:200],
        requested_by=by,
        requested_at=clock.now(),
    )
    found.save(update_fields=["job"])


def read(import_id: int) -> None:
    """Preview one. What was read before, by this worker or another, is left as it is."""
    found = RegisterImport.objects.select_related("file", "job", "requested_by").get(pk=import_id)
    if found.state != State.WAITING or found.job is None:
        return
    found.job.begin(total=1, step=_("Reading the file and comparing it with the register"))
    try:
        plan = _plan(found)
        if plan.problems:
            raise _all(plan.problems)
    except Refused as no:
        _refused(found, no)
    except Exception:
        _failed(found)
        raise
    else:
        words = _("Ready to apply") if plan.rows else _("It changes nothing")
        _end(found, State.READY, Job.State.DONE, words, preview=plan.told)


def _plan(found: RegisterImport) -> Plan:
    assert found.file is not None
    return plan_of(found.file.content, by=found.requested_by, because=found.because)


def _all(problems: list[Problem]) -> Refused:
    """With every problem: refusals of other imports keep the first few."""
    made = Refused(*problems)
    made.problems = problems
    return made


@transaction.atomic
def _end(found: RegisterImport, state: State, job: Job.State, words: str, **told: Any) -> None:
    if RegisterImport.objects.filter(pk=found.pk).unfinished().update(state=state, **told) and found.job:
        found.job.finish(job, step=words)


def _refused(found: RegisterImport, no: Refused) -> None:
    if found.reverses_id:
        return  # it is tried again
    n = len(no.problems)
    words = ngettext("Refused: %(n)d problem", "Refused: %(n)d problems", n) % {"n": n}
    _end(found, State.REFUSED, Job.State.FAILED, words, problems=[one.told() for one in no.problems])


def _failed(found: RegisterImport) -> None:
    """A file is refused; what takes one back stays to be tried again."""
    reason = _("The portal failed to read this file; its log has the details.")
    if found.reverses_id is None:
        _end(found, State.REFUSED, Job.State.FAILED, reason, problems=[{"place": "", "reason": reason}])


@transaction.atomic
def ask_to_apply(found: RegisterImport, *, by: User) -> None:
    """Somebody has to hand it to a worker. Raises NotAllowed."""
    if by != found.requested_by:
        told = {"who": found.requested_by.name}
        raise NotAllowed(_("%(who)s asked for it, and its preview says what they may do: they apply it.") % told)
    if not RegisterImport.objects.filter(pk=found.pk, state=State.READY).update(state=State.TO_APPLY):
        raise NotAllowed(_("It is not ready to apply."))
    found.state = State.TO_APPLY
    _job(found, _("Apply %(name)s") % {"name": found.name}, by)


@transaction.atomic
def drop(found: RegisterImport, *, by: User) -> None:
    """Raises NotAllowed."""
    if by != found.requested_by:
        raise NotAllowed(_("%(who)s asked for it, and drops it.") % {"who": found.requested_by.name})
    rows = RegisterImport.objects.filter(pk=found.pk, state__in=[State.READY, State.REFUSED])
    if not rows.update(state=State.DROPPED, decided_at=clock.now()):
        raise NotAllowed(_("Only what is ready to apply, or refused, is dropped."))
    trail.record(by, "register_import.dropped", found, file=found.name)


@transaction.atomic
def ask_to_take_back(found: RegisterImport, *, because: str, by: User) -> RegisterImport:
    """The entry that reverses it; somebody has to hand it to a worker. Raises NotAllowed."""
    held = RegisterImport.objects.select_for_update().get(pk=found.pk)
    if not held.can_be_taken_back:
        raise NotAllowed(_("Only an import that was applied is taken back, and only once."))
    made = RegisterImport.objects.create(
        name=held.name, because=because, reverses=held, state=State.TO_APPLY, requested_by=by
    )
    _job(made, _("Take back %(id)s") % {"id": held.public_id}, by)
    return made


def apply(import_id: int) -> None:
    """Carry one out, in one transaction, exactly as it was previewed."""
    found = RegisterImport.objects.select_related("file", "job", "requested_by", "reverses").get(pk=import_id)
    if found.state != State.TO_APPLY or found.job is None:
        return
    found.job.begin(total=1, step=_("Applying it"))
    try:
        _carry_out(found)
    except StaleRow:
        _refused(found, Refused(Problem("", _("Somebody changed a risk meanwhile: import it again."))))
    except Refused as no:
        _refused(found, no)
    except Exception:
        _failed(found)
        raise


@transaction.atomic
def _carry_out(found: RegisterImport) -> None:
    rows = RegisterImport.objects.select_for_update(of=("self",)).filter(pk=found.pk, state=State.TO_APPLY)
    if not rows.exists() or found.job is None:
        return
    by, problems = found.requested_by, list[Problem]()
    if found.reverses:
        done, problems = take_back(found.reverses, found, by=by)
        told, n = {"reverses": found.reverses.public_id, "because": found.because}, len(done)
        words = ngettext("%(n)d risk set back", "%(n)d risks set back", n) % {"n": n}
    else:
        plan = _plan(found)
        if plan.problems:
            raise _all(plan.problems)
        if plan.digest != found.preview["digest"]:
            raise Refused(Problem("", _("It would change something else than the preview showed: import it again.")))
        done = carry_out(plan, found, by=by)
        told, n = {"file": found.name, "because": found.because}, len(done)
        words = ngettext("%(n)d risk added or changed", "%(n)d risks added or changed", n) % {"n": n}
    left = [one.told() for one in problems]
    rows.update(state=State.APPLIED, decided_at=clock.now(), done=done, problems=left)
    action = "register_import.took_back" if found.reverses else "register_import.applied"
    trail.record(by, action, found, risks=[one["risk"] for one in done], left=len(left), **told)
    found.job.finish(Job.State.PARTLY if left else Job.State.DONE, step=words)
    notify([by], KIND, f"{found.public_id}: {words}.", url=found.job.url, subject=found.public_id)


def forgotten(*, at: datetime) -> list[RegisterImport]:
    """Unfinished imports whose task was lost."""
    return list(RegisterImport.objects.unfinished().filter(job__requested_at__lt=at - LONGEST_WAIT))
