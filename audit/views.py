"""The trail, read: who did what to what, and whether anybody touched it since."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import clock
from audit import trail as chain
from audit.acts import named
from audit.keyset import page_of
from audit.models import TrailEntry, TrailLink

FILTERS = ("actor", "action", "object", "q", "since", "until")


@named("trail.view")
def trail(request: HttpRequest) -> HttpResponse:
    """Filters, all in the address: actor, action, object, q, since and until (days)."""
    asked = {name: request.GET.get(name, "").strip() for name in FILTERS}
    chosen = TrailEntry.objects.matching(
        actor=asked["actor"], action=asked["action"], subject=asked["object"], words=asked["q"]
    ).between(_begin(asked["since"]), _earliest(_end(asked["until"]), _moment(request)))
    total = chosen.count()
    heading = ngettext("%(n)s act in the trail", "%(n)s acts in the trail", total) % {"n": f"{total:,}"}
    labels = {
        "actor": _("By"),
        "action": _("Act"),
        "object": _("To"),
        "q": _("Words"),
        "since": _("From"),
        "until": _("Until"),
    }
    chips = [
        {"key": name, "value": value, "label": labels[name], "word": value} for name, value in asked.items() if value
    ]
    context: dict[str, Any] = {
        "page": page_of(chosen, order=("-id",), cursor=request.GET.get("cursor", "")),
        "heading": heading,
        "total": total,
        "chips": chips,
        "asked": asked,
    }
    return render(request, "audit/trail.html", context)


@named("trail.view")
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(TrailEntry.objects.select_related("traillink"), pk=pk)
    link = getattr(found, "traillink", None)
    return render(request, "audit/entry.html", {"entry": found, "link": link, "detail": found.detail.items()})


@named("trail.view")
def verify(request: HttpRequest) -> HttpResponse:
    """Every digest computed anew, now. The head's digest, noted elsewhere, shows a trail cut short."""
    head = TrailLink.objects.order_by("-position").first()
    context = {"verdict": chain.verify(), "head": head, "at": clock.now()}
    return render(request, "audit/verdict.html", context)


def _moment(request: HttpRequest) -> datetime | None:
    moment = getattr(request, "moment", None)
    return None if moment is None or moment.is_now else moment.at


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment), default=None)


def _begin(value: str) -> datetime | None:
    """The first moment of a day, in the reader's zone. Raises BadRequest where it is no day."""
    if not value:
        return None
    try:
        day: date | None = parse_date(value)
    except ValueError:
        day = None
    if day is None:
        raise BadRequest(_("A day is written like 2026-06-30."))
    return timezone.make_aware(datetime.combine(day, time()))


def _end(value: str) -> datetime | None:
    begun = _begin(value)
    return begun + timedelta(days=1) if begun else None
