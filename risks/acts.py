"""What people did to a risk, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import history as kept
from audit.history import Act, Telling, Words, in_words, rows_named, standing_in
from audit.models import TrailEntry
from controls.models import Control
from findings.models import Check
from organisation.models import Solution, User
from risks.models import WRITTEN, Assessment, Category, Risk

WORDS: dict[str, Words] = {
    "risk.added": gettext_lazy("added it"),
    "risk.changed": gettext_lazy("changed it"),
    "risk.taken_back": gettext_lazy("took changes back"),
    "risk.reviewed": gettext_lazy("reviewed it"),
    "risk.control_linked": gettext_lazy("linked a control"),
    "risk.control_unlinked": gettext_lazy("unlinked a control"),
    "risk.findings_linked": gettext_lazy("linked findings"),
    "risk.findings_unlinked": gettext_lazy("unlinked findings"),
    "risk.level_stated": gettext_lazy("stated a level"),
    "risk.level_proposed": gettext_lazy("proposed a level"),
    "risk.level_confirmed": gettext_lazy("confirmed a level"),
    "risk.level_declined": gettext_lazy("declined a level"),
    "risk.closure_proposed": gettext_lazy("proposed to close it"),
    "risk.closure_declined": gettext_lazy("sent its closing back"),
    "risk.closed": gettext_lazy("closed it"),
    "risk.reopened": gettext_lazy("reopened it"),
    "risk.imported": gettext_lazy("imported it"),
    "risk.import_taken_back": gettext_lazy("took an import back"),
}
ROWS = ("solution", "category", "owner")
ANOTHER = gettext_lazy("another solution")


def history(risk: Risk, user: User, at: datetime) -> list[Act]:
    """Everything that was done to it by a moment, the latest first. Six queries at most."""
    entries = kept.entries_of(risk, at)
    names = _names(entries, user) | {risk.solution.public_id: risk.solution.name}
    return Telling(
        Risk,
        WORDS,
        WRITTEN,
        shown=lambda name, value: _shown(name, value, names),
        about=lambda entry: _about(entry, names),
    ).acts(entries)


def _shown(name: str, value: Any, names: Mapping[str, str]) -> Words:
    if name in ROWS:
        return names.get(value, ANOTHER)
    if name == "review_on" and value:
        return date_format(date.fromisoformat(value), "j M Y")
    return in_words(Risk, name, value)


def _names(entries: Iterable[TrailEntry], user: User) -> dict[str, str]:
    """What stands in these entries by public id, in words."""
    told = list(entries)
    stood = standing_in(told, ROWS)
    stood |= {entry.detail[name] for entry in told for name in ("control", "check") if name in entry.detail}
    found: dict[str, Any] = {}
    for rows in (User.objects.all(), Solution.objects.visible_to(user), Category.objects.all()):
        found |= rows_named(rows, stood)
    names = {public_id: one.name for public_id, one in found.items()}
    names |= {public_id: one.name for public_id, one in rows_named(Control.objects.all(), stood).items()}
    return names | {public_id: one.key for public_id, one in rows_named(Check.objects.all(), stood).items()}


def _about(entry: TrailEntry, names: Mapping[str, str]) -> Words:
    told = entry.detail
    if "register_import" in told:
        return str(told["register_import"])
    if "level" in told:
        kind = Assessment.Kind(told["kind"]).label
        words = _("%(kind)s: %(level)s (%(likelihood)s, %(impact)s)")
        return words % {**{name: told[name] for name in ("level", "likelihood", "impact")}, "kind": kind}
    if "control" in told:
        return names.get(told["control"], str(told["control"]))
    if "check" in told:
        parts = (names.get(told["check"], told["check"]), told.get("account"), told.get("finding"))
        return ", ".join(one for one in parts if one)
    return ""
