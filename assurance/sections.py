"""The sections of an engagement's page, in order: each is a partial and what it shows, or nothing for this reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assurance import acts, teaming
from assurance.comparing import before, compared
from assurance.engaging import NEXT, change_refusal, move_refusal
from assurance.finding_list import ORDERS, as_of
from assurance.models import AuditFinding, ControlTest, Engagement
from assurance.paper_list import with_state
from assurance.rights import manage_refusal, may_work
from assurance.views.findings import shown
from controls.addresses import door_of
from evidence.models import EvidenceRequest
from organisation.middleware import Request
from organisation.panels import Panel
from organisation.permissions import may

SHOWN = 10
Section = Callable[[Request, Engagement], Panel | None]


def address(request: Request, name: str, *args: str, **query: str) -> str:
    """Of a page that another part of the portal has; empty where it has none."""
    try:
        path = reverse(name, args=args)
    except NoReverseMatch:
        return ""
    return door_of(request.GET, path, "", "", solution=None, **query)


def team(request: Request, engagement: Engagement) -> Panel:
    at = request.moment.at
    found = teaming.members(engagement, at, with_ties=teaming.sees_ties(request.user))
    mine = next((one.member for one in found if one.member.person == request.user), None)
    manages = request.moment.is_now and not manage_refusal(engagement, request.user)
    declares = mine and not mine.declared_at and request.moment.is_now and not engagement.is_closed
    return Panel(
        "assurance/_team.html",
        {"engagement": engagement, "members": found, "manages": manages, "declares": declares},
    )


def tests(request: Request, engagement: Engagement) -> Panel:
    """How many tests are in which state; the working papers themselves are behind the door."""
    rows = with_state(ControlTest.objects.filter(engagement=engagement), request.moment)
    states = [one.stands for one in rows.only("pk").order_by()]  # type: ignore[attr-defined]
    parts = [
        {"status": LOOKS[state], "word": state.label, "count": states.count(state.value)}
        for state in (State.REVIEWED, State.CONCLUDED, State.UNDER_WAY, State.PLANNED)
    ]
    url = address(request, "assurance:tests", engagement.public_id)
    plans = request.moment.is_now and may_work(request.user, engagement)
    content = {"total": len(states), "parts": parts, "url": url, "engagement": engagement, "plans": plans}
    return Panel("assurance/_tests.html", content)


State = ControlTest.State
LOOKS = {State.REVIEWED: "pass", State.CONCLUDED: "accepted", State.UNDER_WAY: "unknown", State.PLANNED: "not_observed"}


def requests_out(request: Request, engagement: Engagement) -> Panel | None:
    """Evidence that is asked for it, of what the reader may see."""
    if not may(request.user, "evidence_request.view"):
        return None
    today = timezone.localdate(request.moment.at, timezone.get_default_timezone())
    asked = EvidenceRequest.objects.visible_to(request.user).filter(
        source_kind="engagement", source_id=engagement.public_id, asked_at__lte=request.moment.at
    )
    source = {"source": f"engagement:{engagement.public_id}"}
    content: dict[str, Any] = {
        "engagement": engagement,
        "total": asked.count(),
        "open": asked.open().count(),
        "overdue": asked.overdue(today).count(),
        "url": address(request, "evidence:requests", **source),
        "works": request.moment.is_now and may_work(request.user, engagement),
    }
    return Panel("assurance/_requests_out.html", content)


def findings(request: Request, engagement: Engagement) -> Panel | None:
    """The gravest, as the reader may see them: drafts are the team's alone."""
    if not may(request.user, "audit_finding.view"):
        return None
    seen = as_of(AuditFinding.objects.visible_to(request.user), request.user, request.moment)
    rows = seen.filter(engagement=engagement).select_related("engagement", "owner", "solution", "control")
    today = timezone.localdate(request.moment.at, timezone.get_default_timezone())
    content = {
        "engagement": engagement,
        "total": rows.count(),
        "rows": [shown(one, today) for one in rows.order_by(*ORDERS["-rating"])[:SHOWN]],
        "writes": request.moment.is_now and may_work(request.user, engagement),
    }
    return Panel("assurance/_findings_of.html", content)


def comparison(request: Request, engagement: Engagement) -> Panel | None:
    """Where the reader may see the engagement before it."""
    if not before(engagement, request.user):
        return None
    found = compared(engagement, request.user)
    if found is None or not found:
        return None
    rows = (
        (_("New"), found.new),
        (_("Repeated"), found.repeated),
        (_("Closed since"), found.closed),
        (_("Still open"), found.still_open),
    )
    return Panel("assurance/_compared.html", rows)


def packs(request: Request, engagement: Engagement) -> Panel | None:
    url = address(request, "assurance:packs", engagement=engagement.public_id)
    if not url or not may(request.user, "pack.view"):
        return None
    return Panel("assurance/_packs_of.html", {"url": url})


def talk(request: Request, engagement: Engagement) -> Panel | None:
    """What the team says among itself."""
    on_it = Engagement.objects.worked_on_by(request.user).filter(pk=engagement.pk).exists()
    return Panel("assurance/_talk.html", engagement) if on_it else None


def history(request: Request, engagement: Engagement) -> Panel:
    found = acts.history(engagement, request.user, request.moment.at)
    return Panel("assurance/_history.html", {"acts": found, "engagement": engagement})


SECTIONS: tuple[Section, ...] = (team, tests, requests_out, findings, comparison, packs, talk, history)


def buttons(request: Request, engagement: Engagement) -> list[dict[str, Any]]:
    """What the reader may do with it now; the next step is the filled one."""
    if not request.moment.is_now or not may(request.user, "engagement.manage"):
        return []
    found = []
    to = NEXT.get(Engagement.State(engagement.state))
    if to and not move_refusal(engagement, to, request.user):
        name, words = MOVES[to]
        found.append({"url": reverse(name, args=[engagement.public_id]), "words": words, "filled": True})
    if not change_refusal(engagement, request.user):
        url = reverse("assurance:engagement_change", args=[engagement.public_id])
        found.append({"url": url, "words": _("Change the plan"), "filled": False})
    return found


MOVES = {
    Engagement.State.FIELDWORK: ("assurance:engagement_begin", gettext_lazy("Begin fieldwork")),
    Engagement.State.REPORTING: ("assurance:engagement_report", gettext_lazy("End fieldwork")),
    Engagement.State.CLOSED: ("assurance:engagement_close", gettext_lazy("Close it")),
}
