"""The register of risks as a list and as a file."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as word
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.words import in_the_organisations_language
from controls.addresses import door_of, files_of
from controls.tables import as_csv, as_xlsx
from organisation.middleware import Request
from organisation.models import Role, Visibility
from organisation.permissions import may, permitted
from risks.doors import to_register
from risks.models import Category, Matrix, Risk
from risks.panels import MARKS
from risks.register import Register
from risks.register_columns import chosen
from risks.register_rows import Row
from risks.views.tabs import tabs

Standing = Risk.Standing
HEAD = (
    word("Id"),
    word("Title"),
    word("Cause"),
    word("Event"),
    word("Consequence"),
    word("Solution"),
    word("Category"),
    word("Owner"),
    word("Owner's e-mail"),
    word("Inherent"),
    word("Current"),
    word("Target"),
    word("Standing"),
    word("Treatment"),
    word("Next action due"),
    word("Treatment overdue"),
    word("Next review"),
    word("Review overdue"),
    word("Ticket"),
    word("Added at"),
    word("Closed at"),
)


@require_safe
@permitted("risk.view")
def register(request: Request) -> HttpResponse:
    found = Register.of(request.GET, request.user, request.moment)
    page = found.page(request.GET.get("cursor", ""))
    context = {
        "found": found,
        "title": title(found),
        "tells": tells(request, found),
        "tabs": tabs(request, "register"),
        "page": page,
        "total": found.total,
        "columns": chosen(request.GET),
        "rows": [drawn(row, found.matrix) for row in page.rows],
        "chips": chips(found),
        "choices": choices(found),
        "exports": files_of(request, "risks:register_export") if may(request.user, "risk.export") and page.rows else [],
        "adds": may(request.user, "risk.add") and request.moment.is_now,
        "add_url": door_of(request.GET, reverse("risks:risk_add"), "", ""),
        "empty": None if page.rows else why_empty(request, found),
    }
    return render(request, "risks/register.html", context)


def title(found: Register) -> str:
    """How many are open; how they stand is told beside, each part a door."""
    of = f"{found.solution.name}: " if found.solution else ""
    n = found.facets.total
    if not n:
        return of + _("no open risk") if of else _("No open risk")
    return of + ngettext("%(n)s open risk", "%(n)s open risks", n) % {"n": f"{n:,}"}


def tells(request: Request, found: Register) -> list[dict[str, Any]]:
    """What the title says of them: words, and the address that lists the same."""
    words = {
        Standing.ABOVE_TOLERANCE: _("%(n)s above tolerance"),
        Standing.ABOVE_APPETITE: _("%(n)s above appetite"),
        Standing.NOT_ASSESSED: _("%(n)s not assessed"),
    }
    return [
        {"words": said % {"n": f"{n:,}"}, "url": door_of(request.GET, to_register(), "standing", one.value)}
        for one, said in words.items()
        if (n := found.facets.open[one.value])
    ]


def chips(found: Register) -> list[dict[str, Any]]:
    """With how many of the scope have the value."""
    counts = found.facets.values
    return [
        {**one, "count": counts[one["key"]][one["value"]] if one["key"] in counts else None}
        for one in found.asked.chips
    ]


def choices(found: Register) -> list[dict[str, Any]]:
    """What the list can be narrowed by, each value with how many have it; those that nothing has are left out."""
    told = []
    for name, (label, known) in found.choices.items():
        counts, asked = found.facets.values.get(name), found.asked.values.get(name, "")
        values = [
            {"value": value, "word": word, "count": counts[value] if counts is not None else None}
            for value, word in known.items()
            if counts is None or counts[value] or value == asked
        ]
        told.append({"name": name, "label": label, "values": values, "chosen": asked})
    return told


def drawn(row: Row, matrix: Matrix | None) -> dict[str, Any]:
    """What a line shows: its levels with label and tone, its standing with its mark."""
    risk = row.risk
    return {
        "row": row,
        "risk": risk,
        "closed": risk.closed_at is not None,
        "mark": MARKS.get(risk.standing, "not_observed"),
        **{name: _level(getattr(risk, name), matrix) for name in ("inherent", "current", "target")},
    }


def _level(level: int | None, matrix: Matrix | None) -> dict[str, Any] | None:
    if level is None or matrix is None:
        return None
    return {"label": matrix.label(level), "tone": matrix.tone(level)}


def why_empty(request: Request, found: Register) -> dict[str, str]:
    """Why nothing is listed, to this reader, and what to do."""
    if found.asked.values:
        return {
            "title": _("No risk matches"),
            "why": _("Remove a filter, or look for other words."),
            "url": door_of(request.GET, request.path, "", ""),
            "verb": _("Remove the filter"),
        }
    if not request.moment.is_now:
        return {"title": _("No risk at this moment"), "why": _("Those of today were added later.")}
    seen = Visibility.of(request.user)
    if not seen.everything and not seen.solutions:
        why = _("An owner of your solution, or the second line, can give you access to it.")
        return {"title": _("No solution is open to you yet"), "why": why}
    if not Category.objects.in_use().exists():
        return _no_category(request)
    if may(request.user, "risk.add"):
        why = _("Write down what may happen, why, and what it would do; or make one of what fails, from a finding.")
        add = door_of(request.GET, reverse("risks:risk_add"), "", "")
        return {"title": _("No risk yet"), "why": why, "url": add, "verb": _("Add the first one")}
    if request.user.line == Role.EXTERNAL:
        return {"title": _("No risk concerns you"), "why": _("The solutions that you look at have none on record.")}
    return {"title": _("No risk yet"), "why": _("The first line adds what may happen to its solutions.")}


def _no_category(request: Request) -> dict[str, str]:
    told = {"title": _("No risk yet"), "why": _("Risks are sorted by category, and there is none yet.")}
    if may(request.user, "appetite.manage"):
        return {**told, "url": reverse("risks:categories"), "verb": _("Add a category")}
    return {**told, "why": _("Risks are sorted by category: the second line adds the first one.")}


@require_safe
@permitted("risk.export")
@in_the_organisations_language
def export(request: Request, form: str) -> HttpResponse:
    """What the address asks for, all pages in the same order. form: csv or xlsx."""
    if form not in ("csv", "xlsx"):
        raise Http404(f"No such form: {form}")
    found = Register.of(request.GET, request.user, request.moment)
    lines = [_line(row, found.matrix) for row in found.every()]
    at = request.moment.at
    about = {
        _("As of"): _("%(at)s UTC") % {"at": f"{at:%Y-%m-%d %H:%M:%S}"},
        _("Scope"): found.solution.name if found.solution else _("no solution") if found.scope else _seen(request),
        _("Matrix"): found.matrix.public_id if found.matrix else "none",
    }
    name = f"risks-{at:%Y%m%dT%H%M%SZ}"
    if form == "csv":
        return as_csv(name, (*HEAD, *about), [(*line, *about.values()) for line in lines])
    narrowed = ", ".join(f"{key}={value}" for key, value in found.asked.values.items()) or _(
        "nothing: all that are open"
    )
    told = {
        _("What"): _("The register of risks"),
        **about,
        _("Narrowed to"): narrowed,
        _("Order"): found.order,
        _("Rows"): str(len(lines)),
        _("Read by"): request.user.name,
        _("Address"): request.build_absolute_uri(f"{to_register()}?{request.GET.urlencode()}"),
    }
    return as_xlsx(name, told, HEAD, lines)


def _seen(request: Request) -> str:
    return _("every solution") if Visibility.of(request.user).everything else _("all that the reader may see")


def _line(row: Row, matrix: Matrix | None) -> tuple[str, ...]:
    risk = row.risk
    levels = (risk.inherent, risk.current, risk.target)
    return (
        risk.public_id,
        risk.title,
        risk.cause,
        risk.event,
        risk.consequence,
        risk.solution.name,
        risk.category.name,
        risk.owner.name,
        risk.owner.email,
        *("" if one is None or matrix is None else matrix.label(one) for one in levels),
        row.standing_words,
        ", ".join(row.strategies),
        row.treated.due_on.isoformat() if row.treated.due_on else "",
        "yes" if row.treatment_is_overdue else "no",
        risk.review_on.isoformat() if risk.review_on else "",
        "yes" if row.review_is_overdue else "no",
        risk.link,
        risk.added_at.isoformat(timespec="seconds"),
        risk.closed_at.isoformat(timespec="seconds") if risk.closed_at else "",
    )
