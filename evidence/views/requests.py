"""The list of requests for evidence, as a page and as a file."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as word
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.keyset import page_of
from audit.words import in_the_organisations_language
from controls.addresses import files_of
from controls.views.standing_files import standing_file
from evidence.models import EvidenceRequest
from evidence.request_list import ORDERS, Requests, as_they_were, shown
from evidence.views.tabs import tabs
from organisation.middleware import Request
from organisation.permissions import may, permitted

HEAD = (
    word("Id"),
    word("What is asked for"),
    word("In detail"),
    word("State"),
    word("Overdue"),
    word("Due on"),
    word("Who is asked"),
    word("Solution"),
    word("Control"),
    word("Requirement"),
    word("Period from"),
    word("Period to"),
    word("Sample item"),
    word("Asked by"),
    word("Asked at"),
    word("Asked for"),
    word("Ended at"),
)


@require_safe
@permitted("evidence_request.view")
def requests(request: Request) -> HttpResponse:
    found = Requests.of(request.GET, request.user, request.moment)
    page = page_of(found.rows, order=ORDERS[found.order], cursor=request.GET.get("cursor", ""))
    context = {
        "page": page,
        "rows": [shown(one, found.today) for one in as_they_were(page.rows, request.moment)],
        "total": found.rows.count(),
        "subject": title(found),
        "tells": tells(found),
        "asked": found.asked,
        "choices": [
            {"name": name, "label": label, "values": known.items(), "chosen": found.asked.values.get(name, "")}
            for name, (label, known) in found.choices.items()
            if known
        ],
        "exports": files_of(request, "evidence:requests_export"),
        "tabs": tabs(request, "requests"),
        "asks": may(request.user, "evidence_request.ask") and request.moment.is_now,
        "why_empty": why_empty(request, found),
    }
    return render(request, "evidence/requests.html", context)


def title(found: Requests) -> str:
    n = found.open
    if not n:
        return _("No request is open")
    return ngettext("%(n)s request open", "%(n)s requests open", n) % {"n": f"{n:,}"}


def tells(found: Requests) -> list[dict[str, Any]]:
    """What the title says of them: words, and the filter that lists the same."""
    told = []
    if n := found.overdue:
        told.append({"words": ngettext("%(n)d overdue", "%(n)d overdue", n) % {"n": n}, "overdue": "yes"})
    if n := found.to_check:
        words = ngettext("%(n)d answered", "%(n)d answered", n) % {"n": n}
        told.append({"words": words, "state": "answered"})
    return told


def why_empty(request: Request, found: Requests) -> dict[str, str]:
    if found.asked.values:
        return {"title": _("No request matches"), "why": _("Remove a filter, or look for other words.")}
    if not request.moment.is_now:
        return {"title": _("No request at this moment"), "why": _("Those of today were asked later.")}
    if may(request.user, "evidence_request.ask"):
        return {
            "title": _("Nothing was asked for"),
            "why": _("What you ask for stands here until it is accepted, with who answers and by when."),
            "url": reverse("evidence:request_ask"),
            "verb": _("Ask for evidence"),
        }
    return {"title": _("Nothing was asked for"), "why": _("What auditors ask of your solutions stands here.")}


@require_safe
@permitted("evidence_request.view")
@in_the_organisations_language
def requests_export(request: Request, form: str) -> HttpResponse:
    """What the address asks for, as a file. form: csv or xlsx."""
    found = Requests.of(request.GET, request.user, request.moment)
    narrowed = ", ".join(f"{key}={value}" for key, value in found.asked.values.items()) or _("nothing: all of them")
    rows = as_they_were(list(found.rows.order_by(*ORDERS[found.order])), request.moment)
    lines = [_line(one, found) for one in rows]
    what = _("Requests for evidence")
    return standing_file(request, form, "evidence-requests", what, found.scope, narrowed, HEAD, lines)


def _line(one: EvidenceRequest, found: Requests) -> tuple[str, ...]:
    told = shown(one, found.today)
    ended = one.ended_at if one.ended_at and one.ended_at <= found.at else None
    return (
        one.public_id,
        one.title,
        one.what,
        str(told["stands"].label),
        "yes" if told["is_overdue"] else "no",
        one.due_on.isoformat(),
        one.assignee.name,
        one.solution.name if one.solution else "",
        one.control.public_id if one.control else "",
        one.requirement.public_id if one.requirement else "",
        one.period_from.isoformat(timespec="seconds") if one.period_from else "",
        one.period_to.isoformat(timespec="seconds") if one.period_to else "",
        one.item,
        one.asked_by.name,
        one.asked_at.isoformat(timespec="seconds"),
        one.source_id,
        ended.isoformat(timespec="seconds") if ended else "",
    )
