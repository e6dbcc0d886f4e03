"""One piece of evidence: what it is, where it comes from, and everything that happened to it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from audit.public_id import get_or_404
from evidence import rights
from evidence.custody import custody, viewed
from evidence.evidence_list import LOOKS, STATES, as_of, with_controls
from evidence.handing_out import handed_out
from evidence.models import Evidence, LegalHold
from organisation.middleware import Request
from organisation.permissions import may, permitted
from risks.refusals import Refused


def visible(request: Request) -> QuerySet[Evidence]:
    rows = as_of(Evidence.objects.visible_to(request.user), request.moment)
    related = ("solution", "captured_by", "withdrawn_by", "replaces")
    return with_controls(rows.select_related(*related), request.user, request.moment.at)


@require_safe
@permitted("evidence.view")
def evidence(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(visible(request), public_id)
    at = request.moment.at
    stands: str = found.stands  # type: ignore[attr-defined]
    if request.moment.is_now:
        viewed(found, request.user)
    context: dict[str, Any] = {
        "evidence": found,
        "title": f"{found.title}: {str(STATES[stands]).lower()}",
        "look": LOOKS[stands],
        "word": STATES[stands],
        "stands": stands,
        "shows": [(link, found.effective_to + link.control.lasts) for link in found.shows],  # type: ignore[attr-defined]
        "at": at,
        "withdrawn": stands == "withdrawn" or (found.withdrawn_at and found.withdrawn_at <= at),
        "versions": versions(found, request),
        "holds": holds_on(found, request),
        "acts": custody(found, at),
        "buttons": buttons(found, request),
        "links": request.moment.is_now and not rights.link_refusal(found, request.user, at),
        "releases": request.moment.is_now and may(request.user, "evidence.hold"),
        "snapshot": getattr(found, "snapshot", None) if found.kind == Evidence.Kind.SNAPSHOT else None,
    }
    return render(request, "evidence/evidence.html", context)


def versions(found: Evidence, request: Request) -> list[Evidence]:
    """Every version of it, the first first. A query for each."""
    chain, seen = [found], Evidence.objects.filter(captured_at__lte=request.moment.at).select_related("captured_by")
    while chain[0].replaces_id:
        chain.insert(0, seen.get(pk=chain[0].replaces_id))
    while later := seen.filter(replaces=chain[-1]).first():
        chain.append(later)
    readable = set(
        Evidence.objects.visible_to(request.user).filter(pk__in=[one.pk for one in chain]).values_list("pk", flat=True)
    )
    return [one for one in chain if one.pk in readable]


def holds_on(found: Evidence, request: Request) -> list[LegalHold]:
    """Those in force that cover it."""
    holds = LegalHold.objects.in_force(request.moment.at).covering(found)
    return list(holds.select_related("set_by", "solution"))


def buttons(found: Evidence, request: Request) -> list[dict[str, Any]]:
    """What this reader may do with it now; the file comes first."""
    if not request.moment.is_now or found.destroyed_at:
        return []
    user, at = request.user, request.moment.at
    offered: list[tuple[str, str, bool]] = [
        ("supersede", _("Bring a new version"), not rights.supersede_refusal(found, user, at)),
        ("hold", _("Put under a legal hold"), may(user, "evidence.hold")),
        ("withdraw", _("Withdraw it"), not rights.withdraw_refusal(found, user, at)),
    ]
    made = [{"name": "download", "words": _("Take the file away"), "filled": True, "danger": False}]
    for name, words, is_open in offered:
        if is_open:
            made.append({"name": name, "words": words, "filled": False, "danger": name == "withdraw"})
    return [{**one, "url": reverse(f"evidence:{one['name']}", args=[found.public_id])} for one in made]


@require_GET
@permitted("evidence.view")
def download(request: Request, public_id: str) -> HttpResponseBase:
    """The file, as it was captured. A reader of the past is shown what was there then."""
    found = get_or_404(visible(request), public_id)
    try:
        return handed_out(found, request.user)
    except Refused as no:
        messages.error(request, str(no))
        return redirect("evidence:evidence", found.public_id)
