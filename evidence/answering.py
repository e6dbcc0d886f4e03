"""What answers or statements rest on: pieces of the locker to choose from, and a new file."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from audit import clock
from controls.models import Control
from evidence import requests
from evidence.attaching import attach
from evidence.models import Evidence, EvidenceLink, EvidenceRequest
from evidence.request_forms import AnswerForm
from evidence.requests import Period
from organisation.middleware import Request
from organisation.models import Solution, User


def pieces_of(solution: Solution | None, control: Control | None, person: User) -> QuerySet[Evidence]:
    """What this person sees of the solution or the control, and what they brought themselves."""
    at = clock.now()
    about = Q(captured_by=person)
    if solution:
        about |= Q(solution=solution)
    if control:
        links = EvidenceLink.objects.in_force(at).filter(control=control)
        about |= Q(pk__in=links.values("evidence"))
    return Evidence.objects.visible_to(person).standing(at).filter(about)


def pieces_for(found: EvidenceRequest, person: User) -> QuerySet[Evidence]:
    return pieces_of(found.solution, found.control, person)


def answer_form(request: Request, found: EvidenceRequest, pieces: QuerySet[Evidence], **options: Any) -> AnswerForm:
    return AnswerForm(
        request.POST or None,
        request.FILES or None,
        pieces=pieces,
        refused=getattr(request, "refused_files", ()),
        initial={"version": found.version, "file_title": found.title},
        **options,
    )


def brought(said: dict[str, Any], control: Control, solution: Solution | None, period: Period, by: User) -> Evidence:
    """The file that comes with a statement about a control. Raises Refused at "file"."""
    told: dict[str, Any] = {"period": period, "solution": solution or control.solution, "controls": [control]}
    return attach(said["file"], title=said["file_title"] or control.name, by=by, **told)


@transaction.atomic
def answered(found: EvidenceRequest, said: dict[str, Any], *, by: User) -> EvidenceRequest:
    """The file goes into the locker and the answer onto the record, or neither. Raises Refused."""
    pieces = list(said["evidence"])
    if said["file"]:
        at = clock.now()
        period = (found.period_from or at, found.period_to or at)
        controls = [found.control] if found.control else []
        file, title = said["file"], said["file_title"] or found.title
        pieces.append(attach(file, title=title, period=period, solution=found.solution, controls=controls, by=by))
    return requests.answer(found, by=by, words=said["words"], evidence=pieces, read=said["version"])
