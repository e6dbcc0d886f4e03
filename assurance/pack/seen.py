"""How much could be seen: the coverage of the places where the solutions of a pack live."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assurance.pack.contents import CoverageLine
from assurance.pack.scope import Scope
from findings.models import CoverageSpan, CoverageState
from organisation.models import SolutionAccount


def coverage_lines(scope: Scope) -> list[CoverageLine]:
    """Each account, Region and source of the solutions, as it stood at the pack's moment. Two queries."""
    at = scope.moment.at
    lived = SolutionAccount.objects.in_force(at).filter(solution__in=scope.keys)
    spans = CoverageSpan.objects.filter(scope.moment.holds(), scope__account__in=lived.values("account__account_id"))
    retired = spans.filter(scope__retired_at__lte=at)
    rows = list(
        spans.exclude(pk__in=retired)
        .select_related("scope")
        .order_by("scope__account", "scope__region", "scope__source", "scope_id")
    )
    hours = _unobserved([one.scope_id for one in rows], scope.pack.about_from, at, scope.known_at)
    return [
        CoverageLine(
            account=one.scope.account,
            region=one.scope.region,
            source=str(one.scope.get_source_display()),
            state=str(one.get_state_display()),
            reason=one.reason,
            since=one.valid_from,
            unobserved_hours=hours[one.scope_id],
        )
        for one in rows
    ]


def in_words(lines: list[CoverageLine]) -> str:
    """What the figures of a pack rest on."""
    if not lines:
        return _("Nothing was observed: no account of these solutions was connected at that moment.")
    fresh = sum(one.state == str(CoverageState.FRESH.label) for one in lines)
    n = len(lines)
    words = ngettext(
        "Of %(n)d place (account, Region and source) %(fresh)d was fresh at that moment.",
        "Of %(n)d places (account, Region and source) %(fresh)d were fresh at that moment.",
        n,
    ) % {"n": n, "fresh": fresh}
    blind = [one for one in lines if one.unobserved_hours]
    if blind:
        most = max(one.unobserved_hours for one in blind)
        told = {"n": len(blind), "most": f"{most:,.1f}"}
        words += (
            " " + _("In the period %(n)d of them could not be spoken for at times, for %(most)s hours at most.") % told
        )
    return words + " " + _("What was not observed is neither a pass nor a fail.")


def _unobserved(places: Iterable[int], begin: datetime, end: datetime, known_at: datetime) -> dict[int, float]:
    """Of each place: hours of the period in which it could not be spoken for."""
    keys = list(places)
    if not keys or end <= begin:
        return dict.fromkeys(keys, 0.0)
    with connection.cursor() as cursor:
        cursor.execute(UNOBSERVED, {"places": keys, "begin": begin, "end": end, "known_at": known_at})
        return {place: round(float(hours or 0), 1) for place, hours in cursor.fetchall()}


UNOBSERVED = """
WITH place AS (SELECT unnest(%(places)s::bigint[]) AS id),
fresh AS (
    SELECT scope_id, valid_from, CASE WHEN end_recorded_at > %(known_at)s THEN NULL ELSE valid_to END AS valid_to
    FROM findings_coveragespan
    WHERE state = 'fresh' AND recorded_at <= %(known_at)s AND (superseded_at IS NULL OR superseded_at > %(known_at)s)
),
seen AS (
    SELECT place.id, coalesce(range_agg(tstzrange(valid_from, valid_to) * tstzrange(%(begin)s, %(end)s))
                              FILTER (WHERE fresh.scope_id IS NOT NULL), '{}'::tstzmultirange) AS held
    FROM place LEFT JOIN fresh
      ON fresh.scope_id = place.id AND valid_from < %(end)s AND (valid_to IS NULL OR valid_to > %(begin)s)
    GROUP BY place.id
)
SELECT seen.id, (
    SELECT sum(extract(epoch FROM upper(one) - lower(one))) / 3600
    FROM unnest(tstzmultirange(tstzrange(%(begin)s, %(end)s)) - held) AS one
) FROM seen
"""
