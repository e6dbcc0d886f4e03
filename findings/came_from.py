"""The list that a reader came from: what stands beside a finding in it, and the way back to the same place.

A list's address travels in `?list=`: its query, without the moment, the line and the scope, which
every address of the portal carries anyway.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import QueryDict

from audit.keyset import beside, cursor_after, page_of
from findings.explore import KEPT, ORDERS, FindingFilter, url_for
from findings.models import Finding, FindingSpan
from organisation.middleware import Request

PAGE = 50
CURSOR = "cursor"


@dataclass(frozen=True)
class CameFrom:
    """query: as `?list=` has it. before, after: the findings beside this one; None at an end of the list."""

    query: str
    back: str
    before: Finding | None
    after: Finding | None


def query_of(request: Request, asked: FindingFilter) -> str:
    """A list's own query, for the doors of its rows."""
    query = request.GET.copy()
    for name in KEPT:
        query.pop(name, None)
    query["order"] = asked.order
    return query.urlencode()


def came_from(request: Request, held: FindingSpan | None) -> CameFrom | None:
    """None where the reader came from no list, or the finding says nothing at the moment. Three queries."""
    text = request.GET.get("list", "")
    if not text or held is None:
        return None
    query = QueryDict(text, mutable=True)
    cursor = query.pop(CURSOR, [""])[-1]
    for name in KEPT:
        if name in request.GET:
            query[name] = request.GET[name]
    asked = FindingFilter.of(query, request.user)
    if asked.errors:
        return None
    order = ORDERS[asked.order]
    spans = asked.spans(request.user, request.moment).select_related("finding", "check_ran")
    before, after = beside(spans, held, order=order)
    previous, following = (span.finding if span else None for span in (before, after))
    on_page = any(span.pk == held.pk for span in page_of(spans, order=order, cursor=cursor, size=PAGE).rows)
    if not on_page:
        cursor = cursor_after(before, order) if before else ""
    back = url_for(**asked.given, cursor=cursor)
    return CameFrom(text, f"{back}#{held.finding.public_id}", previous, following)
