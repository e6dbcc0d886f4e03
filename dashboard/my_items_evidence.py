"""My items: answering a request for evidence, or passing it on, without leaving the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from audit.moment import Moment
from audit.public_id import get_or_404
from evidence import requests
from evidence.answering import answered, pieces_for
from evidence.asked_people import answerers
from evidence.models import EvidenceRequest
from evidence.request_forms import AnswerForm, PassOnForm
from evidence.request_list import RELATED
from organisation.middleware import Request
from organisation.models import NotAllowed
from organisation.permissions import permitted

OFFERED = 8
"""Pieces of the locker that a row offers, the newest first; the request's page offers more."""


@permitted("evidence_request.answer")
def request(request: Request, public_id: str) -> HttpResponse:
    """What is asked, with an answer and a way to pass it on. Sent forms are carried out."""
    rows = EvidenceRequest.objects.visible_to(request.user).select_related(*RELATED, "control__solution")
    found = get_or_404(rows, public_id)
    if not request.htmx:
        return redirect("evidence:request", found.public_id)
    sent = request.POST.get("form", "") if request.method == "POST" else ""
    shown = _forms(request, found, sent)
    if request.method != "POST":
        return _row(request, found, shown)
    if sent not in shown:
        raise Http404(f"No such form: {sent}")
    form = shown[sent]
    if form.is_valid():
        try:
            told = DOES[sent](request, found, form.cleaned_data)
        except NotAllowed as no:
            field = getattr(no, "field", "")
            form.add_error(field if field in form.fields else None, str(no))
        else:
            return _row(request, found, {}, told=told)
    return _row(request, found, shown, status=422)


def _forms(request: Request, found: EvidenceRequest, sent: str) -> dict[str, forms.Form]:
    """Each bound where it was sent."""
    auto_id = f"%s-{found.public_id}"
    people = answerers(found.solution, found.control, Moment.now().at)
    pieces = pieces_for(found, request.user)
    if sent != "answer":
        newest = pieces.order_by("-pk").values_list("pk", flat=True)[:OFFERED]
        pieces = pieces.filter(pk__in=list(newest))
    answer = AnswerForm(
        request.POST if sent == "answer" else None,
        request.FILES if sent == "answer" else None,
        pieces=pieces,
        refused=getattr(request, "refused_files", ()),
        initial={"version": found.version},
        auto_id=auto_id,
    )
    pass_on = PassOnForm(
        request.POST if sent == "pass_on" else None,
        people=people.exclude(pk__in=[request.user.pk, found.asked_by.pk]),
        initial={"version": found.version},
        auto_id=f"pass-{auto_id}",
    )
    for form in (answer, pass_on):
        form.fields["words"].widget.attrs["rows"] = 2
    return {"answer": answer, "pass_on": pass_on}


def _row(
    request: Request, found: EvidenceRequest, shown: dict[str, forms.Form], *, told: str = "", status: int = 200
) -> HttpResponse:
    context = {"found": found, "forms": shown, "told": told}
    return render(request, "dashboard/items/_request.html", context, status=status)


def _answer(request: Request, found: EvidenceRequest, said: dict[str, Any]) -> str:
    answered(found, said, by=request.user)
    return _("Answered. %(name)s is told, and settles it.") % {"name": found.asked_by.name}


def _pass_on(request: Request, found: EvidenceRequest, said: dict[str, Any]) -> str:
    requests.pass_on(found, to=said["to"], by=request.user, words=said["words"], read=said["version"])
    return _("Passed on to %(name)s.") % {"name": said["to"].name}


DOES: dict[str, Callable[[Request, EvidenceRequest, dict[str, Any]], str]] = {"answer": _answer, "pass_on": _pass_on}
