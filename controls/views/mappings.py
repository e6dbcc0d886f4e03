from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.keyset import page_of
from audit.public_id import get_or_404
from controls import mapping_sets
from controls.forms import DecisionForm
from controls.listing import Asked, mapping_choices
from controls.listing import mappings as asked_mappings
from controls.models import Edition, Framework, Mapping, MappingSet
from organisation.forms import ReasonForm
from organisation.middleware import Request
from organisation.permissions import may, permitted, require
from organisation.views.form_page import FormPage


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
    frameworks: dict[str, Any] = dict(Framework.objects.values_list("key", "name"))
    choices = mapping_choices(frameworks)
    asked = Asked.of(request.GET, choices)
    rows = asked_mappings(asked, at)
    total = rows.count()
    related = ("requirement__framework", "check_named", "mapping_set")
    page = page_of(rows.select_related(*related), order=("id",), cursor=request.GET.get("cursor", ""))
    current = Edition.objects.current(at).filter(requirement__in={row.requirement_id for row in page.rows} - {None})
    editions = {one.requirement_id: one for one in current}
    context = {
        "page": page,
        "total": total,
        "title": ngettext("%(n)s mapping", "%(n)s mappings", total) % {"n": f"{total:,}"},
        "asked": asked,
        "choices": [
            {"name": name, "label": label, "values": known.items(), "chosen": asked.values.get(name, "")}
            for name, (label, known) in choices.items()
            if known
        ],
        "rows": [
            {
                "mapping": row,
                "edition": (edition := editions.get(row.requirement_id or 0)),
                "drift": row.drift_from(edition),
            }
            for row in page.rows
        ],
        "form": form,
        "decides": may(request.user, "mapping.decide") and request.moment.is_now,
        "decisions": DECISIONS,
    }
    return render(request, "controls/mappings.html", context, status=422 if form.is_bound else 200)


DECISIONS = (
    {"value": "approve", "label": _("Approve")},
    {"value": "end", "label": _("Reject or withdraw"), "danger": True},
)


def _decide(request: Request, form: DecisionForm) -> None:
    said = form.cleaned_data
    chosen = Mapping.objects.filter(pk__in=[Mapping.key_of(one) for one in said["pick"]])
    if said["action"] == "approve":
        n = mapping_sets.approve(chosen, because=said["because"], by=request.user)
        words = ngettext("%(n)d mapping is approved.", "%(n)d mappings are approved.", n)
    else:
        n = mapping_sets.end(chosen, because=said["because"], by=request.user)
        words = ngettext(
            "%(n)d mapping has ended; its history stays.", "%(n)d mappings have ended; their history stays.", n
        )
    messages.success(request, words % {"n": n})
    if left := len(said["pick"]) - n:
        words = ngettext("%(n)d was left as it was.", "%(n)d were left as they were.", left)
        messages.info(request, words % {"n": left})


@permitted("mapping.decide")
def adopt(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(MappingSet.objects.select_related("framework"), public_id)
    n = found.mappings.proposed().count()
    form = ReasonForm(request.POST or None)
    page = FormPage(
        heading=ngettext("Adopt %(n)s mapping", "Adopt %(n)s mappings", n) % {"n": f"{n:,}"},
        lead=_("%(name)s, published by %(publisher)s. From now on they count; each can still be withdrawn.")
        % {"name": found.name, "publisher": found.publisher},
        verb=_("Approve them all"),
        back=reverse("controls:framework", args=[found.framework.public_id]),
        back_label=found.framework.name,
    )
    if not form.is_valid():
        return page.show(request, form)
    n = mapping_sets.adopt(found, because=form.cleaned_data["reason"], by=request.user)
    words = ngettext("%(n)s mapping is approved.", "%(n)s mappings are approved.", n)
    messages.success(request, words % {"n": f"{n:,}"})
    return redirect(page.back)
