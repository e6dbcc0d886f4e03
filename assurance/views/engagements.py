"""The list of engagements."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from assurance.engagement_list import CHOICES, ORDERS, Engagements
from assurance.models import Engagement
from assurance.progress import LOOKS
from assurance.views.tabs import tabs
from audit.keyset import page_of
from organisation.middleware import Request
from organisation.models import Solution
from organisation.permissions import may, permitted

State = Engagement.State


@require_safe
@permitted("engagement.view")
def engagements(request: Request) -> HttpResponse:
    found = Engagements.of(request.GET, request.user, request.moment)
    page = page_of(found.rows, order=ORDERS[found.order], cursor=request.GET.get("cursor", ""))
    plans = may(request.user, "engagement.manage") and request.moment.is_now
    every = [state_of(one) for one in found.every.only("pk").order_by()]
    seen = set(Solution.objects.visible_to(request.user).values_list("pk", flat=True))
    context = {
        "page": page,
        "rows": [_shown(one, seen) for one in page.rows],
        "subject": _subject(len(every)),
        "under_way": sum(one != State.CLOSED for one in every),
        "asked": found.asked,
        "choices": [
            {"name": name, "label": label, "values": known.items(), "chosen": found.asked.values.get(name, "")}
            for name, (label, known) in CHOICES.items()
        ],
        "tabs": tabs(request, "engagements"),
        "plans": plans,
        "why_empty": why_empty(request, found, plans=plans),
    }
    return render(request, "assurance/engagements.html", context)


def _shown(one: Engagement, seen: set[int]) -> dict[str, Any]:
    """seen: keys of the solutions that the reader may know of; the rest are counted."""
    names = sorted(solution.name for solution in one.solutions.all() if solution.pk in seen)
    others = len(one.solutions.all()) - len(names)
    if others:
        names.append(ngettext("%(n)d other", "%(n)d others", others) % {"n": others})
    state = state_of(one)
    return {"engagement": one, "look": LOOKS[state], "state": state.label, "audited": ", ".join(names)}


def state_of(one: Any) -> Engagement.State:
    """Of a row of progress.as_of."""
    return State(one.stands)


def _subject(n: int) -> str:
    if not n:
        return _("No engagement")
    return ngettext("%(n)s engagement", "%(n)s engagements", n) % {"n": f"{n:,}"}


def why_empty(request: Request, found: Engagements, *, plans: bool) -> dict[str, str]:
    if found.asked.values:
        return {"title": _("No engagement matches"), "why": _("Remove a filter, or look for other words.")}
    if not request.moment.is_now:
        return {"title": _("No engagement at this moment"), "why": _("Those of today were planned later.")}
    what = _(
        "An engagement is one piece of assurance: what is audited against which framework, for which period, by whom, "
        "and what was found."
    )
    if plans:
        return {
            "title": _("Nothing is planned yet"), "why": what,
            "url": reverse("assurance:engagement_plan"), "verb": _("Plan an engagement"),
        }  # fmt: skip
    return {
        "title": _("There is no engagement that you may see"),
        "why": f"{what} {_('Internal audit plans them; you see those of your solutions once fieldwork has begun.')}",
    }
