"""Asks for a pack, and freezes what it is made of: by when everything counts, where the trail stood, when it is sealed.

known_at lies behind every transaction that was open when the pack was asked for. Whoever writes reads the clock within
their transaction; so once all of those have ended, nothing can still be committed with an earlier time, and the pack
gathered a day later is the same. Source: docs/packs.md#frozen.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from assurance.models import Engagement, Pack
from audit import clock, trail
from audit.models import TrailLink
from controls.models import FrameworkVersion
from desk.models import Job
from organisation.models import NotAllowed, Role, Solution, User, Visibility
from risks.refusals import Refused

KIND = "pack"
BREATH = 0.1
"""Seconds after known_at until open transactions are looked at: whoever read the clock just before has begun theirs."""
PATIENCE = 3.0
"""Seconds for which open transactions are waited for."""
LONGEST = timedelta(minutes=15)
"""How far known_at is put back for a transaction that does not end."""

OPEN = """
SELECT l.virtualtransaction, a.usesysid IS NULL, statement_timestamp() - a.xact_start
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'virtualxid' AND l.granted AND l.mode = 'ExclusiveLock'
  AND l.pid <> pg_backend_pid() AND (a.datid IS NULL OR a.datname = current_database())
"""
"""Every transaction holds a lock on its own virtual id from its beginning, which each role sees; since when it is open,
the role that opened it sees. Workers of the database itself belong to no role and write no rows of ours."""


@dataclass(frozen=True)
class Frozen:
    known_at: datetime
    trail_position: int
    trail_digest: str


def frozen() -> Frozen:
    """A moment by which everything is known, and the trail's head then. Raises NotAllowed."""
    known_at = clock.now()
    time.sleep(BREATH)
    waited_for, until = _open(), time.monotonic() + PATIENCE
    left = waited_for
    while left and time.monotonic() < until:
        time.sleep(0.05)
        still = _open()
        left = {one: still[one] for one in left if one in still}
    if left:
        known_at = _behind(left)
    head = TrailLink.objects.order_by("-position").first()
    return Frozen(known_at, head.position if head else 0, head.hex if head else "0" * 64)


def _open() -> dict[str, timedelta | None]:
    """The transactions that are open beside this one, and for how long; None where this role may not know."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN)
        return {one: lasts for one, is_the_databases_own, lasts in cursor.fetchall() if not is_the_databases_own}


def _behind(left: dict[str, timedelta | None]) -> datetime:
    """Just before the oldest of these began."""
    ages = [age for age in left.values() if age is not None]
    if len(ages) < len(left) or max(ages) > LONGEST:
        raise NotAllowed(
            _("Something has been writing to the database for a while, so nobody can say yet what is known of now. "
              "Ask again in some minutes.")
        )  # fmt: skip
    return clock.now() - max(ages) - timedelta(seconds=BREATH)


@cache
def software() -> str:
    """The portal's version, as it stands in a pack."""
    told = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f"{told['name']} {told['version']}"


def of_engagement(engagement: Engagement, *, by: User, enqueue: Callable[[int], object]) -> Pack:
    """By its team. Raises NotAllowed."""
    if not Engagement.objects.worked_on_by(by).filter(pk=engagement.pk).exists():
        raise NotAllowed(_("A pack of an engagement is made by its team; ask one of them."))
    title = f"{engagement.title}"
    return _ask(
        title, engagement, engagement.framework, list(engagement.solutions.order_by("pk")),
        engagement.about_from, engagement.about_to, by=by, enqueue=enqueue,
    )  # fmt: skip


def of_framework(
    version: FrameworkVersion,
    solutions: Collection[Solution],
    *,
    about: tuple[datetime, datetime] | None,
    by: User,
    enqueue: Callable[[int], object],
) -> Pack:
    """about: the period; equal ends for a moment; None for now. Raises Refused and NotAllowed."""
    if not solutions:
        raise Refused(_("Choose one solution at least."), "solutions")
    _within_reach(solutions, about, by)
    if about and about[1] < about[0]:
        raise Refused(_("The period ends before it begins."), "until")
    if about and about[0] > clock.now():
        raise Refused(_("That is still to come: nothing is known of it."), "since")
    title = f"{version}"
    begin, end = about or (None, None)
    return _ask(title, None, version, sorted(solutions, key=lambda one: one.pk), begin, end, by=by, enqueue=enqueue)


def _within_reach(solutions: Collection[Solution], about: tuple[datetime, datetime] | None, by: User) -> None:
    seen = Visibility.of(by)
    if not seen.everything and {one.pk for one in solutions} - seen.solutions:
        raise Refused(_("You may see some of these solutions only: choose those."), "solutions")
    if Role.EXTERNAL not in by.roles_in_view or seen.period is None:
        return
    if about is None or about[0] < seen.period[0] or about[1] > seen.period[1]:
        told = {"from": date_format(seen.period[0], "d F Y"), "to": date_format(seen.period[1], "d F Y")}
        raise Refused(_("You audit the period from %(from)s to %(to)s: choose within it.") % told, "since")


def _ask(
    title: str,
    engagement: Engagement | None,
    version: FrameworkVersion,
    solutions: Collection[Solution],
    begin: datetime | None,
    end: datetime | None,
    *,
    by: User,
    enqueue: Callable[[int], object],
) -> Pack:
    found = frozen()
    with transaction.atomic():
        at = clock.now()
        pack = Pack.objects.create(
            title=title[:200],
            engagement=engagement,
            framework=version,
            about_from=begin or found.known_at,
            about_to=end or found.known_at,
            known_at=found.known_at,
            trail_position=found.trail_position,
            trail_digest=found.trail_digest,
            seal_time=at,
            software=software()[:40],
            requested_by=by,
            requested_at=at,
        )
        pack.solutions.set(solutions)
        pack.job = Job.objects.create(
            kind=KIND,
            subject=pack.public_id,
            url=reverse("assurance:pack", args=[pack.public_id]),
            title=_("Seal the pack %(id)s: %(title)s") % {"id": pack.public_id, "title": title[:150]},
            requested_by=by,
            requested_at=at,
        )
        pack.save(update_fields=["job"])
        trail.record(by, "pack.asked", pack, **_told(pack, solutions))
        transaction.on_commit(lambda: enqueue(pack.pk), robust=True)
    return pack


def _told(pack: Pack, solutions: Collection[Solution]) -> dict[str, object]:
    return {
        "engagement": pack.engagement.public_id if pack.engagement else "",
        "framework": pack.framework.public_id,
        "solutions": [one.public_id for one in solutions],
        "about": [pack.about_from.isoformat(), pack.about_to.isoformat()],
        "known_at": pack.known_at.isoformat(),
        "trail_position": pack.trail_position,
        "trail_digest": pack.trail_digest,
    }
