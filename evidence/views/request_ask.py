"""Asking for evidence; the address may say already what it is about."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from audit import clock
from audit.public_id import get_or_404
from controls.models import Control, Requirement
from evidence import requests
from evidence.asked_people import answerers, everybody_asked
from evidence.request_forms import AskForm
from evidence.request_rules import controls_to_ask_of, solutions_to_ask_of
from evidence.sources import Source, asked_for
from organisation.middleware import Request
from organisation.models import Visibility
from organisation.permissions import permitted
from organisation.views.form_page import FormPage
from risks.refusals import Refused


@permitted("evidence_request.ask")
def ask(request: Request) -> HttpResponse:
    """?control=, solution=, requirement=, item=, source=kind:id."""
    if not request.moment.is_now:
        messages.error(request, _("Nobody acts in the past: go back to now."))
        return redirect("evidence:requests")
    source = asked_for(request.GET.get("source", ""), request.user)
    form = form_of(request)
    page = FormPage(
        heading=_("Ask for evidence"),
        verb=_("Ask for it"),
        back=source.url if source else reverse("evidence:requests"),
        back_label=source.title if source else _("Requests"),
        lead=_("Whoever is asked finds it under their items, answers with evidence or in words, or passes it on."),
    )
    if not form.is_valid():
        return page.show(request, form)
    try:
        made = requests.ask(form.asking(source), by=request.user)
    except Refused as no:
        form.add_error(no.field if no.field in form.fields else None, str(no))
        return page.show(request, form)
    messages.success(request, _("Asked for as %(id)s.") % {"id": made.public_id})
    return redirect("evidence:request", made.public_id)


def form_of(request: Request) -> AskForm:
    """Raises Http404 for what the address names and this person does not see."""
    at, user = clock.now(), request.user
    solutions, controls = solutions_to_ask_of(user).order_by("name"), controls_to_ask_of(user).order_by("name")
    initial = initial_of(request.GET, solutions, controls)
    solution, control = initial.get("solution"), initial.get("control")
    seen = Visibility.of(user)
    if solution or control:
        people = answerers(solution, control, at)
    else:
        people = everybody_asked(None if seen.everything else seen.solutions, at)
    return AskForm(
        request.POST or None,
        initial=initial,
        solutions=solutions,
        controls=controls,
        people=people.exclude(pk=user.pk),
    )


def initial_of(query: QueryDict, solutions: Any, controls: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"item": query.get("item", "")[:500]}
    if query.get("control"):
        control: Control = get_or_404(controls.select_related("owner", "solution"), query.get("control", ""))
        told |= {"control": control, "solution": control.solution, "assignee": control.owner}
    if query.get("solution", "none") != "none":
        told["solution"] = get_or_404(solutions, query.get("solution", ""))
    if query.get("requirement"):
        told["requirement"] = get_or_404(Requirement.objects.all(), query.get("requirement", "")).public_id
    return told


def to_ask(source: Source | None = None, **about: str) -> str:
    """The address that asks about these public ids."""
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in about.items() if value})
    if source:
        query["source"] = source.key
    path = reverse("evidence:request_ask")
    return f"{path}?{query.urlencode()}" if query else path
