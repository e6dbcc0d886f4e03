"""An estate of any size that fits in little memory: every record is drawn anew from its number when asked for.

Records are those of the sandbox's world (its controls, resources, products and wording); what is
kept of each is its status, its workflow and when both moved.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import accumulate
from random import Random
from typing import Any

from sandbox.world.catalogue import Control, controls_by_type
from sandbox.world.clock import DAY
from sandbox.world.estate import Account, organisation
from sandbox.world.findings import Check, Finding, uuid_of
from sandbox.world.products import product_arn, product_finding
from sandbox.world.resources import KIND_BY_TYPE, KINDS, Resource, resource

REGIONS = ("ap-southeast-2", "us-east-1", "eu-west-1")
REGION_SHARES = (0.6, 0.2, 0.2)
ENVIRONMENT_SHARES = {"prod": 3.0, "test": 1.5, "dev": 1.0}
REPORTS = 0.05
"""Findings of products that report threats and weaknesses, of all findings."""
FAILING = 0.17
STATUSES = ("PASSED", "FAILED", "WARNING", "NOT_AVAILABLE")
PASSED, FAILED = 0, 1
NEW, NOTIFIED, RESOLVED, SUPPRESSED = range(4)
WORKFLOWS = ("NEW", "NOTIFIED", "RESOLVED", "SUPPRESSED")
REPORT = 255
FLIPS, HANDLED = 0.90, 0.06
"""Of a day's changes: those of the status, and those of the workflow. The rest is archived or comes back."""
SEED = 11
REPORTED = [KIND_BY_TYPE["AWS::EC2::Instance"], KIND_BY_TYPE["AWS::S3::Bucket"], KIND_BY_TYPE["AWS::Lambda::Function"]]
CHECKED = [kind for kind in KINDS if kind.weight and kind.type in controls_by_type() and kind.place == "all"]


def account_count(findings: int) -> int:
    """Larger estates have more accounts: 12 at 10,000 findings, 120 at a million."""
    return max(12, min(120, findings // 4_000))


class Estate:
    """start: the first moment, ms since 1970. Findings are numbered from 0."""

    def __init__(self, findings: int, start: int) -> None:
        self.size, self.start = findings, start
        world = organisation(SEED, account_count(findings), start)
        self.accounts = [account for account in world.accounts.values() if account.state == "ACTIVE"]
        self.hub = world.hub
        self._weights = list(accumulate(ENVIRONMENT_SHARES[account.environment] for account in self.accounts))
        self.resource_of = array("l")
        self.nth = array("B")
        self._draw_resources()
        self.status = bytearray(findings)
        self.workflow = bytearray(findings)
        self.archived = bytearray(findings)
        self.changed = array("q", bytes(8 * findings))
        self.updated = array("q", bytes(8 * findings))
        self._settle()

    # -- what there is ----------------------------------------------------------------------------------------------

    def _draw_resources(self) -> None:
        reports = int(self.size * REPORTS)
        self.first_reported = self.size  # no resource before it is reported on by a product
        number = 0
        while len(self.resource_of) < self.size - reports:
            for nth in range(len(_controls_of(self._place_of(number)[2].type))):
                self.resource_of.append(number)
                self.nth.append(nth)
            number += 1
        del self.resource_of[self.size - reports :], self.nth[self.size - reports :]
        self.first_reported = number
        for report in range(reports):
            self.resource_of.append(number + report)
            self.nth.append(REPORT)

    def _place_of(self, number: int) -> tuple[Account, str, Any, Random]:
        """The account, region and kind of a resource, and the chance that draws the rest of it."""
        rng = Random(SEED * 1_000_003 + number)
        (account,) = rng.choices(self.accounts, cum_weights=self._weights)
        (region,) = rng.choices(REGIONS, REGION_SHARES)
        kinds = _weighted_kinds() if number < self.first_reported else REPORTED
        return account, region, rng.choice(kinds), rng

    def resource(self, number: int) -> Resource:
        return _drawn(self, number)

    def _settle(self) -> None:
        rng = Random(SEED)
        for number in range(self.size):
            roll = rng.random()
            status = FAILED if roll < FAILING else PASSED if roll < 0.988 else 2 if roll < 0.996 else 3
            self.status[number] = status
            self.changed[number] = self.start - int(rng.random() * 300 * DAY) - DAY
            self.updated[number] = self.start - int(rng.random() * DAY)
            if self.nth[number] == REPORT:
                continue
            handled = rng.random()
            if status == FAILED:
                self.workflow[number] = SUPPRESSED if handled < 0.03 else NOTIFIED if handled < 0.1 else NEW
            elif status == PASSED:
                self.workflow[number] = RESOLVED

    # -- time -------------------------------------------------------------------------------------------------------

    def turn(self, day: int, share: float) -> list[int]:
        """Change this share of the findings within the day that ends `day` days after the start; which changed."""
        rng = Random(SEED * 7_919 + day)
        end = self.start + day * DAY
        changed: dict[int, None] = {}
        while len(changed) < int(self.size * share):
            number = rng.randrange(self.size)
            if number not in changed and self._change(number, rng):
                self.updated[number] = end - rng.randrange(DAY // 2)
                changed[number] = None
        return list(changed)

    def _change(self, number: int, rng: Random) -> bool:
        """Whether it changed: what passes begins to fail more seldom than what fails is put right."""
        roll = rng.random()
        is_report = self.nth[number] == REPORT
        if roll < FLIPS and not is_report:
            if self.status[number] == PASSED and rng.random() > FAILING:
                return False
            self.status[number] = FAILED if self.status[number] == PASSED else PASSED
            self.workflow[number] = NEW if self.status[number] == FAILED else RESOLVED
            self.changed[number] = -1
        elif roll < FLIPS + HANDLED:
            if self.workflow[number] == RESOLVED:
                return False
            self.workflow[number] = NOTIFIED if self.workflow[number] == NEW else SUPPRESSED
        else:
            self.archived[number] = not self.archived[number]
        return True

    # -- records ----------------------------------------------------------------------------------------------------

    def records(self, numbers: Iterator[int] | range | list[int]) -> Iterator[dict[str, Any]]:
        return map(self.record, numbers)

    def record(self, number: int) -> dict[str, Any]:
        """The finding as Security Hub has it now (ASFF)."""
        if self.changed[number] == -1:
            self.changed[number] = self.updated[number]
        made = self.resource(self.resource_of[number])
        report = self.nth[number] == REPORT
        finding = self._report(number, made) if report else self._control_finding(number, made)
        finding.updated = finding.observed = self.updated[number]
        finding.record = "ARCHIVED" if self.archived[number] else "ACTIVE"
        finding.workflow = WORKFLOWS[self.workflow[number]]
        return finding.body()

    def _control_finding(self, number: int, made: Resource) -> Finding:
        control = _controls_of(made.kind.type)[self.nth[number]]
        created = self.start - 400 * DAY
        check = Check(number, control, made, STATUSES[self.status[number]], created)
        check.changed, check.invoked = self.changed[number], self.updated[number]
        place = f"arn:aws:securityhub:{made.region}:{made.account}"
        native_id = f"{place}:security-control/{control.id}/finding/{uuid_of(SEED, number)}"
        arn = product_arn(made.region, "aws/securityhub")
        finding = Finding(number, arn, "Security Hub", native_id, made.account, made.region, created)
        finding.check = check
        return finding

    def _report(self, number: int, made: Resource) -> Finding:
        rng = Random(number)
        found = None
        while found is None:
            found = product_finding(rng, number, {made.kind.type: [made]}, self.start - number % 30 * DAY)
        return found


@cache
def _controls_of(resource_type: str) -> tuple[Control, ...]:
    return tuple(control for control in controls_by_type()[resource_type] if control.enabled)


@cache
def _weighted_kinds() -> tuple[Any, ...]:
    return tuple(kind for kind in CHECKED for _ in range(kind.weight))


@lru_cache(maxsize=64)
def _drawn(estate: Estate, number: int) -> Resource:
    account, region, kind, rng = estate._place_of(number)
    return resource(rng, kind, account, region)
