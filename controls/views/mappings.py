from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from audit.keyset import page_of
from audit.words import in_the_organisations_language
from controls import mapping_sets, tables
from controls.listing import Asked
from controls.mapping_forms import DecisionForm
from controls.mapping_listing import Choices, mapping_choices, ordered, rows_of
from controls.mapping_listing import mappings as asked_mappings
from controls.mapping_tables import HEAD, lines
from controls.models import Mapping
from organisation.middleware import Request
from organisation.permissions import may, permitted, require

DECISIONS = (
    {"value": "approve", "label": gettext_lazy("Approve")},
    {"value": "end", "label": gettext_lazy("Reject or withdraw"), "danger": True},
)


@permitted("framework.view")
def mappings(request: Request) -> HttpResponse:
    """Every mapping that the address asks for; the second line decides on those that it chooses."""
    at = request.moment.at
    form = DecisionForm(request.POST or None)
    if request.method == "POST":
        require(request.user, "mapping.decide")
        if form.is_valid():
            _decide(request, form)
            return redirect(request.get_full_path())
    choices = mapping_choices(request.user, request.GET)
    asked = Asked.of(request.GET, choices)
    found = asked_mappings(asked, request.user, at)
    total = found.count()
    rows, order = ordered(found, asked, request.GET.get("order", ""), at)
    page = page_of(rows.with_ends(), order=order, cursor=request.GET.get("cursor", ""))
    decides = may(request.user, "mapping.decide") and request.moment.is_now
    context = {
        "page": page,
        "total": total,
        "title": ngettext("%(n)s mapping", "%(n)s mappings", total) % {"n": f"{total:,}"},
        "asked": asked,
        "choices": shown_choices(choices, asked),
        "rows": rows_of(page.rows, at),
        "form": form,
        "decides": decides,
        "decides_on_all": decides and bool(total) and asked.values.get("state") != "ended",
        "proposes": may(request.user, "mapping.propose") and request.moment.is_now,
        "decisions": DECISIONS,
        "relations": Mapping.Relation.choices,
    }
    return render(request, "controls/mappings.html", context, status=422 if form.is_bound else 200)


def shown_choices(choices: Choices, asked: Asked) -> list[dict[str, Any]]:
    """As the form that narrows a list shows them."""
    return [
        {"name": name, "label": label, "values": known.items(), "chosen": asked.values.get(name, "")}
        for name, (label, known) in choices.items()
        if known
    ]


def _decide(request: Request, form: DecisionForm) -> None:
    said = form.cleaned_data
    keys = [Mapping.key_of(one) for one in said["pick"]]
    chosen = Mapping.objects.visible_to(request.user).filter(pk__in=keys)
    how = {"because": said["because"], "relation": said["relation"]}
    n = mapping_sets.decide(chosen, said["action"], by=request.user, **how)
    if said["action"] == "approve":
        words = ngettext("%(n)d mapping is approved.", "%(n)d mappings are approved.", n)
    else:
        words = ngettext(
            "%(n)d mapping has ended; its history stays.", "%(n)d mappings have ended; their history stays.", n
        )
    messages.success(request, words % {"n": n})
    if left := len(said["pick"]) - n:
        words = ngettext("%(n)d was left as it was.", "%(n)d were left as they were.", left)
        messages.info(request, words % {"n": left})


@require_safe
@permitted("framework.view")
@in_the_organisations_language
def export(request: Request, form: str) -> HttpResponse:
    """Every mapping that the address asks for, as a file. form: csv or xlsx."""
    if form not in ("csv", "xlsx"):
        raise BadRequest(_("No such form: %(form)s") % {"form": form})
    at = request.moment.at
    asked = Asked.of(request.GET, mapping_choices(request.user, request.GET))
    found = asked_mappings(asked, request.user, at)
    rows, order = ordered(found, asked, request.GET.get("order", ""), at)
    table = lines(rows_of(rows.with_ends().order_by(*order), at), at)
    name = f"mappings-{at:%Y%m%dT%H%M%SZ}"
    if form == "csv":
        return tables.as_csv(name, HEAD, table)
    about = {
        _("What"): _("Mappings between requirements, controls and checks"),
        _("As of"): _("%(at)s UTC") % {"at": f"{at:%Y-%m-%d %H:%M:%S}"},
        _("Narrowed to"): ", ".join(f"{key}={value}" for key, value in asked.values.items()) or _("nothing: all of it"),
        _("Rows"): str(len(table)),
        _("Read by"): request.user.name,
        _("Address"): request.build_absolute_uri(),
    }
    return tables.as_xlsx(name, about, HEAD, table)
