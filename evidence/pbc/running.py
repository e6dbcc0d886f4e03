"""A list of requests from upload to decision: previewed, and asked whole or dropped."""

from __future__ import annotations

from collections import Counter

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import clock, trail
from audit.words import in_the_organisations_language
from controls.imports.refusals import Problem
from controls.imports.refusals import Refused as FileRefused
from controls.imports.running import kept
from desk.notices import notify
from evidence.models import RequestImport
from evidence.pbc.planning import Plan, plan_of
from evidence.requests import keep
from evidence.sources import Source, source_of
from evidence.telling import REQUEST
from organisation.models import NotAllowed, User

State = RequestImport.State


@transaction.atomic
def requested(raw: bytes, *, name: str, source: Source | None, by: User) -> RequestImport:
    """Keep the file with its preview, or with all that is wrong with it."""
    file = kept(raw)
    plan, problems = _tried(raw, source, by)
    made = RequestImport.objects.create(
        file=file,
        name=name[:300],
        state=State.REFUSED if problems else State.READY,
        source_kind=source.kind if source else "",
        source_id=source.public_id if source else "",
        problems=[one.told() for one in problems],
        preview={} if problems else plan.told,
        requested_by=by,
    )
    trail.record(by, "request_import.requested", made, file=made.name, sha256=file.sha256, problems=len(problems))
    return made


def _tried(raw: bytes, source: Source | None, by: User) -> tuple[Plan, list[Problem]]:
    try:
        plan = plan_of(raw, by=by, source=source)
    except FileRefused as no:
        return Plan(), no.problems
    return plan, plan.problems


@transaction.atomic
def apply(found: RequestImport, *, by: User) -> RequestImport:
    """Ask for all of it, exactly as it was previewed, or for nothing. Raises NotAllowed."""
    held = RequestImport.objects.select_for_update(of=("self",)).select_related("file").get(pk=found.pk)
    _own(held, by)
    if held.state != State.READY:
        raise NotAllowed(_("It is not ready to ask."))
    source = source_of(held.source_kind, held.source_id)
    if held.source_kind and source is None:
        return _refused(held, [Problem("", _("There is no %(id)s any more.") % {"id": held.source_id})])
    plan, problems = _tried(held.file.content, source, by)
    if problems:
        return _refused(held, problems)
    if plan.digest != held.preview["digest"]:
        words = _("It would ask for something else than the preview showed: bring it in again.")
        return _refused(held, [Problem("", words)])
    made = [keep(one.made) for one in plan.rows]
    held.state, held.decided_at, held.done = State.APPLIED, clock.now(), [one.public_id for one in made]
    held.save(update_fields=["state", "decided_at", "done"])
    trail.record(by, "request_import.applied", held, file=held.name, requests=held.done)
    _tell(Counter(one.assignee for one in made), held, by)
    return held


def _refused(held: RequestImport, problems: list[Problem]) -> RequestImport:
    """Things changed since it was previewed."""
    held.state, held.preview, held.problems = State.REFUSED, {}, [one.told() for one in problems]
    held.save(update_fields=["state", "preview", "problems"])
    return held


@in_the_organisations_language
def _tell(counts: Counter[User], held: RequestImport, by: User) -> None:
    """Each person once, however much is asked of them."""
    for person, n in counts.items():
        words = ngettext(
            "%(who)s asks you for %(n)d piece of evidence", "%(who)s asks you for %(n)d pieces of evidence", n
        )
        url = f"{reverse('evidence:requests')}?mine=answer"
        notify(person, REQUEST, words % {"who": by.name, "n": n}, url=url, subject=held.public_id, by=by)


@transaction.atomic
def drop(found: RequestImport, *, by: User) -> None:
    """Raises NotAllowed."""
    _own(found, by)
    rows = RequestImport.objects.filter(pk=found.pk, state__in=[State.READY, State.REFUSED])
    if not rows.update(state=State.DROPPED, decided_at=clock.now()):
        raise NotAllowed(_("It is asked or dropped already."))
    trail.record(by, "request_import.dropped", found, file=found.name)


def _own(found: RequestImport, by: User) -> None:
    if by != found.requested_by:
        raise NotAllowed(_("%(who)s brought it in, and asks or drops it.") % {"who": found.requested_by.name})
