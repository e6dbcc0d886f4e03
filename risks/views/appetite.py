"""How much risk is wanted and borne, where, and who approved it; recording and ending it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit import clock
from audit.public_id import get_or_404
from organisation.forms import ReasonForm
from organisation.middleware import Request
from organisation.models import NotAllowed
from organisation.permissions import may, permitted
from organisation.views.form_page import FormPage
from risks import appetites, figures
from risks.models import Appetite, Matrix, Risk
from risks.models.appetite import Approved
from risks.rules import Rules
from risks.standing import Effect
from risks.steering_forms import AppetiteForm
from risks.views.matrix import compared, level
from risks.views.tabs import tabs

Standing = Risk.Standing


@require_safe
@permitted("appetite.view")
def appetite(request: Request) -> HttpResponse:
    at = request.moment.at
    every = list(appetites.seen_by(request.user, at).order_by("-valid_from", "-pk"))
    rules = Rules.at(at)
    counts = figures.by_scope(request.user, request.moment)
    in_force = [one for one in every if one.valid_to is None or one.valid_to > at]
    context = {
        "title": _title(counts),
        "tabs": tabs(request, "appetite"),
        "rows": [shown(one, rules, counts) for one in sorted(in_force, key=_broadest_first)],
        "ended": [shown(one, rules, Counter()) for one in every if one not in in_force],
        "matrix": rules.matrix,
        "without": sum(n for (*_scope, standing), n in counts.items() if standing == Standing.NO_APPETITE),
        "manages": may(request.user, "appetite.manage") and request.moment.is_now,
    }
    return render(request, "risks/appetite.html", context)


def _title(counts: Counter[figures.Key]) -> str:
    standings: Counter[str] = Counter()
    for (*_scope, standing), n in counts.items():
        standings[standing] += n
    beyond, above = standings[Standing.ABOVE_TOLERANCE], standings[Standing.ABOVE_APPETITE]
    if not standings:
        return _("Appetite and tolerance")
    if not beyond and not above:
        return _("No risk is above appetite")
    is_beyond = ngettext("%(n)s risk is above tolerance", "%(n)s risks are above tolerance", beyond)
    words = [is_beyond % {"n": f"{beyond:,}"}, _("%(n)s above appetite") % {"n": f"{above:,}"}]
    return ", ".join(words)


def _broadest_first(one: Appetite) -> tuple[bool, bool, str, str]:
    return (
        one.solution_id is not None,
        one.category_id is not None,
        str(one.solution or "").casefold(),
        str(one.category or "").casefold(),
    )


def shown(row: Appetite, rules: Rules, counts: Counter[figures.Key]) -> dict[str, Any]:
    """A row with its levels as they were stated, as they read now where that differs, and how risks stand there."""
    standings, decides = figures.within(row, counts, rules)
    bounds = next((one for one in rules.bounds.values() if one.key == row.pk), None)
    stated = (level(row.matrix, row.appetite), level(row.matrix, row.tolerance))
    now = (
        (level(rules.matrix, bounds.appetite), level(rules.matrix, bounds.tolerance))
        if bounds and rules.matrix
        else None
    )
    return {
        "row": row,
        "appetite": now[0] if now else stated[0],
        "tolerance": now[1] if now else stated[1],
        "stated": stated if now and [one["label"] for one in now] != [one["label"] for one in stated] else None,
        "standings": [
            {"value": one.value, "label": one.label, "count": standings[one]}
            for one in (Standing.WITHIN, Standing.ABOVE_APPETITE, Standing.ABOVE_TOLERANCE)
        ],
        "open": standings.total(),
        "decides": decides,
    }


@permitted("appetite.manage")
def record(request: Request) -> HttpResponse:
    return _recorded(request, None)


@permitted("appetite.manage")
def replace(request: Request, public_id: str) -> HttpResponse:
    return _recorded(request, _open(public_id))


def _recorded(request: Request, replaces: Appetite | None) -> HttpResponse:
    matrix = Matrix.objects.in_force(clock.now())
    if matrix is None:
        messages.warning(request, _("Levels are stated on a matrix: adopt one first."))
        return redirect("risks:matrix")
    form = AppetiteForm(request.POST or None, matrix=matrix, replaces=replaces)
    context: dict[str, Any] = {"form": form, "replaces": replaces, "back": reverse("risks:appetite")}
    if not form.is_valid():
        return render(request, "risks/appetite_record.html", context, status=422 if form.is_bound else 200)
    said = form.said
    token = f"{said['solution']}/{said['category']}/{said['appetite']}/{said['tolerance']}"
    if request.POST.get("act") == "record" and request.POST.get("seen") == token:
        try:
            made = appetites.record(by=request.user, **said)
        except NotAllowed as no:
            form.add_error(None, str(no))
            return render(request, "risks/appetite_record.html", context, status=422)
        messages.success(request, _("%(id)s is in force.") % {"id": made.public_id})
        return redirect(context["back"])
    scope = {name: said[name] for name in ("solution", "category", "appetite", "tolerance")}
    found = appetites.effect(**scope)
    context |= {"seen": token, "standings": compared(found), "says": says(found)}
    return render(request, "risks/appetite_record.html", context)


def says(found: Effect) -> list[str]:
    """What would change, in sentences; one where nothing would."""
    told = []
    beyond, above = found.more(Standing.ABOVE_TOLERANCE), found.more(Standing.ABOVE_APPETITE)
    if beyond:
        words = ngettext(
            "%(n)d more risk would be above tolerance.", "%(n)d more risks would be above tolerance.", beyond
        )
        fewer = ngettext(
            "%(n)d risk fewer would be above tolerance.", "%(n)d risks fewer would be above tolerance.", -beyond
        )
        told.append((words if beyond > 0 else fewer) % {"n": abs(beyond)})
    if above:
        words = ngettext("%(n)d more risk would be above appetite.", "%(n)d more risks would be above appetite.", above)
        fewer = ngettext(
            "%(n)d risk fewer would be above appetite.", "%(n)d risks fewer would be above appetite.", -above
        )
        told.append((words if above > 0 else fewer) % {"n": abs(above)})
    return told or [_("No risk would stand otherwise in number.")]


@permitted("appetite.manage")
def end(request: Request, public_id: str) -> HttpResponse:
    found = _open(public_id)
    if request.method != "POST":
        effect = appetites.effect(solution=found.solution, category=found.category, appetite=None, tolerance=None)
        lead = _("From now on the next less specific one counts there, if any. %(says)s") % {
            "says": " ".join(says(effect))
        }
    else:
        lead = ""
    page = FormPage(
        heading=_("End the appetite %(id)s") % {"id": found.public_id},
        lead=lead,
        verb=_("End it now"),
        back=reverse("risks:appetite"),
        back_label=_("Appetite"),
        danger=True,
    )
    return ended(request, page, found, appetites.end)


def ended(request: Request, page: FormPage, found: Approved, verb: Any) -> HttpResponse:
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        return page.show(request, form)
    try:
        verb(found, because=form.cleaned_data["reason"], by=request.user)
    except NotAllowed as no:
        form.add_error(None, str(no))
        return page.show(request, form)
    messages.success(request, _("Ended. The history stays."))
    return redirect(page.back)


def _open(public_id: str) -> Appetite:
    rows = Appetite.objects.in_force(clock.now()).select_related("solution", "category", "matrix")
    return get_or_404(rows, public_id)
