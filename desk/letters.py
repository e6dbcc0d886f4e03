"""What stands in an e-mail of the portal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from desk.models import Notice

MOST = 50
"""Notices that a mail of the day names; the portal has the rest."""


def address(path: str) -> str:
    """The whole address of a page of the portal."""
    return f"{settings.PORTAL_ADDRESS}{path}"


def of_notice(notice: Notice, text: str) -> tuple[str, str]:
    """Subject and body. text: as long as it was said."""
    return text.splitlines()[0][:200], f"{text}\n\n{_where(notice)}\n\n{_why()}"


def of_day(notices: Sequence[Notice], day: date) -> tuple[str, str]:
    """Subject and body of the mail that has all of a day's, the latest last."""
    n = len(notices)
    subject = ngettext("%(n)d new notice, %(day)s", "%(n)d new notices, %(day)s", n) % {
        "n": n,
        "day": date_format(day, "j M Y"),
    }
    lines = [f"{one.text}\n{_where(one)}" for one in notices[:MOST]]
    if n > MOST:
        rest = ngettext("%(n)d more is in the portal:", "%(n)d more are in the portal:", n - MOST) % {"n": n - MOST}
        lines.append(f"{rest}\n{address(reverse('desk:notices'))}")
    return subject, "\n\n".join([*lines, _why()])


def _where(notice: Notice) -> str:
    return address(reverse("desk:open_notice", args=[notice.public_id]))


def _why() -> str:
    choice = address(reverse("organisation:preferences"))
    return _("You choose what the portal mails to you: %(address)s") % {"address": choice}
