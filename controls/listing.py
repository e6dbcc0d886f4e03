"""What an address asks for, and the list of requirements."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Told
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from controls.figures import drifting, mapped
from controls.models import Edition, FrameworkVersion, Obligation, Section
from controls.models.requirement import EditionQuerySet
from controls.standing import FAILS as WHOLLY_OR_PARTLY
from controls.standing import Monitoring, Standing

ATTENTION = {one: place for place, one in enumerate(Monitoring)}
Words = str | Promise
YES_NO: dict[str, Words] = {"yes": _("yes"), "no": _("no")}


@dataclass(frozen=True)
class Asked:
    """values: parameter → value as given. chips: what each stands for, to be taken away."""

    values: Told[str, str] = field(default_factory=dict)
    words: Told[str, tuple[Words, Words]] = field(default_factory=dict)

    @property
    def chips(self) -> list[dict[str, Any]]:
        return [
            {"key": name, "value": self.values[name], "label": label, "word": word}
            for name, (label, word) in self.words.items()
        ]

    @classmethod
    def of(cls, query: QueryDict, choices: Told[str, tuple[Words, Told[str, Words]]]) -> Self:
        """choices: parameter → its label, and its values with their words; q is anything. Raises BadRequest."""
        values = {name: text for name in (*choices, "q") if (text := query.get(name, "").replace("\x00", "").strip())}
        words: dict[str, tuple[Words, Words]] = {}
        for name, value in values.items():
            if name == "q":
                words[name] = (_("Search"), value[:80])
                continue
            label, known = choices[name]
            if value not in known:
                raise BadRequest(_("%(name)s has no value %(value)s") % {"name": name, "value": repr(value[:80])})
            words[name] = (label, known[value])
        return cls(values, words)


def requirement_choices(version: FrameworkVersion) -> dict[str, tuple[Words, dict[str, Words]]]:
    """The parameters of a version's list of requirements."""
    sections: dict[str, Words] = {one.public_id: str(one) for one in version.sections.all()}
    profiles: dict[str, Words] = {one.key: one.name for one in version.profiles.all()}
    obligations: dict[str, Words] = {value: label for value, label in Obligation.choices if value}
    return {
        "section": (_("Section"), sections),
        "obligation": (_("Obligation"), obligations),
        "baseline": (_("Baseline"), profiles),
        "status": (_("Status"), {FAILS: _("Failing, wholly or partly"), **dict(Monitoring.choices)}),
        "automated": (_("Automated"), YES_NO),
        "mapped": (_("Mapped to a check"), YES_NO),
        "drift": (_("Drift"), {"yes": _("named otherwise by a mapping")}),
    }


FAILS = "fails"
"""A status of the list that stands for two: see standing.FAILS."""


def requirements(
    asked: Asked, version: FrameworkVersion, at: datetime, standings: Told[int, Standing]
) -> EditionQuerySet:
    """standings: of the version's requirements, by their keys."""
    rows = version.editions.asked()
    values = asked.values
    if "section" in values:
        rows = rows.within(version.sections.get(pk=Section.key_of(values["section"])))
    if "obligation" in values:
        rows = rows.filter(obligation=values["obligation"])
    if "baseline" in values:
        rows = rows.in_baseline(values["baseline"])
    if "mapped" in values:
        rows = rows.filter(mapped(at) if values["mapped"] == "yes" else ~mapped(at))
    if "drift" in values:
        rows = rows.filter(drifting(at))
    if "status" in values or "automated" in values:
        rows = rows.filter(requirement__in=[key for key, one in standings.items() if _stands_as_asked(one, values)])
    return rows.saying(values["q"]) if "q" in values else rows


def _stands_as_asked(standing: Standing, values: Told[str, str]) -> bool:
    status, automated = values.get("status"), values.get("automated")
    as_asked = status is None or (
        standing.monitoring in WHOLLY_OR_PARTLY if status == FAILS else standing.monitoring == status
    )
    return as_asked and (automated is None or standing.is_automated == (automated == "yes"))


ORDERS = ("position", "-position", "status", "-status", "fails", "-fails")


def keys_in_order(rows: EditionQuerySet, order: str, standings: Told[int, Standing]) -> list[tuple[int, ...]]:
    """Of each of the rows: what it is sorted by, its position, and its own key; ascending. One query.

    -status begins with what deserves attention first, -fails with the most failing findings. Raises BadRequest.
    """
    if order not in ORDERS:
        raise BadRequest(_("order has no value %(order)s") % {"order": repr(order[:80])})
    name = order.lstrip("-")
    by: dict[str, Callable[[Standing], int]] = {
        "position": lambda standing: 0,
        "status": lambda standing: -ATTENTION[standing.monitoring],
        "fails": lambda standing: standing.counts.failed,
    }
    sign = -1 if order.startswith("-") else 1
    turned = sign if name == "position" else 1
    return sorted(
        (sign * by[name](standings[requirement]), turned * position, pk)
        for pk, requirement, position in rows.order_by().values_list("pk", "requirement", "position")
    )


def listed(rows: EditionQuerySet, at: datetime) -> QuerySet[Edition]:
    """With whether a mapping names it otherwise than it is."""
    related = rows.select_related("section", "requirement").defer("text", "guidance", "parameters")
    return related.annotate(drifts=drifting(at))
