"""The homes' titles: the answer in one sentence, in the words of the line."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.moment import Moment
from dashboard.administrator import Administration
from dashboard.failing import Standing
from dashboard.reach import Reach
from dashboard.third_line import ThirdLine
from findings.changes import Change
from findings.phrasing import number

MOST_NAMES = 3


def subject(reach: Reach) -> str:
    """Payments, Data platform and Web shop; or their number where they are many."""
    names = [one.name for one in reach.subject]
    if len(names) > MOST_NAMES:
        return ngettext("%(n)d solution", "%(n)d solutions", len(names)) % {"n": len(names)}
    return get_text_list(names, _("and")) or _("No solution")


def first_line_title(reach: Reach, standing: Standing) -> str:
    """The answer before what is new: "Payments and Data platform: 12 checks fail"."""
    told = {"subject": subject(reach), "n": number(standing.checks)}
    if not reach.solutions:
        return _("No solution is open to you yet")
    if standing.checks:
        return ngettext("%(subject)s: %(n)s check fails", "%(subject)s: %(n)s checks fail", standing.checks) % told
    if standing.total.assessed:
        return _("%(subject)s: nothing fails") % told
    return _("%(subject)s: nothing observed yet") % told


def second_line_subject(reach: Reach) -> str:
    """Whose posture it is: the chosen solution's, or everybody's."""
    if reach.is_unowned:
        return _("No solution")
    return reach.chosen.name if reach.chosen else _("The estate")


def third_line_title(moment: Moment, found: ThirdLine) -> str:
    """ "As of 30 Jun 2026, 14:00: 23 of 94 checks fail"."""
    at = date_format(timezone.localtime(moment.at), "j M Y, H:i")
    when = _("Now, %(at)s") if moment.is_now else _("As of %(at)s")
    told = {"when": when % {"at": at}, "n": number(found.failing), "all": number(found.observed)}
    if not found.observed:
        return _("%(when)s: nothing was observed") % told
    words = ngettext(
        "%(when)s: %(n)s of %(all)s observed checks fails",
        "%(when)s: %(n)s of %(all)s observed checks fail",
        found.failing,
    )
    return words % told


def administrator_title(found: Administration) -> str:
    if not found.connections:
        return _("Nothing is connected yet")
    missing, people = len(found.missing), found.roleless_count
    if not missing and not people:
        return _("Everything is set up")
    words = []
    if missing:
        words.append(ngettext("%(n)d step to set up", "%(n)d steps to set up", missing) % {"n": missing})
    if people:
        said = ngettext("%(n)d person without a role", "%(n)d people without a role", people)
        words.append(said % {"n": people})
    return get_text_list(words, _("and"))


def changes_title(way: str, counts: Change, since: str) -> str:
    n = getattr(counts, way)
    words = {
        "worse": ngettext(
            "%(n)s finding began to fail since %(since)s", "%(n)s findings began to fail since %(since)s", n
        ),
        "better": ngettext(
            "%(n)s finding failed and passes since %(since)s",
            "%(n)s findings failed and pass since %(since)s",
            n,
        ),
        "gone": ngettext(
            "%(n)s failing finding is gone since %(since)s", "%(n)s failing findings are gone since %(since)s", n
        ),
    }[way]
    return words % {"n": number(n), "since": since}


def changes_tabs(way: str, counts: Change, query: QueryDict) -> list[dict[str, Any]]:
    tabs = []
    for name, label in (("worse", _("Worse")), ("better", _("Better")), ("gone", _("Gone"))):
        changed = query.copy()
        changed.pop("cursor", None)
        changed["way"] = name
        url = f"?{changed.urlencode()}"
        tabs.append({"label": label, "url": url, "count": getattr(counts, name), "current": name == way})
    return tabs
