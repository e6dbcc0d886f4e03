"""Heads of the trail: once a day where it stands is signed and kept where who owns the database cannot write."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.models import TrailEntry, TrailLink
from desk.models import Job, Notice, OutboxMessage
from evidence import head_files, signing, software
from evidence.head_files import NONE, Head, Signed, Unreadable
from evidence.head_verification import Verification, verify
from evidence.models import TrailHead
from organisation.models import Role, RoleAssignment, User

log = structlog.get_logger(__name__)

KEPT, VERIFIED = "trail_head.kept", "trail_head.verified"
MOST_TOLD = 20
"""Problems that the trail and a notice tell of one verification."""
AT_ONCE, HEADS_AT_ONCE = 20_000, 100
"""Entries of the trail, and heads, that are verified within a second or so; of more a job is made."""
FORGOTTEN = timedelta(minutes=5)
JOB = "trail_heads"


def keep_due() -> TrailHead | None:
    """Once a day, in the organisation's zone: keep the head, then hold all of them against the trail."""
    last = TrailHead.objects.order_by("-pk").first()
    if last is not None and _day(last.taken_at) >= _day(clock.now()):
        return None
    if not signing.has_key():
        log.warning("trail_head.no_key", do="Set SIGNING_KEY_FILE; python manage.py make_signing_key makes the key.")
        return None
    made = keep()
    if made is not None:
        found = verify_and_tell("evidence")
        if not found.holds:
            _give_notice(found)
    return made


@transaction.atomic
def keep(by: User | str = "evidence") -> TrailHead | None:
    """Sign where the trail stands now; None where nothing is in it. Raises ImproperlyConfigured without a key.

    Where the transaction ends otherwise, the file stays: a head without a row is a head all the same.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('evidence.trail_head'))")
    link = TrailLink.objects.order_by("-position").first()
    if link is None:
        return None
    entries = TrailLink.objects.filter(position__lte=link.position).count()
    head = Head(clock.now(), link.position, link.hex, entries, f"compliance-portal {software.version()}", _before())
    signed = Signed.of(head)
    made = TrailHead.objects.create(
        taken_at=head.taken_at,
        position=head.position,
        digest=head.digest,
        key=signed.key,
        stored_as=head_files.keep(signed),
        mailed_to=", ".join(settings.TRAIL_HEADS_TO)[:300],
    )
    trail.record(by, KEPT, made, position=head.position, digest=head.digest, key=signed.key, file=made.stored_as)
    for address in settings.TRAIL_HEADS_TO:
        _mail(made, signed, address)
    return made


def verify_and_tell(by: User | str, job: Job | None = None) -> Verification:
    """Verify every head, and keep what was found in the trail itself."""
    found = verify(job)
    last = TrailHead.objects.order_by("-pk").first() or TrailHead(pk=0)
    told = [str(problem) for problem in found.problems]
    trail.record(by, VERIFIED, last, heads=found.heads, holds=found.holds, found=len(told), problems=told[:MOST_TOLD])
    if not found.holds:
        log.error("trail_head.broken", problems=told[:MOST_TOLD])
    return found


def last_verified() -> TrailEntry | None:
    """What was found last: `heads`, `holds`, `found` and `problems` in its detail."""
    kind = str(TrailHead._meta.model_name)
    return TrailEntry.objects.filter(kind=kind, action=VERIFIED).last_first().first()


def is_quick() -> bool:
    """Whether verifying takes about a second."""
    last = TrailLink.objects.order_by("-position").values_list("position", flat=True).first() or 0
    return last <= AT_ONCE and TrailHead.objects.count() <= HEADS_AT_ONCE


def ask_for_verification(by: User) -> Job:
    """A job that verifies, of one who does not wait."""
    page, title = reverse("evidence:trail_heads"), _("Verify the heads of the trail")
    return Job.objects.create(kind=JOB, url=page, title=title, requested_by=by, requested_at=clock.now())


def carry_out(job: Job) -> None:
    """Safe to repeat."""
    if job.is_finished:
        return
    job.begin(total=TrailHead.objects.count() + 1, step=_("Computing the chain anew"))
    found = verify_and_tell(job.requested_by or "evidence", job)
    state = Job.State.DONE if found.holds else Job.State.PARTLY
    job.finish(state, step=_("Every head holds.") if found.holds else str(found.problems[0]))


def forgotten(at: datetime) -> list[int]:
    """Keys of the jobs that a lost task left."""
    left = Job.objects.filter(kind=JOB, requested_at__lt=at - FORGOTTEN).unfinished()
    return list(left.order_by("pk").values_list("pk", flat=True))


def _before() -> str:
    """The SHA-256 of the head in the storage that was kept last: whatever the database says of it."""
    name = head_files.last_name()
    if name is None:
        return NONE
    try:
        return head_files.read(name).head.sha256
    except Unreadable:
        return NONE


def _mail(made: TrailHead, signed: Signed, address: str) -> None:
    told = {"head": made.public_id, "position": made.position, "at": made.taken_at.isoformat(timespec="minutes")}
    subject = _("Head of the trail %(head)s: position %(position)d") % told
    body = _(
        "This is where the portal's trail stood at %(at)s, signed by its key. Keep this message: a trail that is cut "
        "or rebuilt will not have this digest at this position. To hold it against the trail, save the message and run "
        "python manage.py verify_trail_heads FILE."
    )
    OutboxMessage.objects.write(
        f"trail-head:{made.pk}:{address}", to=address, subject=subject, body=f"{body % told}\n\n{signed.content}"
    )


def _give_notice(found: Verification) -> None:
    """To administrators and the third line."""
    at = clock.now()
    roles = (Role.ADMINISTRATOR, Role.THIRD)
    people = RoleAssignment.objects.in_force(at).filter(role__in=roles).values_list("person", flat=True)
    text = _("The trail does not hold: %(why)s") % {"why": found.problems[0]}
    url = reverse("evidence:trail_heads")
    Notice.objects.bulk_create(
        Notice(person_id=person, at=at, kind="trail_head", text=text[:300], url=url) for person in set(people)
    )


def _day(at: datetime) -> date:
    return at.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
