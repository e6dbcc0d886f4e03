"""What exceptions do by themselves: expire, reopen where more is borne than was agreed, and remind of it beforehand."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from desk.models import Notice
from risks import bearing
from risks.excepting import locked, move, risen
from risks.exception_moves import Verb
from risks.models import RiskException
from risks.population import population
from risks.telling import concerned, tell

REMIND_DAYS = (30, 7, 1)
log = structlog.get_logger()


def follow(at: datetime) -> int:
    """Bring every open exception to where it is now. How many expired or reopened. Safe to repeat."""
    ended = 0
    for one in RiskException.objects.open().order_by("pk"):
        try:
            ended += follow_one(one, at)
        except Exception:
            log.exception("exception_not_followed", exception=one.public_id)
    return ended


@transaction.atomic
def follow_one(exception: RiskException, at: datetime) -> bool:
    """Whether it ended."""
    held = locked(exception)
    if held.ended_at:
        return False
    if held.expires_at <= at:
        move(held, Verb.EXPIRE, by=None, because=_("It was agreed until then"))
        return True
    if held.state == RiskException.State.LIVE:
        if because := too_far(held, at):
            move(held, Verb.REOPEN, by=None, because=because)
            return True
        remind(held, at)
    return False


def too_far(exception: RiskException, at: datetime) -> str:
    """Why a live one reopens by itself; empty where it holds, and the ledger is what fails within its bounds then."""
    return risen(exception, at, population(exception).worst) or bearing.refresh(exception)


def remind(exception: RiskException, at: datetime) -> None:
    """Once for each number of days; not of days that were over when it began."""
    began = exception.began_at or at
    reached = [days for days in REMIND_DAYS if began <= exception.expires_at - timedelta(days=days) <= at]
    if not reached:
        return
    kind = f"exception_due_{min(reached)}"
    if Notice.objects.filter(kind=kind, subject=exception.public_id).exists():
        return
    told = {
        "id": exception.public_id,
        "kind": exception.get_kind_display().lower(),
        "solution": exception.solution.name,
        "day": date_format(timezone.localtime(exception.expires_at), "j M Y"),
    }
    text = _("%(id)s, %(kind)s in %(solution)s, expires on %(day)s: fix what fails, or ask anew") % told
    tell(concerned(exception), kind, exception, text, mail=True)
