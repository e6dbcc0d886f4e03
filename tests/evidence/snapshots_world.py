"""A control that a check shows for a solution, and what is known of it: what tests of snapshots begin with."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any

from controls.models import Control
from evidence.capturing import storage
from evidence.models import Evidence
from findings.models import Check, Finding, Scope, Status
from organisation.models import Solution
from tests.factories import SolutionFactory
from tests.factories.controls import CheckReferenceFactory, ControlCheckFactory, ControlFactory
from tests.factories.findings import (
    ACCOUNT,
    CheckFactory,
    CoverageSpanFactory,
    FindingFactory,
    FindingRecordFactory,
    ScopeFactory,
    SyncRunFactory,
)
from tests.factories.organisation import LONG_AGO, AccountFactory

READ_AT = datetime(2026, 3, 29, 2, tzinfo=UTC)
"""Within the one reading that brought everything."""
CONFIRMED_AT = datetime(2026, 3, 31, 0, 10, tzinfo=UTC)
"""Of the reading after the last step that tests speak of."""


class World:
    """A continuous control, one check in a place that is read without a gap, and one solution that lives there."""

    def __init__(self, **control: Any) -> None:
        self.solution: Solution = SolutionFactory(accounts=[AccountFactory(account_id=ACCOUNT)])
        self.scope: Scope = ScopeFactory()
        CoverageSpanFactory(scope=self.scope)
        self.check: Check = CheckFactory()
        self.control: Control = ControlFactory(**control)
        named = CheckReferenceFactory(source=self.check.source, key=self.check.key)
        ControlCheckFactory(control=self.control, check_named=named, approved=True)
        self.run = SyncRunFactory(
            scope=self.scope,
            kind="sweep",
            started_at=READ_AT.replace(hour=1),
            finished_at=READ_AT.replace(hour=3),
            calls=2,
            request_ids=["req-1", "req-2"],
        )
        self.confirmed = SyncRunFactory(scope=self.scope, started_at=CONFIRMED_AT, finished_at=CONFIRMED_AT)

    def finding(self, status: str = Status.FAIL, content: dict[str, Any] | None = None, **more: Any) -> Finding:
        """One pair of the population, with its record."""
        made: Finding = FindingFactory(
            check_ran=self.check,
            connection=self.scope.connection,
            status=status,
            **{"solutions": [self.solution], "since": LONG_AGO, **more},
        )
        FindingRecordFactory(finding=made, captured_at=READ_AT, content=content or {"Id": made.native_id})
        return made


def lines(evidence: Evidence) -> list[dict[str, Any]]:
    """What the file of a snapshot says."""
    with storage().open(evidence.stored_as) as file:
        return [json.loads(line) for line in gzip.decompress(file.read()).splitlines()]


def of_kind(evidence: Evidence, kind: str) -> list[dict[str, Any]]:
    return [line for line in lines(evidence) if line["line"] == kind]
