"""The list of exceptions, as a page and as a file."""

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
from organisation.middleware import Request
from organisation.permissions import may, permitted
from risks.exception_list import ORDERS, Exceptions
from risks.models import RiskException
from risks.views.tabs import tabs

State = RiskException.State
HEAD = (
    word("Id"),
    word("Kind"),
    word("State"),
    word("Level at the time"),
    word("Solution"),
    word("Risk"),
    word("Asked by"),
    word("Asked at"),
    word("Accepted by"),
    word("Concurred by"),
    word("In force since"),
    word("Expires at"),
    word("Ended at"),
    word("Why it ended"),
    word("By rule"),
    word("Ceiling"),
    word("Accounts"),
    word("Regions"),
    word("Reason"),
    word("Compensating controls"),
    word("Granted by"),
)


@require_safe
@permitted("exception.view")
def exceptions(request: Request) -> HttpResponse:
    found = Exceptions.of(request.GET, request.user, request.moment)
    page = page_of(found.rows, order=ORDERS[found.order], cursor=request.GET.get("cursor", ""))
    context = {
        "page": page,
        "rows": [shown(one) for one in page.rows],
        "total": found.rows.count(),
        "subject": title(found),
        "tells": tells(found),
        "asked": found.asked,
        "choices": [
            {"name": name, "label": label, "values": known.items(), "chosen": found.asked.values.get(name, "")}
            for name, (label, known) in found.choices.items()
            if known
        ],
        "exports": files_of(request, "risks:exceptions_export"),
        "tabs": tabs(request, "exceptions"),
        "asks": may(request.user, "exception.ask") and request.moment.is_now,
        "why_empty": why_empty(request, found),
    }
    return render(request, "risks/exceptions.html", context)


def shown(one: RiskException) -> dict[str, Any]:
    """What a row of a list says of it. `stands`: see exception_list.as_of."""
    stands: str = one.stands  # type: ignore[attr-defined]
    return {
        "exception": one,
        "state": stands,
        "state_words": State(stands).label,
        "look": LOOKS[State(stands)],
        "level": one.matrix.label(one.level),
        "tone": one.matrix.tone(one.level),
    }


LOOKS = {
    State.ASKED: "waiting",
    State.ACCEPTED: "waiting",
    State.CHALLENGED: "unknown",
    State.ESCALATED: "unknown",
    State.LIVE: "accepted",
    State.REFUSED: "not_applicable",
    State.WITHDRAWN: "not_applicable",
    State.EXPIRED: "fail",
    State.REOPENED: "fail",
}
"""The shape of each state; its word is its own."""


def title(found: Exceptions) -> str:
    n = found.every.count()
    if not n:
        return _("No exception")
    return ngettext("%(n)s exception", "%(n)s exceptions", n) % {"n": f"{n:,}"}


def tells(found: Exceptions) -> list[dict[str, Any]]:
    """What the title says of them: words, and the filter that lists the same."""
    told = []
    live = found.in_force
    if live:
        told.append({"words": ngettext("%(n)d in force", "%(n)d in force", live) % {"n": live}, "state": "live"})
    if n := found.expiring(30):
        words = ngettext("%(n)d expires within 30 days", "%(n)d expire within 30 days", n) % {"n": n}
        told.append({"words": words, "expires": "30"})
    if n := found.awaiting:
        told.append({"words": ngettext("%(n)d awaits you", "%(n)d await you", n) % {"n": n}, "mine": "decide"})
    return told


def why_empty(request: Request, found: Exceptions) -> dict[str, str]:
    if found.asked.values:
        return {"title": _("No exception matches"), "why": _("Remove a filter, or look for other words.")}
    if not request.moment.is_now:
        return {"title": _("No exception at this moment"), "why": _("Those of today were asked for later.")}
    if may(request.user, "exception.ask"):
        return {
            "title": _("Nobody has asked for an exception"),
            "why": _("What fails and cannot be fixed soon is borne for a while, by name and until a day."),
            "url": reverse("risks:exception_ask"),
            "verb": _("Ask for one"),
        }
    return {"title": _("Nobody has asked for an exception"), "why": _("The first line asks for them.")}


@require_safe
@permitted("exception.view")
@in_the_organisations_language
def exceptions_export(request: Request, form: str) -> HttpResponse:
    """What the address asks for, as a file. form: csv or xlsx."""
    found = Exceptions.of(request.GET, request.user, request.moment)
    narrowed = ", ".join(f"{key}={value}" for key, value in found.asked.values.items()) or _("nothing: all of them")
    lines = [_line(one, found) for one in found.rows.order_by(*ORDERS[found.order])]
    return standing_file(request, form, "exceptions", _("Exceptions"), found.scope, narrowed, HEAD, lines)


def _line(one: RiskException, found: Exceptions) -> tuple[str, ...]:
    def by_then(moment: Any) -> Any:
        return moment if moment and moment <= found.at else None

    accepted, began, ended = map(by_then, (one.accepted_at, one.began_at, one.ended_at))
    return (
        one.public_id,
        str(one.get_kind_display()),
        str(State(one.stands).label),  # type: ignore[attr-defined]
        one.matrix.label(one.level),
        one.solution.name,
        one.risk.public_id if one.risk else "",
        one.asked_by.name,
        one.asked_at.isoformat(timespec="seconds"),
        one.accepted_by.name if accepted and one.accepted_by else "",
        one.concurred_by.name if began and one.concurred_by else "",
        began.isoformat(timespec="seconds") if began else "",
        one.expires_at.isoformat(timespec="seconds"),
        ended.isoformat(timespec="seconds") if ended else "",
        one.ended_because if ended else "",
        "yes" if one.by_rule else "no",
        str(one.ceiling or ""),
        ", ".join(one.accounts),
        ", ".join(one.regions),
        one.reason,
        one.compensating,
        one.granted_by,
    )
