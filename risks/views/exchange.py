"""Taking the register out: which columns, which risks, and as what."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from audit.words import in_the_organisations_language
from controls.addresses import door_of
from organisation.middleware import Request
from organisation.models import Solution
from organisation.permissions import may, permitted
from risks.exchange.columns import COLUMNS, NEEDED, chosen
from risks.exchange.writing import as_csv, as_xlsx, choices_for, lines, risks_of, sheet_of
from risks.heat_map import Address
from risks.views.tabs import tabs

FORMS = ("xlsx", "csv")


@require_safe
@permitted("risk.export")
def page(request: Request) -> HttpResponse:
    found = Address.of(request.GET, request.user, request.moment)
    solutions = Solution.objects.visible_to(request.user).in_use(request.moment.at).order_by("name")
    context: dict[str, Any] = {
        "tabs": tabs(request, "exchange"),
        "columns": [{"column": one, "needed": one.name in NEEDED} for one in COLUMNS],
        "solutions": [(one.public_id, one.name) for one in solutions],
        "solution": request.GET.get("solution", ""),
        "choices": [
            {"name": name, "label": label, "values": known.items(), "chosen": found.asked.values.get(name, "")}
            for name, (label, known) in found.choices.items()
            if name in ("category", "owner", "standing")
        ],
        "forms": [{"label": form.upper(), "url": reverse("risks:exchange_export", args=[form])} for form in FORMS],
        "imports": may(request.user, "risk.import") and request.moment.is_now,
    }
    return render(request, "risks/exchange.html", context)


@require_safe
@permitted("risk.export")
@in_the_organisations_language
def export(request: Request, form: str) -> HttpResponse:
    """What the address asks for, to be changed and imported again. form: csv or xlsx. all=yes: closed ones too."""
    if form not in FORMS:
        raise Http404(f"No such form: {form}")
    moment = request.moment
    found = Address.of(request.GET, request.user, moment)
    closed = request.GET.get("all") == "yes"
    risks = risks_of(request.user, moment, found.wanted, closed=closed)
    sheet = sheet_of(risks, moment)
    columns = chosen([name for text in request.GET.getlist("columns") for name in text.split(",")])
    name = f"risks-{moment.at:%Y%m%dT%H%M%SZ}"
    rows = lines(risks, sheet, columns)
    if form == "csv":
        return as_csv(name, columns, rows)
    scope = found.wanted.solution
    narrowed = [f"{key}={value}" for key, value in found.narrowed.items()]
    about = {
        _("What"): _("The register of risks, to be changed and imported again"),
        _("As of"): _("%(at)s UTC") % {"at": f"{moment.at:%Y-%m-%d %H:%M:%S}"},
        _("Scope"): scope.name if scope else _("all that the reader may see"),
        _("Narrowed to"): ", ".join(narrowed)
        or (_("nothing: closed ones too") if closed else _("nothing: all that are open")),
        _("Matrix"): sheet.matrix.public_id if sheet.matrix else "none",
        _("Rows"): str(len(risks)),
        _("Read by"): request.user.name,
        _("Address"): request.build_absolute_uri(door_of(request.GET, request.path, "", "")),
        _("An apostrophe"): _("before a text that begins like a formula is taken off again when it is imported."),
    }
    return as_xlsx(name, about, columns, rows, choices_for(request.user, sheet))
