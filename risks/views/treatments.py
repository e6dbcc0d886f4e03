"""Treatments: the list, one of them, and what people do with them and their actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.keyset import page_of
from audit.models import StaleRow
from audit.public_id import get_or_404
from organisation.forms import ReasonForm
from organisation.middleware import Request
from organisation.models import NotAllowed
from organisation.own_work import attempted
from organisation.permissions import may, permitted
from organisation.views.form_page import FormPage
from risks import treating, treatment_closing
from risks.holding import held
from risks.models import Risk, Treatment, TreatmentAction
from risks.treatment_forms import ActionForm, StateForm, TreatmentForm
from risks.treatment_list import Treatments, with_progress
from risks.views.tabs import tabs


@require_safe
@permitted("risk.view")
def treatments(request: Request) -> HttpResponse:
    found = Treatments.of(request.GET, request.user, request.moment)
    page = page_of(found.rows, order=("-id",), cursor=request.GET.get("cursor", ""))
    total, overdue = found.every.count(), found.overdue
    none = _("No treatment")
    context = {
        "page": page,
        "at": found.at,
        "total": found.rows.count(),
        "subject": ngettext("%(n)s treatment", "%(n)s treatments", total) % {"n": f"{total:,}"} if total else none,
        "overdue": overdue,
        "overdue_words": ngettext("%(n)d with overdue actions", "%(n)d with overdue actions", overdue) % {"n": overdue},
        "asked": found.asked,
        "choices": [
            {"name": name, "label": label, "values": known.items(), "chosen": found.asked.values.get(name, "")}
            for name, (label, known) in found.choices.items()
        ],
        "tabs": tabs(request, "treatments"),
    }
    return render(request, "risks/treatments.html", context)


def visible(request: Request) -> QuerySet[Treatment]:
    rows = Treatment.objects.visible_to(request.user).filter(added_at__lte=request.moment.at)
    return rows.select_related("risk__owner", "risk__solution", "owner", "closure_proposed_by", "closed_by")


@require_safe
@permitted("risk.view")
def treatment(request: Request, public_id: str) -> HttpResponse:
    at, user, is_now = request.moment.at, request.user, request.moment.is_now
    found = get_or_404(with_progress(visible(request), at), public_id)
    closed = found.is_closed(at)
    changes = is_now and not closed and not treating.change_refusal(found.risk, user, found.owner)
    context: dict[str, Any] = {
        "treatment": found,
        "title": _("%(what)s %(risk)s: %(state)s") % {
            "what": found.get_strategy_display(), "risk": found.risk.public_id,
            "state": _("closed") if closed else _("proposed for closing") if found.closure_proposed_at else _("open"),
        },
        "closed": closed,
        "actions": found.actions.filter(added_at__lte=at).select_related("owner", "ended_by"),
        "today": treating.today(),
        "checks": found.checks.in_force(at).select_related("check_ran"),
        "held": held(found, at) if is_now else None,
        "challenges": found.challenges.raised(at).select_related("raised_by", "answered_by", "settled_by"),
        "changes": changes,
        "proposes": changes and not treatment_closing.propose_refusal(found, user),
        "confirms": is_now and not treatment_closing.confirm_refusal(found, user),
        "confirmers": treatment_closing.confirmers(found) if found.closure_proposed_at and not closed else [],
        "challenges_it": is_now and may(user, "risk.challenge"),
    }  # fmt: skip
    return render(request, "risks/treatment.html", context)


Do = Callable[[dict[str, Any]], object]


def filled_in(request: Request, page: FormPage, form: Form, do: Do, *, why_not: str = "") -> HttpResponse:
    """Show a form, and do what it says. A refusal stands above it, or on the page that it came from."""
    if not request.moment.is_now:
        why_not = _("Nobody acts in the past: go back to now.")
    if why_not:
        attempted(why_not)
        messages.error(request, why_not)
        return redirect(page.back)
    if not form.is_valid():
        return page.show(request, form)
    try:
        do(form.cleaned_data)
    except NotAllowed as no:
        field = getattr(no, "field", "")
        form.add_error(field if field in form.fields else None, str(no))
        return page.show(request, form)
    except StaleRow:
        form.add_error(None, _("Somebody saved it since you opened it; look again, nothing was overwritten."))
        return page.show(request, form)
    messages.success(request, _("Saved. It is on the record."))
    return redirect(page.back)


def _page(found: Treatment, heading: str, verb: str, lead: str = "", danger: bool = False) -> FormPage:
    back = reverse("risks:treatment", args=[found.public_id])
    return FormPage(heading, verb, back, found.public_id, lead, danger)


@permitted("treatment.change")
def add(request: Request, public_id: str) -> HttpResponse:
    """Of a risk."""
    rows = Risk.objects.visible_to(request.user).select_related("owner", "solution")
    risk = get_or_404(rows, public_id)
    form = TreatmentForm(request.POST or None, risk=risk)
    page = FormPage(
        heading=_("Treat %(id)s: %(title)s") % {"id": risk.public_id, "title": risk.title},
        verb=_("Add the treatment"),
        back=reverse("risks:treatments"),
        back_label=_("Treatments"),
    )
    why_not = treating.change_refusal(risk, request.user)
    return filled_in(
        request, page, form, lambda said: treating.add(risk, by=request.user, **form.said), why_not=why_not
    )


@permitted("treatment.change")
def change(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    form = TreatmentForm(request.POST or None, risk=found.risk, treatment=found)
    page = _page(found, _("Change %(id)s") % {"id": found.public_id}, _("Save it"))
    why_not = treating.change_refusal(found.risk, request.user, found.owner)

    def do(said: dict[str, Any]) -> None:
        read = said["version"] or found.version
        treating.change(found, by=request.user, because=said["because"], read=read, **form.said)

    return filled_in(request, page, form, do, why_not=why_not)


@permitted("treatment.change")
def add_action(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    form = ActionForm(request.POST or None, treatment=found)
    page = _page(found, _("Add an action to %(id)s") % {"id": found.public_id}, _("Add the action"))
    why_not = treating.change_refusal(found.risk, request.user, found.owner)
    do: Do = lambda said: treating.add_action(found, by=request.user, **form.said)  # noqa: E731
    return filled_in(request, page, form, do, why_not=why_not)


def _action(request: Request, public_id: str) -> TreatmentAction:
    rows = TreatmentAction.objects.visible_to(request.user)
    return get_or_404(rows.select_related("treatment__risk__owner", "treatment__owner", "owner"), public_id)


@permitted("treatment.change")
def change_action(request: Request, public_id: str) -> HttpResponse:
    found = _action(request, public_id)
    form = ActionForm(request.POST or None, treatment=found.treatment, action=found)
    page = _page(found.treatment, _("Change “%(what)s”") % {"what": found.what}, _("Save it"))
    why_not = treating.change_refusal(found.treatment.risk, request.user, found.owner)

    def do(said: dict[str, Any]) -> None:
        read = said["version"] or found.version
        treating.change_action(found, by=request.user, because=said["because"], read=read, **form.said)

    return filled_in(request, page, form, do, why_not=why_not)


@permitted("treatment.change")
def move_action(request: Request, public_id: str) -> HttpResponse:
    found = _action(request, public_id)
    initial = {"state": TreatmentAction.State.DONE.value, "version": found.version}
    form = StateForm(request.POST or None, initial=initial)
    page = _page(found.treatment, _("Move “%(what)s”") % {"what": found.what}, _("Save it"))
    why_not = treating.change_refusal(found.treatment.risk, request.user, found.owner)

    def do(said: dict[str, Any]) -> None:
        treating.set_state(found, said["state"], by=request.user, because=said["because"], read=said["version"])

    return filled_in(request, page, form, do, why_not=why_not)


@permitted("treatment.close")
def propose_closure(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    page = _page(
        found, _("Propose to close %(id)s") % {"id": found.public_id}, _("Propose it"),
        _("Say what shows that it is done. Another person than you and its owner confirms."),
    )  # fmt: skip
    do: Do = lambda said: treatment_closing.propose(found, because=said["reason"], by=request.user)  # noqa: E731
    why_not = treatment_closing.propose_refusal(found, request.user)
    return filled_in(request, page, ReasonForm(request.POST or None), do, why_not=why_not)


@permitted("treatment.close")
def confirm_closure(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    page = _page(
        found, _("Close %(id)s") % {"id": found.public_id}, _("Confirm that it is done"), found.closure_because
    )
    do: Do = lambda said: treatment_closing.confirm(found, because=said["reason"], by=request.user)  # noqa: E731
    why_not = treatment_closing.confirm_refusal(found, request.user)
    return filled_in(request, page, ReasonForm(request.POST or None), do, why_not=why_not)


@permitted("treatment.close")
def decline_closure(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    page = _page(found, _("Send the closing of %(id)s back") % {"id": found.public_id}, _("Send it back"), danger=True)
    do: Do = lambda said: treatment_closing.decline(found, because=said["reason"], by=request.user)  # noqa: E731
    proposer = found.closure_proposed_by == request.user and not found.closed_at
    why_not = "" if proposer else treatment_closing.confirm_refusal(found, request.user)
    return filled_in(request, page, ReasonForm(request.POST or None), do, why_not=why_not)
