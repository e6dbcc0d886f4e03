"""What people did to an engagement, as the trail keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, ngettext

from assurance.engaging import WRITTEN
from assurance.models import Engagement, TeamMember
from audit import history as kept
from audit.history import Act, Telling, rows_named, standing_in
from audit.models import TrailEntry
from controls.models import FrameworkVersion
from organisation.models import Solution, User

WORDS = {
    "engagement.planned": gettext_lazy("planned it"),
    "engagement.changed": gettext_lazy("changed the plan"),
    "engagement.begun": gettext_lazy("began fieldwork"),
    "engagement.reporting": gettext_lazy("ended fieldwork"),
    "engagement.closed": gettext_lazy("closed it"),
    "engagement.member_put": gettext_lazy("put on the team"),
    "engagement.member_taken_off": gettext_lazy("took off the team"),
    "engagement.independence_declared": gettext_lazy("declared their independence"),
}
ANOTHER = gettext_lazy("another solution")


def history(engagement: Engagement, user: User, at: datetime) -> list[Act]:
    """Everything that was done to it by a moment, the latest first. Five queries at most.

    A solution that the reader may not see is not named.
    """
    entries = kept.entries_of(engagement, at)
    names = _names(entries, user)
    telling = Telling(
        Engagement,
        WORDS,
        WRITTEN,
        shown=lambda name, value: _shown(name, value, names),
        about=lambda entry: _about(entry, names),
    )
    return telling.acts(entries)


def _about(entry: TrailEntry, names: dict[str, str]) -> str | Promise:
    told = entry.detail
    if entry.action == "engagement.member_put":
        return f"{names.get(told['person'], '')}, {TeamMember.Part(told['part']).label}"
    if entry.action == "engagement.member_taken_off":
        return names.get(told["person"], "")
    if entry.action == "engagement.closed" and told.get("not_reviewed"):
        n = len(told["not_reviewed"])
        return ngettext("%(n)d test not reviewed", "%(n)d tests not reviewed", n) % {"n": n}
    return str(told.get("declaration", ""))


def _shown(name: str, value: Any, names: dict[str, str]) -> str | Promise:
    if name == "solutions":
        return ", ".join(str(names.get(one, ANOTHER)) for one in value)
    if name in ("about_from", "about_to", "access_until"):
        return date_format(timezone.localtime(datetime.fromisoformat(value)), "j M Y, H:i") if value else ""
    if name in ("framework", "previous"):
        return names.get(value, value) if value else ""
    return kept.in_words(Engagement, name, value)


def _names(entries: Iterable[TrailEntry], user: User) -> dict[str, str]:
    """The names of people, solutions and versions that stand in these entries, by public id."""
    entries = list(entries)
    stood = standing_in(entries, ("framework",))
    for entry in entries:
        stood |= {entry.detail["person"]} if "person" in entry.detail else set()
        stood |= {one for side in entry.detail.get("changed", {}).get("solutions", ()) for one in side}
    solutions = rows_named(Solution.objects.visible_to(user), stood)
    versions = rows_named(FrameworkVersion.objects.select_related("framework"), stood)
    people = rows_named(User.objects.all(), stood)
    return {public_id: str(one) for public_id, one in (solutions | versions | people).items()}
