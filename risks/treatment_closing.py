"""Closing a treatment: one proposes, another confirms, and it reopens by itself when its checks fail again."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import clock, trail
from audit.models import TrailEntry
from audit.words import kept
from organisation.models import User
from organisation.own_work import own_work
from organisation.permissions import may
from organisation.standing_in import by_right, same_hands
from risks.challenging import blocks_closing
from risks.closing import send_back
from risks.holding import held
from risks.models import Treatment
from risks.refusals import Refused
from risks.telling import of_solution, second_line, tell
from risks.treating import change_refusal

log = structlog.get_logger()


def locked(treatment: Treatment) -> Treatment:
    rows = Treatment.objects.select_for_update(of=("self",))
    related = ("owner", "risk__owner", "risk__solution", "closure_proposed_by")
    return rows.select_related(*related).get(pk=treatment.pk)


def propose_refusal(treatment: Treatment, person: User) -> str:
    if treatment.closed_at:
        return _("It is closed already.")
    if treatment.closure_proposed_at:
        return _("It is proposed already: another person than who proposed it and its owner confirms.")
    return change_refusal(treatment.risk, person, treatment.owner)


@transaction.atomic
def propose(treatment: Treatment, *, because: str, by: User | None) -> Treatment:
    """by: None where the portal proposes, because its checks have held. Raises Refused."""
    found = locked(treatment)
    why_not = propose_refusal(found, by) if by else ""
    if why_not:
        raise Refused(why_not)
    if not because.strip():
        raise Refused(_("Say what shows that it is done."), "because")
    found.closure_proposed_at, found.closure_proposed_by, found.closure_because = clock.now(), by, because
    found.save_version(read=found.version)
    trail.record(by or "treatments", "treatment.closure_proposed", found, because=because)
    words = kept("%(id)s, a treatment of %(risk)s, is proposed for closing") % _ids(found)
    tell(confirmers(found), "treatment_closure_proposed", found, words, by=by, mail=True)
    return found


def _ids(treatment: Treatment) -> dict[str, str]:
    return {"id": treatment.public_id, "risk": treatment.risk.public_id}


def confirmers(treatment: Treatment) -> list[User]:
    """Who is asked to confirm: the risk's owner and those of the solution, but for owner and proposer."""
    people = dict.fromkeys([treatment.risk.owner, *of_solution(treatment.risk)])
    return [one for one in people if one not in (treatment.owner, treatment.closure_proposed_by)]


def confirm_refusal(treatment: Treatment, person: User) -> str:
    """Why this person may not confirm its closing; empty where they may."""
    if treatment.closed_at:
        return _("It is closed already.")
    if treatment.closure_proposed_at is None:
        return _("Nobody proposes to close it.")
    if not may(person, "treatment.close"):
        return _("The first line closes its treatments; the second line may challenge that.")
    names = ", ".join(one.name for one in confirmers(treatment)) or _("somebody else who has part in the solution")
    if same_hands(person, treatment.closure_proposed_by, treatment.closure_proposed_at):
        words = _("You proposed it. Those who may confirm: %(names)s.") % {"names": names}
        return own_work(words, person, "treatment.closed", treatment)
    if same_hands(person, treatment.owner):
        words = _("It is yours: another person confirms. Those who may: %(names)s.") % {"names": names}
        return own_work(words, person, "treatment.closed", treatment)
    return change_refusal(treatment.risk, person)


@transaction.atomic
def confirm(treatment: Treatment, *, by: User, because: str = "") -> Treatment:
    """Raises Refused."""
    found = locked(treatment)
    if why_not := confirm_refusal(found, by) or blocks_closing(found):
        raise Refused(why_not)
    found.closed_at, found.closed_by = clock.now(), by
    found.save_version(read=found.version)
    trail.record(by, "treatment.closed", found, because=because)
    words = kept("%(id)s, a treatment of %(risk)s, is closed") % _ids(found)
    tell([found.owner, found.risk.owner], "treatment_closed", found, words, by=by)
    return found


@transaction.atomic
def decline(treatment: Treatment, *, by: User, because: str) -> Treatment:
    """Its closing is sent back with a reason: by whoever may confirm it, or who proposed it."""
    found = locked(treatment)
    if not by_right(by, [found.closure_proposed_by]) and (why_not := confirm_refusal(found, by)):
        raise Refused(why_not)
    if found.closed_at:
        raise Refused(_("It is closed already."))
    if not because.strip():
        raise Refused(_("Say why: it goes on the record."), "because")
    proposer = found.closure_proposed_by or found.owner
    send_back(found, because=because, by=by)
    words = kept("%(who)s sent the closing of %(id)s back") % {"who": by.name, "id": found.public_id}
    tell([proposer, found.owner], "treatment_closure_declined", found, words, by=by)
    return locked(found)


def follow(at: datetime) -> int:
    """What mitigations do by themselves as their checks pass and fail. How many moved. Safe to repeat."""
    moved = 0
    named = Treatment.objects.filter(strategy=Treatment.Strategy.MITIGATE, checks__valid_to=None, risk__closed_at=None)
    for one in named.filter(checks__isnull=False).distinct().order_by("pk"):
        try:
            moved += follow_one(one, at)
        except Exception:
            log.exception("treatment_not_followed", treatment=one.public_id)
    return moved


@transaction.atomic
def follow_one(treatment: Treatment, at: datetime) -> bool:
    """Whether it moved."""
    found = locked(treatment)
    now = held(found, at)
    if now is None:
        return False
    if found.closed_at:
        if now.failed_at is None or now.failed_at <= found.closed_at:
            return False
        return _back(found, kept("Its checks fail again since %(day)s") % {"day": _day(now.failed_at)})
    if found.closure_proposed_at is None:
        if not now.long_enough(found, at) or _sent_back_since(found, now.since):
            return False
        assert now.since is not None
        words = ngettext(
            "Its checks have passed since %(day)s, %(n)d day or more",
            "Its checks have passed since %(day)s, %(n)d days or more",
            found.hold_days,
        )
        propose(found, because=words % {"day": _day(now.since), "n": found.hold_days}, by=None)
        return True
    if found.closure_proposed_by is None and now.since is None:
        return _back(found, kept("Its checks do not all pass any more"))
    return False


def _sent_back_since(treatment: Treatment, since: datetime | None) -> bool:
    """Whether people sent its closing back while its checks went on passing: the portal does not insist."""
    entries = TrailEntry.objects.about("treatment", treatment.public_id).filter(at__gte=since)
    return entries.filter(action__in=["treatment.closure_declined", "treatment.reopened"]).exists()


def _back(treatment: Treatment, because: str) -> bool:
    was_closed = treatment.closed_at is not None
    people = [treatment.owner, treatment.risk.owner, treatment.closed_by, treatment.closure_proposed_by]
    told = [one for one in people if one]
    if was_closed:
        told += second_line()
    moved = send_back(treatment, because=because, by=None)
    words = (
        kept("%(id)s, a treatment of %(risk)s, is open again: %(why)s")
        if was_closed
        else kept("%(id)s, a treatment of %(risk)s, is no longer proposed for closing: %(why)s")
    )
    tell(told, "treatment_reopened", treatment, words % {**_ids(treatment), "why": because}, mail=was_closed)
    return moved


def _day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j M Y")
