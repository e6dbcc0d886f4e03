"""The list of audit findings, as a page and as a file."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as word
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from assurance.awaiting import WEIGHTS
from assurance.finding_list import CHOICES, ORDERS, AuditFindings
from assurance.models import AuditFinding
from assurance.views.tabs import tabs
from audit.keyset import page_of
from audit.words import in_the_organisations_language
from controls.addresses import files_of
from controls.views.standing_files import standing_file
from organisation.middleware import Request
from organisation.permissions import permitted

State = AuditFinding.State
LOOKS = {
    State.DRAFT: "waiting",
    State.ISSUED: "fail",
    State.RESPONDED: "unknown",
    State.AGREED: "fail",
    State.DONE: "unknown",
    State.CLOSED: "done",
    State.DROPPED: "not_applicable",
}
"""The shape of each state; its word is its own."""
HEAD = (
    word("Id"),
    word("Title"),
    word("Rating"),
    word("State"),
    word("Engagement"),
    word("Solution"),
    word("Control"),
    word("Requirement"),
    word("Owner"),
    word("Issued at"),
    word("Agreed date"),
    word("Overdue"),
    word("Closed at"),
    word("Repeats"),
    word("Condition"),
    word("Criteria"),
    word("Cause"),
    word("Effect"),
    word("Recommendation"),
    word("Response"),
)


@require_safe
@permitted("audit_finding.view")
def findings(request: Request) -> HttpResponse:
    found = AuditFindings.of(request.GET, request.user, request.moment)
    page = page_of(found.rows, order=ORDERS[found.order], cursor=request.GET.get("cursor", ""))
    context = {
        "page": page,
        "rows": [shown(one, found.today) for one in page.rows],
        "subject": _subject(found),
        "open": found.open,
        "overdue": found.overdue,
        "engagement": found.engagement,
        "asked": found.asked,
        "choices": [
            {"name": name, "label": label, "values": known.items(), "chosen": found.asked.values.get(name, "")}
            for name, (label, known) in CHOICES.items()
        ],
        "exports": files_of(request, "assurance:findings_export"),
        "tabs": tabs(request, "findings"),
        "why_empty": _why_empty(request, found),
    }
    return render(request, "assurance/findings.html", context)


def shown(one: Any, today: Any) -> dict[str, Any]:
    """What a row of a list says of it. one: of finding_list.as_of."""
    state = State(one.stands)
    is_overdue = state == State.AGREED and one.agreed_on is not None and one.agreed_on < today
    return {
        "finding": one,
        "state": state.label,
        "look": LOOKS[state],
        "tone": WEIGHTS[one.rating],
        "has_day": state in (State.AGREED, State.DONE, State.CLOSED) and one.agreed_on is not None,
        "overdue": is_overdue,
    }


def _subject(found: AuditFindings) -> str:
    n = found.every.count()
    return ngettext("%(n)s audit finding", "%(n)s audit findings", n) % {"n": f"{n:,}"} if n else _("No audit finding")


def _why_empty(request: Request, found: AuditFindings) -> dict[str, str]:
    if found.asked.values or found.engagement:
        return {"title": _("No audit finding matches"), "why": _("Remove a filter, or look for other words.")}
    if not request.moment.is_now:
        return {"title": _("No audit finding at this moment"), "why": _("Those of today were issued later.")}
    why = _("What an engagement finds wrong stands here once it is issued: what is so, what should be, and by when.")
    return {"title": _("There is no audit finding that you may see"), "why": why}


@require_safe
@permitted("audit_finding.view")
@in_the_organisations_language
def findings_export(request: Request, form: str) -> HttpResponse:
    """What the address asks for, as a file. form: csv or xlsx."""
    found = AuditFindings.of(request.GET, request.user, request.moment)
    narrowed = ", ".join(f"{key}={value}" for key, value in found.asked.values.items()) or _("nothing: all of them")
    rows = found.rows.select_related("requirement").order_by(*ORDERS[found.order])
    lines = [_line(one, found) for one in rows]
    return standing_file(request, form, "audit-findings", _("Audit findings"), found.scope, narrowed, HEAD, lines)


def _line(one: Any, found: AuditFindings) -> tuple[str, ...]:
    told = shown(one, found.today)
    answered = State(one.stands) not in (State.DRAFT, State.DROPPED, State.ISSUED)
    closed = State(one.stands) == State.CLOSED and one.closed_at
    return (
        one.public_id,
        one.title,
        str(one.get_rating_display()),
        str(told["state"]),
        one.engagement.public_id,
        one.solution.name if one.solution else "",
        one.control.name if one.control else "",
        one.requirement.key if one.requirement else "",
        one.owner.name,
        one.issued_at.isoformat(timespec="seconds") if one.issued_at else "",
        str(one.agreed_on) if told["has_day"] else "",
        "yes" if told["overdue"] else "no",
        closed.isoformat(timespec="seconds") if closed else "",
        one.repeats.public_id if one.repeats else "",
        one.condition,
        one.criteria,
        one.cause,
        one.effect,
        one.recommendation,
        one.response if answered else "",
    )
