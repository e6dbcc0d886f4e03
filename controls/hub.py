"""Security Hub's own control status and score, computed as its console does, beside the portal's figures.

AWS offers neither by API. What is archived or suppressed is left out, as AWS leaves it out; so that the numbers can
be held against the console, how much that is stands beside them. Source: docs/method.md#security-hub.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import Count, Q
from django.db.models.enums import TextChoices
from django.utils.translation import gettext_lazy as _

from audit.moment import Moment
from findings.models import Check, FindingSpan, RecordState, Source
from findings.tallies import Tally, tallies


class ControlStatus(TextChoices):
    """AWS's words. A disabled control has no findings: here it stands under no data."""

    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Unknown")
    PASSED = "passed", _("Passed")
    NO_DATA = "no_data", _("No data")


@dataclass(frozen=True)
class Control:
    """A control with its findings. archived: findings that AWS no longer evaluates, which count nowhere."""

    check: Check
    tally: Tally
    archived: int = 0

    @property
    def status(self) -> ControlStatus:
        if self.tally.failed:
            return ControlStatus.FAILED
        if self.tally.unknown:
            return ControlStatus.UNKNOWN
        return ControlStatus.PASSED if self.tally.passed else ControlStatus.NO_DATA


@dataclass(frozen=True)
class Standard:
    """id: as findings name it, "standards/pci-dss/v/4.0.1"; empty for every control once, AWS's summary score."""

    id: str
    controls: list[Control] = field(default_factory=list)

    @property
    def name(self) -> str:
        if not self.id:
            return str(_("All standards, each control once"))
        name, _v, version = self.id.partition("/")[2].partition("/v/")
        return f"{name} {version}"

    def n(self, status: ControlStatus) -> int:
        return sum(one.status == status for one in self.controls)

    @property
    def counts(self) -> list[tuple[ControlStatus, int]]:
        return [(status, self.n(status)) for status in ControlStatus]

    @property
    def score(self) -> int | None:
        """Passed controls of those with data, in whole per cent, a half rounded up. None where none has data."""
        passed = self.n(ControlStatus.PASSED)
        of = passed + self.n(ControlStatus.FAILED) + self.n(ControlStatus.UNKNOWN)
        return (200 * passed + of) // (2 * of) if of else None

    @property
    def findings(self) -> Tally:
        """Of all its controls: what the portal counts."""
        every = Tally()
        for one in self.controls:
            every.passed += one.tally.passed
            every.failed += one.tally.failed
            every.unknown += one.tally.unknown
            every.suppressed += one.tally.suppressed
        return every

    @property
    def archived(self) -> int:
        return sum(one.archived for one in self.controls)


def standards(user: object, moment: Moment) -> list[Standard]:
    """Every enabled standard, by name, and all of them together last. Three queries."""
    checks = Check.objects.filter(source=Source.SECURITY_HUB, kind=Check.Kind.COMPLIANCE, first_seen_at__lte=moment.at)
    enabled = checks.exclude(standards=[]).order_by("key")
    counted = tallies(user, moment, "check_ran", where=Q(check_ran__source=Source.SECURITY_HUB))
    archived = _archived(user, moment)
    every = [Control(one, counted.get((one.pk,), Tally()), archived.get(one.pk, 0)) for one in enabled]
    by_standard: dict[str, list[Control]] = defaultdict(list)
    for control in every:
        for standard in control.check.standards:
            by_standard[standard].append(control)
    found = sorted((Standard(key, rows) for key, rows in by_standard.items()), key=lambda one: one.name)
    return [*found, Standard("", every)] if found else []


def _archived(user: object, moment: Moment) -> dict[int, int]:
    spans = FindingSpan.objects.at(moment).visible_to(user)
    rows = spans.filter(record_state=RecordState.ARCHIVED, check_ran__source=Source.SECURITY_HUB)
    return dict(rows.values("check_ran").annotate(n=Count("pk")).order_by().values_list("check_ran", "n"))
