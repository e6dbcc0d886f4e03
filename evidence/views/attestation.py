"""One attestation: asked for, given, withdrawn."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from audit import clock
from audit.public_id import get_or_404
from controls.models import Control
from evidence import attesting
from evidence.answering import brought, pieces_of
from evidence.asked_people import answerers, everybody_asked
from evidence.attestation_forms import AskForAttestationForm, GiveForm, StateForm
from evidence.attestation_list import RELATED, as_of, shown
from evidence.models import Attestation, Evidence
from evidence.request_forms import SettleForm
from organisation.middleware import Request
from organisation.models import Solution, User
from organisation.permissions import permitted
from organisation.views.form_page import FormPage
from risks.refusals import Refused
from risks.views.treatments import filled_in


def visible(request: Request) -> QuerySet[Attestation]:
    rows = as_of(Attestation.objects.visible_to(request.user), request.moment.at)
    return rows.select_related(*RELATED, "control__solution", "control__owner", "verdict__control")


@require_safe
@permitted("attestation.view")
def attestation(request: Request, public_id: str) -> HttpResponse:
    at, user, is_now = request.moment.at, request.user, request.moment.is_now
    found = get_or_404(visible(request), public_id)
    told = shown(found, timezone.localdate(at))
    pieces, hidden = pieces_seen(found, user) if told["given"] or found.attested_at else ([], 0)
    context: dict[str, Any] = {
        **told,
        "found": found,
        "own": found.asked_by == found.asked_of,
        "is_given": found.attested_at is not None and found.attested_at <= at,
        "is_withdrawn": told["stands"] == "withdrawn",
        "pieces": pieces,
        "hidden": hidden,
        "gives": is_now and not attesting.give_refusal(found, user, at),
        "withdraws": is_now and not attesting.withdraw_refusal(found, user),
        "calls_off": is_now and not attesting.call_off_refusal(found, user),
    }
    return render(request, "evidence/attestation.html", context)


def pieces_seen(found: Attestation, user: User) -> tuple[list[Evidence], int]:
    """Those that the reader may see, and how many others."""
    keys = list(found.evidence.values_list("pk", flat=True))
    seen = list(Evidence.objects.visible_to(user).filter(pk__in=keys).order_by("pk")) if keys else []
    return seen, len(keys) - len(seen)


def control_of(request: Request, public_id: str) -> Control:
    """Raises Http404."""
    rows = Control.objects.visible_to(request.user).in_use(clock.now()).select_related("owner", "solution")
    return get_or_404(rows, public_id)


def initial_of(request: Request, control: Control) -> dict[str, Any]:
    solutions = Solution.objects.visible_to(request.user)
    chosen = request.GET.get("solution", "")
    named = {"solution": get_or_404(solutions, chosen)} if chosen and chosen != "none" else {}
    return {"statement": control.objective, **named}


def own_solutions(request: Request) -> QuerySet[Solution]:
    return Solution.objects.visible_to(request.user).in_use(clock.now()).order_by("name")


@permitted("attestation.ask")
def ask(request: Request, public_id: str) -> HttpResponse:
    """public_id: of the control. ?solution=."""
    control = control_of(request, public_id)
    initial = initial_of(request, control) | {"asked_of": control.owner}
    solution = control.solution or initial.get("solution")
    form = AskForAttestationForm(
        request.POST or None,
        control=control,
        solutions=own_solutions(request),
        people=_people(control, solution).exclude(pk=request.user.pk),
        initial=initial,
    )
    page = FormPage(
        heading=_("Ask somebody to attest %(name)s") % {"name": control.name},
        verb=_("Ask for it"),
        back=reverse("controls:control", args=[control.public_id]),
        back_label=control.name,
        lead=_("That person alone states it, by name; it stands in the history of the control from then on."),
    )

    def do(said: dict[str, Any]) -> Attestation:
        return attesting.ask(form.said, of=said["asked_of"], due_on=said["due_on"], by=request.user)

    return _made(request, page, form, do)


def _people(control: Control, solution: Solution | None) -> QuerySet[User]:
    """Where the solution is not said yet, also those who work on any of them: the verb refuses the others."""
    at = clock.now()
    if control.solution or solution:
        return answerers(solution, control, at)
    return everybody_asked(None, at)


@permitted("attestation.give")
def state(request: Request, public_id: str) -> HttpResponse:
    """Of one's own accord. public_id: of the control. ?solution=."""
    control = control_of(request, public_id)
    initial = initial_of(request, control)
    form = StateForm(
        request.POST or None,
        request.FILES or None,
        control=control,
        of=control,
        solutions=own_solutions(request),
        pieces=pieces_of(control.solution or initial.get("solution"), control, request.user),
        refused=getattr(request, "refused_files", ()),
        initial=initial,
    )
    page = FormPage(
        heading=_("Attest %(name)s") % {"name": control.name},
        verb=_("Attest it"),
        back=reverse("controls:control", args=[control.public_id]),
        back_label=control.name,
        lead=_("A statement by name, for a period that is over. It says less than a test: say what it rests on."),
    )

    def do(said: dict[str, Any]) -> Attestation:
        pieces = _with_file(said, control, form.said.solution, form.said.period, request.user)
        return attesting.state(form.said, form.given(pieces), by=request.user)

    return _made(request, page, form, do)


def _made(request: Request, page: FormPage, form: Form, do: Any) -> HttpResponse:
    """Lead to what was made, or show the form with why it was not."""
    if not request.moment.is_now:
        messages.error(request, _("Nobody acts in the past: go back to now."))
        return redirect(page.back)
    if not form.is_valid():
        return page.show(request, form)
    try:
        with transaction.atomic():
            made = do(form.cleaned_data)
    except Refused as no:
        form.add_error(no.field if no.field in form.fields else None, str(no))
        return page.show(request, form)
    messages.success(request, _("Recorded as %(id)s.") % {"id": made.public_id})
    return redirect("evidence:attestation", made.public_id)


def _with_file(
    said: dict[str, Any], control: Control, solution: Solution | None, period: Any, by: User
) -> list[Evidence]:
    pieces = list(said["evidence"])
    if said["file"]:
        pieces.append(brought(said, control, solution, period, by))
    return pieces


@permitted("attestation.give")
def give(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    form = GiveForm(
        request.POST or None,
        request.FILES or None,
        of=found.control,
        pieces=pieces_of(found.solution, found.control, request.user),
        refused=getattr(request, "refused_files", ()),
    )
    page = _page(found, _("Attest it"), found.statement)

    @transaction.atomic
    def do(said: dict[str, Any]) -> object:
        period = (found.period_from, found.period_to)
        pieces = _with_file(said, found.control, found.solution, period, request.user)
        return attesting.give(found, form.given(pieces), by=request.user)

    why_not = attesting.give_refusal(found, request.user, request.moment.at)
    return filled_in(request, page, form, do, why_not=why_not)


def _page(found: Attestation, verb: str, lead: str, *, danger: bool = False) -> FormPage:
    back = reverse("evidence:attestation", args=[found.public_id])
    return FormPage(f"{verb}: {found.control.name}", verb, back, found.public_id, lead, danger)


@permitted("attestation.give")
def withdraw(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    lead = _("From now on it holds no longer, in the ledger of the control either. That it was stated stays.")
    page, form = _page(found, _("Withdraw it"), lead, danger=True), SettleForm(request.POST or None)
    why_not = attesting.withdraw_refusal(found, request.user)

    def do(said: dict[str, Any]) -> object:
        return attesting.withdraw(found, because=said["because"], by=request.user)

    return filled_in(request, page, form, do, why_not=why_not)


@permitted("attestation.ask")
def call_off(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    lead = _("Nobody has to state it any more. That it was asked stays on the record.")
    page, form = _page(found, _("Call it off"), lead, danger=True), SettleForm(request.POST or None)
    why_not = attesting.call_off_refusal(found, request.user)

    def do(said: dict[str, Any]) -> object:
        return attesting.call_off(found, because=said["because"], by=request.user)

    return filled_in(request, page, form, do, why_not=why_not)
