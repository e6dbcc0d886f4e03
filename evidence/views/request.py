"""One request for evidence, and the moves that people make with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from audit.public_id import get_or_404
from evidence import requests as asking
from evidence.answering import answer_form, answered, pieces_for
from evidence.asked_people import answerers
from evidence.models import Evidence, EvidenceRequest, RequestStep
from evidence.request_forms import AcceptForm, PassOnForm, ReturnForm, SettleForm
from evidence.request_list import LOOKS, RELATED, UNANSWERED, as_of, as_they_were
from evidence.request_rules import open_moves, refusal
from evidence.sources import source_of
from organisation.middleware import Request
from organisation.models import User
from organisation.permissions import permitted
from organisation.views.form_page import FormPage
from risks.views.treatments import filled_in

State = EvidenceRequest.State
Kind = RequestStep.Kind
DOORS: dict[RequestStep.Kind, tuple[str, str | Promise]] = {
    Kind.ANSWERED: ("request_answer", gettext_lazy("Answer it")),
    Kind.PASSED_ON: ("request_pass_on", gettext_lazy("Pass it on")),
    Kind.ACCEPTED: ("request_accept", gettext_lazy("Accept the answer")),
    Kind.RETURNED: ("request_return", gettext_lazy("Send it back")),
    Kind.WITHDRAWN: ("request_withdraw", gettext_lazy("Withdraw it")),
}
STEP_LOOKS = {
    Kind.ASKED: "waiting",
    Kind.PASSED_ON: "waiting",
    Kind.ANSWERED: "unknown",
    Kind.RETURNED: "unknown",
    Kind.ACCEPTED: "pass",
    Kind.WITHDRAWN: "not_applicable",
}


def visible(request: Request) -> QuerySet[EvidenceRequest]:
    rows = as_of(EvidenceRequest.objects.visible_to(request.user), request.moment)
    return rows.select_related(*RELATED, "control__solution", "control__owner")


@require_safe
@permitted("evidence_request.view")
def request(request: Request, public_id: str) -> HttpResponse:
    at, user = request.moment.at, request.user
    (found,) = as_they_were([get_or_404(visible(request), public_id)], request.moment)
    stands = State(found.stands)  # type: ignore[attr-defined]
    moves = open_moves(found, user, at) if request.moment.is_now else []
    today = timezone.localdate(at)
    context: dict[str, Any] = {
        "found": found,
        "title": f"{found.public_id}: {stands.label.lower()}",
        "stands": stands,
        "look": LOOKS[stands],
        "is_overdue": stands in UNANSWERED and found.due_on < today,
        "source": source_of(found.source_kind, found.source_id),
        "ended": found.ended_at if found.ended_at and found.ended_at <= at else None,
        "steps": steps_of(found, user, request),
        "buttons": [button(found, kind) for kind in moves],
        "next_mover": next_mover(found, stands),
    }
    return render(request, "evidence/request.html", context)


@dataclass(frozen=True)
class Shown:
    """A step as this reader sees it. hidden: pieces of its evidence that they may not see."""

    step: RequestStep
    look: str
    pieces: list[Evidence]
    hidden: int


def steps_of(found: EvidenceRequest, user: User, request: Request) -> list[Shown]:
    """Three queries."""
    rows = found.steps.filter(at__lte=request.moment.at).select_related("by", "passed_to").prefetch_related("evidence")
    steps = [(step, list(step.evidence.all())) for step in rows]
    keys = {one.pk for _step, pieces in steps for one in pieces}
    seen = set(Evidence.objects.visible_to(user).filter(pk__in=keys).values_list("pk", flat=True)) if keys else set()
    return [
        Shown(
            step, STEP_LOOKS[Kind(step.kind)], [one for one in pieces if one.pk in seen], len(pieces) - _n(pieces, seen)
        )
        for step, pieces in steps
    ]


def _n(pieces: list[Evidence], seen: set[int]) -> int:
    return sum(one.pk in seen for one in pieces)


def button(found: EvidenceRequest, kind: RequestStep.Kind) -> dict[str, Any]:
    """One filled button: what is to be done next."""
    name, words = DOORS[kind]
    filled = kind == Kind.ACCEPTED or (kind == Kind.ANSWERED and found.state != State.ANSWERED)
    if kind == Kind.ANSWERED and found.state == State.ANSWERED:
        words = _("Add to the answer")
    return {"url": reverse(f"evidence:{name}", args=[found.public_id]), "words": words, "filled": filled}


def next_mover(found: EvidenceRequest, stands: EvidenceRequest.State) -> str:
    """Who must move next, in a sentence; empty where nobody must."""
    if stands in UNANSWERED:
        return _("%(name)s answers it, or passes it on to a colleague.") % {"name": found.assignee.name}
    if stands == State.ANSWERED:
        return _("%(name)s, or a colleague, accepts the answer or sends it back.") % {"name": found.asked_by.name}
    return ""


def _page(found: EvidenceRequest, kind: RequestStep.Kind, lead: str, *, danger: bool = False) -> FormPage:
    words = str(DOORS[kind][1])
    back = reverse("evidence:request", args=[found.public_id])
    return FormPage(f"{words}: {found.title}", words, back, found.public_id, lead, danger)


def _why_not(request: Request, found: EvidenceRequest, kind: RequestStep.Kind) -> str:
    return refusal(found, kind, request.user, request.moment.at)


@permitted("evidence_request.answer")
def answer(request: Request, public_id: str) -> HttpResponse:
    """With pieces of the locker, a new file, or words."""
    found = get_or_404(visible(request), public_id)
    form = answer_form(request, found, pieces_for(found, request.user))
    lead = _("%(name)s asks: %(what)s") % {"name": found.asked_by.name, "what": found.what or found.title}
    page = _page(found, Kind.ANSWERED, lead)
    why_not = _why_not(request, found, Kind.ANSWERED)
    return filled_in(request, page, form, lambda said: answered(found, said, by=request.user), why_not=why_not)


@permitted("evidence_request.answer")
def pass_on(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    people = answerers(found.solution, found.control, request.moment.at)
    others = people.exclude(pk__in=[found.assignee.pk, found.asked_by.pk])
    form = PassOnForm(request.POST or None, people=others, initial={"version": found.version})
    page = _page(found, Kind.PASSED_ON, _("They are asked instead of you; the day stays, and who asked is told."))

    def do(said: dict[str, Any]) -> object:
        return asking.pass_on(found, to=said["to"], by=request.user, words=said["words"], read=said["version"])

    return filled_in(request, page, form, do, why_not=_why_not(request, found, Kind.PASSED_ON))


def _settles(
    request: Request, public_id: str, kind: RequestStep.Kind, form: type[SettleForm], lead: str
) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    filled: Form = form(request.POST or None, initial={"version": found.version})
    page = _page(found, kind, lead, danger=kind == Kind.WITHDRAWN)

    def do(said: dict[str, Any]) -> object:
        told = {"because": said["because"], "due_on": said.get("due_on"), "read": said["version"]}
        return asking.settle(found, kind, by=request.user, **told)

    return filled_in(request, page, filled, do, why_not=_why_not(request, found, kind))


@permitted("evidence_request.settle")
def accept(request: Request, public_id: str) -> HttpResponse:
    lead = _("It is settled, and stays on the record with its evidence.")
    return _settles(request, public_id, Kind.ACCEPTED, AcceptForm, lead)


@permitted("evidence_request.settle")
def send_back(request: Request, public_id: str) -> HttpResponse:
    lead = _("Whoever is asked answers again; what was answered stays on the record.")
    return _settles(request, public_id, Kind.RETURNED, ReturnForm, lead)


@permitted("evidence_request.settle")
def withdraw(request: Request, public_id: str) -> HttpResponse:
    lead = _("Nobody has to answer it any more. That it was asked stays on the record.")
    return _settles(request, public_id, Kind.WITHDRAWN, SettleForm, lead)
