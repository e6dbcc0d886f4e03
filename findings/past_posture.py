"""Postures of a past moment: counted from the spans when first asked for, and kept while they hold.

What is known of a past moment changes only where something learnt since then concerns it; as long
as nothing does, the counts serve everybody who asks of that moment, whatever they may see of them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from audit import clock
from audit.moment import Moment
from findings.models import FindingSpan, PastMoment, PastPosture
from findings.models.queries import OwnedQuerySet

LASTS = timedelta(days=1)
MARGIN = timedelta(minutes=15)
"""A merge may commit that much later than the moment at which it says to have learnt something."""

MEMORY = "128MB"
"""While counting: a million findings are then hashed by their groups, and not sorted on disk."""

COUNT = """
INSERT INTO findings_pastposture (
    moment_id, check_ran_id, account, region, solutions, status, severity, suppressed, n, oldest_since, newest_since
)
SELECT %(moment)s, check_ran_id, account, region, solutions, status, severity, workflow = 'SUPPRESSED',
       count(*), min(status_since), max(status_since)
FROM findings_findingspan
WHERE valid_from <= %(at)s AND recorded_at <= %(known_at)s
  AND (valid_to IS NULL OR valid_to > %(at)s OR end_recorded_at > %(known_at)s)
  AND (superseded_at IS NULL OR superseded_at > %(known_at)s)
  AND scored AND record_state = 'ACTIVE'
GROUP BY 2, 3, 4, 5, 6, 7, 8
"""
"""The condition is that of Moment.holds() and of what is counted."""


def past_postures(moment: Moment) -> OwnedQuerySet[PastPosture]:
    """The postures at a moment that is past. Two queries where it is kept, and the counting where it is not."""
    return PastPosture.objects.filter(moment=_kept(moment) or _counted(moment))


def _kept(moment: Moment) -> PastMoment | None:
    fresh = PastMoment.objects.filter(at=moment.at, counted_at__gt=clock.now() - LASTS)
    found = fresh.order_by("-known_at").first()
    if found is None or _learnt_between(moment.at, *sorted((found.known_at, moment.known_at))):
        return None
    return found


def _learnt_between(at: datetime, begin: datetime, end: datetime) -> bool:
    """Whether anything that concerns `at` was learnt then."""
    period = (begin - MARGIN, end)
    begun = Q(recorded_at__range=period, valid_from__lte=at)
    ended = Q(end_recorded_at__range=period, valid_to__lte=at)
    learnt = (Q(superseded_at__range=period), begun, ended)
    return any(FindingSpan.objects.filter(one).exists() for one in learnt)


@transaction.atomic
def _counted(moment: Moment) -> PastMoment:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('findings_past'), %s), set_config('work_mem', %s, true)",
            [int(moment.at.timestamp()) // 60, MEMORY],
        )
        if found := _kept(moment):
            return found  # somebody else counted it meanwhile
        PastMoment.objects.filter(Q(at=moment.at) | Q(counted_at__lte=clock.now() - LASTS)).delete()
        made = PastMoment.objects.create(at=moment.at, known_at=moment.known_at, counted_at=clock.now())
        cursor.execute(COUNT, {"moment": made.pk, "at": moment.at, "known_at": moment.known_at})
    return made
