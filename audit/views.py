"""The trail, read: who did what to what, and whether anybody touched it since."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import ngettext

from audit import clock
from audit import trail as chain
from audit.acts import named
from audit.history import changed_in
from audit.keyset import page_of
from audit.models import TrailEntry, TrailLink
from audit.searching import LABELS, Search
from audit.trail_file import taken


@named("trail.view")
def trail(request: HttpRequest) -> HttpResponse:
    """Filters, all in the address: see Search."""
    search = Search.of(request.GET.dict(), getattr(request, "moment", None))
    chosen = search.acts()
    total = chosen.count()
    context: dict[str, Any] = {
        "page": page_of(chosen, order=("-id",), cursor=request.GET.get("cursor", "")),
        "heading": ngettext("%(n)s act in the trail", "%(n)s acts in the trail", total) % {"n": f"{total:,}"},
        "total": total,
        "chips": [
            {"key": name, "value": value, "label": LABELS[name], "word": value}
            for name, value in search.filters.items()
        ],
        "asked": search.asked,
    }
    return render(request, "audit/trail.html", context)


@named("trail.view")
def export(request: HttpRequest) -> StreamingHttpResponse:
    """What the address matches, as JSON lines."""
    return as_file(Search.of(request.GET.dict(), getattr(request, "moment", None)), request.user)


def as_file(search: Search, person: Any) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(taken(search, person), content_type="application/jsonl")
    answer["Content-Disposition"] = f'attachment; filename="trail-{clock.now():%Y%m%dT%H%M%SZ}.jsonl"'
    return answer


@named("trail.view")
def entry(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(TrailEntry.objects.select_related("traillink"), pk=pk)
    changed = changed_in(found)
    context = {
        "entry": found,
        "link": getattr(found, "traillink", None),
        "changed": changed,
        "detail": [(key, value) for key, value in found.detail.items() if key != "changed" or not changed],
    }
    return render(request, "audit/entry.html", context)


@named("trail.view")
def verify(request: HttpRequest) -> HttpResponse:
    """Every digest computed anew, now. The head's digest, noted elsewhere, shows a trail cut short."""
    head = TrailLink.objects.order_by("-position").first()
    context = {"verdict": chain.verify(), "head": head, "at": clock.now()}
    return render(request, "audit/verdict.html", context)
