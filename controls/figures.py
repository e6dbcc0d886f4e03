"""How much of each framework there is: asked, worded, mapped to checks, and drifting; and where it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from django.db.models import Count, Exists, OuterRef, Q

from controls.models import Edition, Framework, FrameworkVersion, Mapping
from controls.models.requirement import EditionQuerySet
from controls.standing import FAILS, Monitoring, Standing


@dataclass(frozen=True)
class Stands:
    """How many of some requirements stand how. automated: those that a check shows something of."""

    counts: Counter[str] = field(default_factory=Counter)
    automated: int = 0

    @classmethod
    def of(cls, standings: Iterable[Standing]) -> Self:
        counts: Counter[str] = Counter()
        automated = 0
        for standing in standings:
            counts[standing.monitoring.value] += 1
            automated += standing.is_automated
        return cls(counts, automated)

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def failing(self) -> int:
        """Wholly or partly."""
        return sum(self.counts[one.value] for one in FAILS)

    @property
    def share_automated(self) -> float:
        """Per cent."""
        return self.automated * 100 / self.total if self.total else 0.0

    def parts(self, url: Callable[[str], str]) -> list[dict[str, Any]]:
        """For the frame's bar: each state with its count and its door. url: of the list of those in a state."""
        return [
            {"status": one.value, "word": one.label, "count": n, "url": url(one.value) if n else ""}
            for one in Monitoring
            if (n := self.counts[one.value]) or one in ALWAYS
        ]


ALWAYS = frozenset({Monitoring.FAILING, Monitoring.PASSING})
"""States that are told even where nothing is in them."""


@dataclass(frozen=True)
class FrameworkFigures:
    """version: the one current at the moment, or None. mapped: requirements with a mapping to a check that is
    proposed or approved; approved: with one in force. drift: mappings that name what the version has otherwise.
    """

    framework: Framework
    version: FrameworkVersion | None
    requirements: int = 0
    worded: int = 0
    mapped: int = 0
    approved: int = 0
    proposed: int = 0
    drift: int = 0

    @property
    def share(self) -> float:
        """Per cent of the requirements that a check shows anything of: what of it can be automated at all."""
        return self.mapped * 100 / self.requirements if self.requirements else 0.0


def mapped(at: datetime) -> Exists:
    """Whether an edition's requirement has a mapping to a check at a moment."""
    return Exists(Mapping.objects.known(at).to_checks().filter(requirement=OuterRef("requirement")))


def approved(at: datetime) -> Exists:
    return Exists(Mapping.objects.in_force(at).to_checks().filter(requirement=OuterRef("requirement")))


def drifting(at: datetime) -> Exists:
    return Exists(Mapping.objects.known(at).drifting(at).filter(requirement=OuterRef("requirement")))


def figures(frameworks: Iterable[Framework], at: datetime) -> list[FrameworkFigures]:
    """Of these frameworks at a moment. Five queries, however many they are."""
    wanted = list(frameworks)
    versions = {one.framework_id: one for one in FrameworkVersion.objects.current(at).filter(framework__in=wanted)}
    editions = Edition.objects.filter(version__in=versions.values()).asked()
    counted = _by_version(editions)
    with_check = dict(_by_version(editions.filter(mapped(at)), "n"))
    in_force = dict(_by_version(editions.filter(approved(at)), "n"))
    worded = dict(_by_version(editions.exclude(text=""), "n"))
    open_ones = Mapping.objects.known(at).filter(requirement__framework__in=wanted).order_by()
    proposed = _by_framework(open_ones.filter(_awaiting(at)))
    drift = _by_framework(open_ones.drifting(at))
    found = []
    for framework in wanted:
        version = versions.get(framework.pk)
        key = version.pk if version else 0
        found.append(
            FrameworkFigures(
                framework,
                version,
                requirements=dict(counted).get(key, 0),
                worded=worded.get(key, 0),
                mapped=with_check.get(key, 0),
                approved=in_force.get(key, 0),
                proposed=proposed.get(framework.pk, 0),
                drift=drift.get(framework.pk, 0),
            )
        )
    return found


def _awaiting(at: datetime) -> Q:
    return Q(approved_at=None) | Q(approved_at__gt=at)


def decisions_on(framework: Framework, at: datetime) -> FrameworkFigures:
    """Its version, and the mappings that somebody has to decide on; how much of it there is, is left out."""
    version = FrameworkVersion.objects.current(at).filter(framework=framework).first()
    open_ones = Mapping.objects.known(at).of_framework(framework)
    proposed = open_ones.filter(_awaiting(at)).count()
    return FrameworkFigures(framework, version, proposed=proposed, drift=open_ones.drifting(at).count())


def _by_version(rows: EditionQuerySet, name: str = "n") -> list[tuple[int, int]]:
    return list(rows.order_by().values("version").annotate(**{name: Count("pk")}).values_list("version", name))


def _by_framework(rows: object) -> dict[int, int]:
    counted = rows.values("requirement__framework").annotate(n=Count("pk"))  # type: ignore[attr-defined]
    return dict(counted.values_list("requirement__framework", "n"))
