"""A file that a person brings: looked at, kept as it came, and said what it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from audit import clock, trail
from controls.models import Control
from evidence import rights
from evidence.capturing import capture
from evidence.models import Evidence
from evidence.sniffing import clean_name, known
from organisation.models import Solution, User
from organisation.permissions import may
from risks.refusals import Refused

BLOCK = 256 * 1024
BY_PEOPLE = frozenset({"document", "screenshot", "report", "working_paper"})
"""The kinds that a person brings."""
View = TypeVar("View", bound=Callable[..., Any])


def most_bytes() -> int:
    return int(settings.EVIDENCE_MOST_MB) * 2**20


def takes_files(view: View) -> View:
    """Mark a view whose files may be as large as a piece of evidence."""
    view.most_bytes = most_bytes  # type: ignore[attr-defined]
    return view


@transaction.atomic
def upload(
    file: UploadedFile[Any],
    *,
    kind: str,
    title: str,
    effective_from: datetime,
    effective_to: datetime,
    by: User,
    note: str = "",
    solution: Solution | None = None,
    confidentiality: str = Evidence.Confidentiality.INTERNAL,
    controls: Iterable[Control] = (),
    replaces: Evidence | None = None,
) -> Evidence:
    """Keep it. effective_to: the first moment after its period. Raises Refused; its `field` says where."""
    chosen = list(controls)
    _permit(kind, effective_from, effective_to, by)
    _permit_about(solution, chosen, by, stays=replaces is not None)
    name = clean_name(file.name or "")
    media_type = media_type_of(file, name)
    return capture(
        _blocks(file),
        kind=kind,
        title=title,
        note=note,
        file_name=name,
        effective_from=effective_from,
        effective_to=effective_to,
        by=by,
        solution=solution,
        confidentiality=confidentiality,
        controls=chosen,
        media_type=media_type,
        replaces=replaces,
    )


def media_type_of(file: UploadedFile[Any], name: str) -> str:
    """Raises Refused where the file is too large, or not of the kinds that are taken."""
    if (file.size or 0) > most_bytes():
        raise Refused(too_large(), "file")
    assert file.file is not None
    return known(file.file, name)


def too_large() -> str:
    words = _("The file is larger than %(n)d MB, which is the most. Split it, or keep an extract that shows the same.")
    return words % {"n": settings.EVIDENCE_MOST_MB}


@transaction.atomic
def supersede(evidence: Evidence, file: UploadedFile[Any], *, by: User, **said: Any) -> Evidence:
    """A new version replaces a standing one, and shows something of the same controls unless others are said.

    said: as of `upload`; what is not said stays as it was. Raises Refused.
    """
    held = locked(evidence)
    if why_not := rights.supersede_refusal(held, by, clock.now()):
        raise Refused(why_not)
    kept = {
        "kind": held.kind,
        "title": held.title,
        "note": held.note,
        "solution": held.solution,
        "confidentiality": held.confidentiality,
        "controls": controls_for(by).filter(pk__in=held.links.in_force(clock.now()).values("control")),
    }
    made = upload(file, **{**kept, **said}, by=by, replaces=held)
    trail.record(by, "evidence.superseded", held, replaced_by=made.public_id)
    return made


def locked(evidence: Evidence) -> Evidence:
    """The row as it is now, held until the transaction ends."""
    rows = Evidence.objects.select_for_update(of=("self",)).select_related("solution", "captured_by", "replaces")
    return rows.get(pk=evidence.pk)


def solutions_for(person: User) -> QuerySet[Solution]:
    """Of which this person adds evidence."""
    return Solution.objects.visible_to(person).in_use(clock.now())


def controls_for(person: User) -> QuerySet[Control]:
    """Of which this person says that evidence shows something."""
    return Control.objects.visible_to(person).in_use(clock.now())


def _permit(kind: str, begins: datetime, ends: datetime, by: User) -> None:
    if not may(by, "evidence.add"):
        raise Refused(_("It is for the three lines to add evidence."))
    if kind not in BY_PEOPLE:
        raise Refused(_("The portal captures that kind by itself. Choose another."), "kind")
    if kind == Evidence.Kind.WORKING_PAPER and "third" not in by.roles_today:
        raise Refused(_("A working paper is an auditor's. Choose another kind."), "kind")
    if ends > clock.now():
        raise Refused(_("It speaks of what was: its period ends today at the latest."), "effective_to")
    if begins > ends:
        raise Refused(_("Its period ends before it begins."), "effective_to")


def _permit_about(solution: Solution | None, controls: list[Control], by: User, *, stays: bool) -> None:
    """stays: a new version keeps the solution of the one before it, also where that is retired."""
    if solution is None and "first" in by.roles_today:
        raise Refused(_("Say which of your solutions it is of."), "solution")
    open_to = Solution.objects.visible_to(by) if stays else solutions_for(by)
    if solution and not open_to.filter(pk=solution.pk).exists():
        raise Refused(_("That solution is retired, or not yours. Choose one of yours."), "solution")
    if controls_for(by).filter(pk__in=[one.pk for one in controls]).count() != len(controls):
        raise Refused(_("One of these controls is retired, or not yours to see."), "controls")


def _blocks(file: UploadedFile[Any]) -> Iterator[bytes]:
    file.seek(0)
    while block := file.read(BLOCK):
        yield block
