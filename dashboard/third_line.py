"""The third line's home: every check at a moment, as it was known at a moment, and where that comes from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _

from audit.counted import Page, page_of
from dashboard.reach import Reach
from findings.coverage_figures import CoverageFigures
from findings.coverage_places import Place, figures_of_places, places
from findings.models import Check, CoverageState, SyncRun
from findings.readings import latest_runs
from findings.tallies import Tally, rows_by

PAGE = 40
FAILING, PARTLY, UNKNOWN, PASSING = "failing", "partly_failing", "unknown", "passing"
SUPPRESSED, NOT_APPLICABLE = "suppressed", "not_applicable"
NO_POPULATION, NOT_OBSERVED = "no_population", "not_observed"
STATES = (FAILING, PARTLY, UNKNOWN, SUPPRESSED, NOT_OBSERVED, PASSING, NOT_APPLICABLE, NO_POPULATION)
READ = (CoverageState.FRESH, CoverageState.STALE)
SHOWN = ("source", "key", "title", "severity")


@dataclass
class CheckThen:
    """A check at the moment. changed: when the last of its results took its status.

    was_read: whether its source had been read anywhere then, without which no result means nothing.
    """

    check: Check
    was_read: bool
    tally: Tally = field(default_factory=Tally)
    changed: datetime | None = None

    @property
    def state(self) -> str:
        """What its results say together; absence and suppression are no pass."""
        tally = self.tally
        if tally.failed:
            return PARTLY if tally.passed else FAILING
        if tally.unknown:
            return UNKNOWN
        if tally.passed:
            return PASSING
        if tally.suppressed:
            return SUPPRESSED
        if tally.not_applicable:
            return NOT_APPLICABLE
        return NO_POPULATION if self.was_read else NOT_OBSERVED

    @property
    def since(self) -> datetime | None:
        """Since when it fails; or since when all its results are as they are."""
        return self.tally.first_failed or self.changed

    @property
    def order(self) -> tuple[int | str, ...]:
        fails = 0 if self.tally.failed else 1
        severity = self.tally.worst or self.check.severity
        return (fails, STATES.index(self.state), -severity, self.check.source, self.check.key, self.check.pk)


@dataclass(frozen=True)
class ThirdLine:
    """counts: state → checks in it. by_source: the coverage then of each source."""

    total: Tally
    counts: Mapping[str, int]
    state: str
    page: Page[CheckThen]
    matching: int
    runs: Mapping[str, SyncRun]
    coverage: list[Place]
    by_source: Mapping[str, CoverageFigures]

    @property
    def observed(self) -> int:
        """Checks with at least one result."""
        return sum(n for state, n in self.counts.items() if state not in (NO_POPULATION, NOT_OBSERVED))

    @property
    def failing(self) -> int:
        return self.counts.get(FAILING, 0) + self.counts.get(PARTLY, 0)

    @property
    def chips(self) -> list[dict[str, Any]]:
        if not self.state:
            return []
        return [{"key": "state", "value": self.state, "label": _("Status"), "word": state_word(self.state)}]


def state_word(state: str) -> str:
    return {
        FAILING: _("Failing"),
        PARTLY: _("Partly failing"),
        UNKNOWN: _("Unknown"),
        SUPPRESSED: _("Suppressed"),
        PASSING: _("Passing"),
        NOT_APPLICABLE: _("Not applicable"),
        NO_POPULATION: _("No population"),
        NOT_OBSERVED: _("Not observed"),
    }[state]


def state_offers(found: ThirdLine, query: QueryDict) -> list[dict[str, Any]]:
    """The states that checks are in, each with how many."""
    if found.state:
        return []
    offered = []
    for state in STATES:
        if count := found.counts.get(state, 0):
            changed = query.copy()
            changed.pop("cursor", None)
            changed["state"] = state
            offered.append({"label": state_word(state), "count": count, "url": f"?{changed.urlencode()}"})
    return offered


def third_line(reach: Reach, query: QueryDict) -> ThirdLine:
    """A fixed number of queries. Raises BadRequest where the state asked for is none."""
    state = query.get("state", "")
    if state and state not in STATES:
        raise BadRequest(_("state is one of %(states)s") % {"states": ", ".join(STATES)})
    covered = places(reach.user, reach.moment, reach.accounts)
    total, checks = checks_then(reach, covered)
    counts: dict[str, int] = defaultdict(int)
    for check in checks:
        counts[check.state] += 1
    wanted = [check for check in checks if not state or check.state == state]
    sources = {place.source for place in covered}
    return ThirdLine(
        total=total,
        counts=dict(counts),
        state=state,
        page=page_of(wanted, lambda row: row.order, cursor=query.get("cursor", ""), size=PAGE),
        matching=len(wanted),
        runs=latest_runs(reach.moment),
        coverage=covered,
        by_source={
            source: figures_of_places(place for place in covered if place.source == source) for source in sources
        },
    )


def checks_then(reach: Reach, covered: Sequence[Place]) -> tuple[Tally, list[CheckThen]]:
    """Every compliance check that was known then. To who sees some solutions only, those with a result there."""
    rows = rows_by(reach.user, reach.moment, "check_ran", "status", "severity", "suppressed", where=reach.where)
    known = Check.objects.filter(kind=Check.Kind.COMPLIANCE, first_seen_at__lte=reach.moment.known_at)
    answered = Q(pk__in={row["check_ran"] for row in rows})
    known = known.filter(answered if reach.is_limited else answered | Q(first_seen_at__lte=reach.moment.at))
    sources = {place.source for place in covered if place.state in READ}
    checks = {check.pk: CheckThen(check, check.source in sources) for check in known.only(*SHOWN)}
    total = Tally()
    for row in rows:
        total.add(row)
        then = checks.get(row["check_ran"])
        if then:
            then.tally.add(row)
            then.changed = max(filter(None, (then.changed, row["newest"])))
    return total, list(checks.values())
