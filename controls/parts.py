"""What shows a requirement, as people read it: each part of its standing with its names, mappings and doors."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from controls.models import CheckReference, Control, Edition, Mapping, Requirement, Verdict
from controls.standing import Kind, Monitoring, Part
from findings.models import Check
from organisation.models import Solution

Relation = Mapping.Relation


@dataclass(frozen=True)
class Shown:
    """A part in words. name, title: of what it is. checks: those observed behind it. mappings: that make it a part.

    subject: the row that it is about: CheckReference, Control, Verdict, Requirement; None where a test is due.
    """

    part: Part
    name: str
    title: str = ""
    subject: Any = None
    checks: list[Check] = field(default_factory=list)
    mappings: list[Mapping] = field(default_factory=list)
    answers: Solution | None = None

    @property
    def relation(self) -> str:
        return str(Relation(self.part.relation).label)

    @property
    def kind(self) -> str:
        return str(self.part.kind.label)


def shown(parts: Collection[Part], at: datetime) -> list[Shown]:
    """Each part with what it is called. Eight queries at most, however many they are."""
    rows: dict[Kind, dict[int, Any]] = {
        Kind.CHECK: CheckReference.objects.in_bulk(_keys(parts, Kind.CHECK)),
        Kind.CONTROL: Control.objects.select_related("owner").in_bulk(_keys(parts, Kind.CONTROL)),
        Kind.VERDICT: Verdict.objects.select_related("said_by").in_bulk(_keys(parts, Kind.VERDICT)),
        Kind.REQUIREMENT: Requirement.objects.select_related("framework").in_bulk(_keys(parts, Kind.REQUIREMENT)),
    }
    checks = Check.objects.in_bulk({key for part in parts for key in part.checks})
    mappings = Mapping.objects.select_related("mapping_set").in_bulk({key for part in parts for key in part.mappings})
    answers = Solution.objects.in_bulk({part.answers for part in parts if part.answers})
    editions = Edition.objects.current(at).filter(requirement__in=rows[Kind.REQUIREMENT])
    titles = {one.requirement_id: f"{one.label} {one.title}" for one in editions.only("requirement", "label", "title")}
    found = []
    for part in parts:
        subject = rows[part.kind].get(part.key or 0)
        name, title = _words(part, subject, titles)
        behind = [checks[key] for key in part.checks if key in checks]
        if part.kind is Kind.CHECK and behind:
            title = behind[0].title
        found.append(
            Shown(
                part,
                name,
                title,
                subject,
                behind,
                [mappings[key] for key in part.mappings],
                answers.get(part.answers or 0),
            )
        )
    return found


ORDER = (
    Monitoring.FAILING, Monitoring.PARTLY_FAILING, Monitoring.PARTLY_SHOWN, Monitoring.PASSING,
    Monitoring.NOT_OBSERVED, Monitoring.NOT_MAPPED, Monitoring.NOT_APPLICABLE,
)  # fmt: skip


def worst_first(rows: Iterable[Shown]) -> list[Shown]:
    """What fails, then what says anything, then what does not; by name."""
    return sorted(rows, key=lambda one: (ORDER.index(one.part.monitoring), one.name))


def _keys(parts: Collection[Part], kind: Kind) -> set[int]:
    return {part.key for part in parts if part.kind is kind and part.key is not None}


def _words(part: Part, subject: Any, titles: dict[int, str]) -> tuple[str, str]:
    if isinstance(subject, CheckReference):
        return subject.key, ""
    if isinstance(subject, Control):
        return subject.name, subject.public_id
    if isinstance(subject, Requirement):
        return f"{subject.framework} {subject.key}", titles.get(subject.pk, "")
    if isinstance(subject, Verdict):
        return str(subject.get_kind_display()), subject.because
    return _("No test or attestation that is fresh"), ""
