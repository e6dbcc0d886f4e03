"""The matrix in force, its versions, and adopting another one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit import clock
from audit.models import StaleRow
from audit.public_id import get_or_404
from findings.models import Severity
from organisation.middleware import Request
from organisation.models import NotAllowed
from organisation.permissions import may, permitted
from risks import matrices
from risks.matrix_form import IN_FORCE, STANDARD, MatrixForm, draft_asked_for
from risks.models import FEWEST, MOST, Matrix, Risk
from risks.standing import Effect
from risks.views.tabs import tabs

Standing = Risk.Standing


@require_safe
@permitted("appetite.view")
def matrix(request: Request) -> HttpResponse:
    return _shown(request, Matrix.objects.in_force(request.moment.at))


@require_safe
@permitted("appetite.view")
def version(request: Request, public_id: str) -> HttpResponse:
    return _shown(request, get_or_404(Matrix.objects.adopted(request.moment.at), public_id))


def _shown(request: Request, found: Matrix | None) -> HttpResponse:
    versions = list(Matrix.objects.adopted(request.moment.at).select_related("adopted_by"))
    in_force = versions[0] if versions else None
    context: dict[str, Any] = {
        "matrix": found,
        "title": _title(found, in_force),
        "tabs": tabs(request, "matrix"),
        "versions": versions,
        "in_force": in_force,
        "until": next((one.adopted_at for one in versions if found and one.follows_id == found.pk), None),
        "manages": may(request.user, "appetite.manage") and request.moment.is_now,
    }
    if found:
        before = next((one for one in versions if one.pk == found.follows_id), None)
        context |= {
            "rows": rows(found),
            "severities": [
                (one.label, level(found, found.by_severity[one.value])) for one in sorted(Severity, reverse=True)
            ],
            "before": before,
            "carried": [
                (level(before, n), level(found, reads)) for n, reads in reversed(list(enumerate(found.carried)))
            ]
            if before
            else [],
        }
    return render(request, "risks/matrix.html", context)


def _title(found: Matrix | None, in_force: Matrix | None) -> str:
    if found is None:
        return _("No matrix is adopted yet")
    told = {"rows": len(found.likelihoods), "columns": len(found.impacts), "id": found.public_id}
    if found == in_force:
        n = len(found.levels)
        words = ngettext("%(n)d level", "%(n)d levels", n) % {"n": n}
        return _("Risks are stated on a %(rows)d×%(columns)d matrix with %(levels)s") % {**told, "levels": words}
    return _("%(id)s: a %(rows)d×%(columns)d matrix that was in force before") % told


def level(matrix: Matrix, index: int) -> dict[str, Any]:
    return {"label": matrix.label(index), "tone": matrix.tone(index), "index": index}


def rows(found: Matrix) -> list[dict[str, Any]]:
    """The most likely first, as a matrix is drawn."""
    return [
        {"label": found.likelihoods[row], "cells": [level(found, one) for one in found.cells[row]]}
        for row in reversed(range(len(found.likelihoods)))
    ]


@permitted("appetite.manage")
def adopt(request: Request) -> HttpResponse:
    before = Matrix.objects.in_force(clock.now())
    draft = draft_asked_for(request.GET, before)
    form = MatrixForm(request.POST or None, draft, before)
    context: dict[str, Any] = {
        "form": form,
        "before": before,
        "starts": [(IN_FORCE, _("the matrix in force")), (STANDARD, _("the ordinary 5×5 matrix"))],
        "start": request.GET.get("start", IN_FORCE if before else STANDARD),
        "sizes": [
            (name, label, form.sizes[name])
            for name, label in (("likelihoods", _("Likelihoods")), ("impacts", _("Impacts")), ("levels", _("Levels")))
        ],
        "possible": range(FEWEST, MOST + 1),
    }
    if not form.is_valid():
        return render(request, "risks/matrix_adopt.html", context, status=422 if form.is_bound else 200)
    if request.POST.get("act") == "adopt" and form.cleaned_data["seen"] == form.digest:
        try:
            return _adopted(request, form)
        except StaleRow:
            form.add_error(
                None, _("Another matrix was adopted this moment. Look at that one, then begin again from it.")
            )
        except NotAllowed as no:
            form.add_error(None, str(no))
        return render(request, "risks/matrix_adopt.html", context, status=422)
    context |= previewed(form, matrices.effect(form.said))
    return render(request, "risks/matrix_adopt.html", context)


def _adopted(request: Request, form: MatrixForm) -> HttpResponse:
    told = {name: form.cleaned_data[name] for name in ("because", "approved_by", "approved_on", "reference")}
    matrices.adopt(form.said, by=request.user, read=form.before, **told)
    messages.success(
        request, _("The matrix is in force. What was assessed before keeps its own, and reads as you said.")
    )
    return redirect("risks:matrix")


def previewed(form: MatrixForm, found: Effect) -> dict[str, Any]:
    """What would change, in rows: levels before and after, and standings before and after."""
    said = form.said
    before = [
        {"label": one["label"], "tone": one["tone"], "count": found.levels_before[n]}
        for n, one in enumerate(form.before.levels if form.before else [])
    ]
    after = [
        {"label": one["label"], "tone": one["tone"], "count": found.levels_after[n]}
        for n, one in enumerate(said.levels)
    ]
    return {
        "digest": form.digest,
        "effect": found,
        "levels_before": before[::-1],
        "levels_after": after[::-1],
        "standings": compared(found),
        "drawn": [
            {"label": said.likelihoods[row], "cells": [said.levels[one] for one in said.cells[row]]}
            for row in reversed(range(len(said.cells)))
        ],
        "said": said,
    }


def compared(found: Effect) -> list[dict[str, Any]]:
    """Each standing that anything has, before or after, the worst first."""
    order = (
        Standing.ABOVE_TOLERANCE,
        Standing.ABOVE_APPETITE,
        Standing.WITHIN,
        Standing.NO_APPETITE,
        Standing.NOT_ASSESSED,
    )
    return [
        {
            "value": one.value,
            "label": one.label,
            "before": found.standings_before[one],
            "after": found.standings_after[one],
            "more": found.more(one),
        }
        for one in order
        if found.standings_before[one] or found.standings_after[one]
    ]
