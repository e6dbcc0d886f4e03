"""Stating levels on the matrix, taking the portal's proposal over, and deciding on what colleagues propose."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from audit import clock
from audit.moment import Moment
from audit.public_id import get_or_404, whole_number
from organisation.forms import ReasonForm
from organisation.middleware import Request
from organisation.models import NotAllowed
from organisation.permissions import permitted
from risks import assessing, rights
from risks.models import Assessment, Matrix, Risk
from risks.proposing import Proposal, proposals
from risks.risk_forms import LevelForm
from risks.rules import Kind
from risks.views.risk import risks
from risks.views.risk_changes import back_to, done, page_of, refused


@permitted("risk.assess")
def state(request: Request, public_id: str, kind: str) -> HttpResponse:
    """A level of one kind: stated by who answers for the risk, else proposed to them."""
    if kind not in Kind.values:
        raise Http404(f"No such level: {kind}")
    found = get_or_404(risks(request), public_id)
    matrix = Matrix.objects.in_force(clock.now())
    none = "" if matrix else _("There is no matrix yet: levels are stated on one, which the second line adopts.")
    if answer := refused(request, found, rights.assess_refusal(found, request.user) or none):
        return answer
    assert matrix
    form = LevelForm(request.POST or None, matrix=matrix)
    if form.is_valid():
        likelihood, impact = form.cleaned_data["cell"]
        because = form.cleaned_data["because"]
        try:
            with transaction.atomic():
                made = assessing.state(
                    found, kind, likelihood=likelihood, impact=impact, because=because, by=request.user
                )
        except NotAllowed as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, _said(made))
            return redirect("risks:risk", found.public_id)
    return _level_page(request, found, Kind(kind), matrix, form)


def _said(made: Assessment) -> str:
    told = {"kind": made.get_kind_display(), "level": made.label}
    if made.confirmed_at:
        return _("%(kind)s level: %(level)s.") % told
    return _("%(kind)s level: %(level)s is proposed. Who answers for the risk confirms it.") % told


def _level_page(request: Request, risk: Risk, kind: Kind, matrix: Matrix, form: LevelForm) -> HttpResponse:
    asks = {
        Kind.INHERENT: _("How likely and how bad is it without any control?"),
        Kind.CURRENT: _("How likely and how bad is it today, with what really works?"),
        Kind.TARGET: _("How likely and how bad shall it be once its treatment is done?"),
    }
    standing = Assessment.objects.standing(clock.now()).filter(risk=risk, kind=kind, matrix=matrix).first()
    chosen = form["cell"].value() or (f"{standing.likelihood}-{standing.impact}" if standing else "")
    proposal = proposals([risk], request.user, Moment.now())[risk.pk] if kind == Kind.CURRENT else None
    context: dict[str, Any] = {
        "risk": risk,
        "heading": asks[kind],
        "kind": kind,
        "form": form,
        "columns": matrix.impacts,
        "rows": rows_of(matrix, chosen, proposal),
        "proposal": proposal,
        "proposed": toned(matrix, proposal.level) if proposal else None,
        "answers": rights.answers(request.user, risk),
        "back": reverse("risks:risk", args=[risk.public_id]),
        "answering": rights.names(rights.answering(risk)),
    }
    return render(request, "risks/level.html", context, status=422 if form.is_bound else 200)


def toned(matrix: Matrix, level: int | None) -> dict[str, Any] | None:
    return None if level is None else {"label": matrix.label(level), "tone": matrix.tone(level)}


def rows_of(matrix: Matrix, chosen: str, proposal: Proposal | None = None) -> list[dict[str, Any]]:
    """The matrix to choose a cell from, from the most likely down."""
    proposed = (proposal.likelihood, proposal.impact) if proposal else None
    return [
        {
            "label": matrix.likelihoods[row],
            "cells": [
                {
                    "value": f"{row}-{column}",
                    "label": matrix.label(level := matrix.level_of(row, column)),
                    "tone": matrix.tone(level),
                    "words": f"{matrix.likelihoods[row]}, {matrix.impacts[column]}",
                    "chosen": f"{row}-{column}" == chosen,
                    "proposed": (row, column) == proposed,
                }
                for column in range(len(matrix.impacts))
            ],
        }
        for row in reversed(range(len(matrix.likelihoods)))
    ]


@require_POST
@permitted("risk.assess")
def take(request: Request, public_id: str) -> HttpResponse:
    """The portal's proposal, as one's own statement. seen: the cell that the person saw."""
    found = get_or_404(risks(request), public_id)
    likelihood, _between, impact = request.POST.get("seen", "").partition("-")
    seen = {"likelihood": whole_number(likelihood), "impact": whole_number(impact)}
    words = _("The current level is stated as proposed.")
    return back_to(request, found, lambda: assessing.take(found, by=request.user, **seen), words)


def _waiting(request: Request, public_id: str, level: str) -> Assessment:
    found = get_or_404(risks(request), public_id)
    return get_or_404(assessing.waiting(found).select_related("risk", "matrix"), level)


@require_POST
@permitted("risk.assess")
def confirm(request: Request, public_id: str, level: str) -> HttpResponse:
    proposed = _waiting(request, public_id, level)
    words = _("%(kind)s level: %(level)s.") % {"kind": proposed.get_kind_display(), "level": proposed.label}
    return back_to(request, proposed.risk, lambda: assessing.confirm(proposed, by=request.user), words)


@permitted("risk.assess")
def decline(request: Request, public_id: str, level: str) -> HttpResponse:
    proposed = _waiting(request, public_id, level)
    risk = get_or_404(risks(request), public_id)
    why_not = "" if proposed.proposed_by == request.user else rights.confirm_refusal(risk, request.user)
    if answer := refused(request, risk, why_not):
        return answer
    lead = _("Proposed by %(who)s: %(level)s. %(why)s")
    told = {"who": proposed.proposed_by.name, "level": proposed.label, "why": proposed.because}
    page = page_of(risk, _("Decline the proposed level"), _("Decline it"), lead=lead % told)
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        return page.show(request, form)
    why = form.cleaned_data["reason"]
    words = _("The proposed level is declined.")
    return done(request, page, form, lambda: assessing.decline(proposed, because=why, by=request.user), words)
