"""The list of attestations, as a page and as a file."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as word
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.keyset import page_of
from audit.words import in_the_organisations_language
from controls.addresses import files_of
from controls.views.standing_files import standing_file
from evidence.attestation_list import ORDERS, Attestations, expiring, late, shown
from evidence.models import Attestation
from evidence.views.tabs import tabs
from organisation.middleware import Request
from organisation.permissions import permitted

HEAD = (
    word("Id"),
    word("Control"),
    word("Name of control"),
    word("Solution"),
    word("State"),
    word("Overdue"),
    word("What is stated"),
    word("Who states it"),
    word("Period from"),
    word("Period to"),
    word("Asked by"),
    word("Asked at"),
    word("Due on"),
    word("Given at"),
    word("Basis"),
    word("Expires at"),
    word("Verdict"),
    word("Withdrawn at"),
    word("Why it was withdrawn"),
)


@require_safe
@permitted("attestation.view")
def attestations(request: Request) -> HttpResponse:
    found = Attestations.of(request.GET, request.user, request.moment)
    page = page_of(found.rows, order=ORDERS[found.order], cursor=request.GET.get("cursor", ""))
    context = {
        "page": page,
        "rows": [shown(one, found.today) for one in page.rows],
        "total": found.rows.count(),
        "subject": title(found),
        "tells": tells(found),
        "asked": found.asked,
        "choices": [
            {"name": name, "label": label, "values": known.items(), "chosen": found.asked.values.get(name, "")}
            for name, (label, known) in found.choices.items()
            if known
        ],
        "exports": files_of(request, "evidence:attestations_export"),
        "tabs": tabs(request, "attestations"),
        "why_empty": why_empty(request, found),
    }
    return render(request, "evidence/attestations.html", context)


def title(found: Attestations) -> str:
    n = found.count(Q(stands__in=["so", "not_so"]))
    return ngettext("%(n)s attestation holds", "%(n)s attestations hold", n) % {"n": f"{n:,}"}


def tells(found: Attestations) -> list[dict[str, Any]]:
    """What the title says of them: words, and the filter that lists the same."""
    told = []
    if n := found.count(Q(stands="awaited")):
        told.append({"words": ngettext("%(n)d awaited", "%(n)d awaited", n) % {"n": n}, "state": "awaited"})
    if n := found.count(late(found.today)):
        told.append({"words": ngettext("%(n)d overdue", "%(n)d overdue", n) % {"n": n}, "overdue": "yes"})
    if n := found.count(expiring(30, found.at)):
        words = ngettext("%(n)d expires within 30 days", "%(n)d expire within 30 days", n) % {"n": n}
        told.append({"words": words, "expires": "30"})
    return told


def why_empty(request: Request, found: Attestations) -> dict[str, str]:
    if found.asked.values:
        return {"title": _("No attestation matches"), "why": _("Remove a filter, or look for other words.")}
    if not request.moment.is_now:
        return {"title": _("No attestation at this moment"), "why": _("Those of today were asked later.")}
    why = _("On a control's page it is asked of who speaks for it, or given of one's own accord.")
    return {"title": _("Nobody attests anything yet"), "why": why}


@require_safe
@permitted("attestation.view")
@in_the_organisations_language
def attestations_export(request: Request, form: str) -> HttpResponse:
    """What the address asks for, as a file. form: csv or xlsx."""
    found = Attestations.of(request.GET, request.user, request.moment)
    narrowed = ", ".join(f"{key}={value}" for key, value in found.asked.values.items()) or _("nothing: all of them")
    lines = [_line(one, found) for one in found.rows.order_by(*ORDERS[found.order])]
    return standing_file(request, form, "attestations", _("Attestations"), found.scope, narrowed, HEAD, lines)


def _line(one: Attestation, found: Attestations) -> tuple[str, ...]:
    told = shown(one, found.today)
    given = one.attested_at if one.attested_at and one.attested_at <= found.at else None
    gone = one.withdrawn_at if one.withdrawn_at and one.withdrawn_at <= found.at else None
    return (
        one.public_id,
        one.control.public_id,
        one.control.name,
        one.solution.name if one.solution else "",
        str(told["state_words"]),
        "yes" if told["is_overdue"] else "no",
        one.statement,
        one.asked_of.name,
        one.period_from.isoformat(timespec="seconds"),
        one.period_to.isoformat(timespec="seconds"),
        one.asked_by.name,
        one.asked_at.isoformat(timespec="seconds"),
        one.due_on.isoformat(),
        given.isoformat(timespec="seconds") if given else "",
        one.basis if given else "",
        one.expires_at.isoformat(timespec="seconds") if given and one.expires_at else "",
        one.verdict.public_id if given and one.verdict else "",
        gone.isoformat(timespec="seconds") if gone else "",
        one.withdrawn_because if gone else "",
    )
