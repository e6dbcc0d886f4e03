"""The simulated estate: deterministic from its options, evolved in ten-minute steps up to a moment."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any

from sandbox.world import estate, evolution
from sandbox.world.catalogue import OFTEN_ABSENT, Control, Standard, controls_by_type
from sandbox.world.clock import DAY
from sandbox.world.estate import Account
from sandbox.world.findings import ABSENT, GONE, Check, Finding, uuid_of
from sandbox.world.places import Place
from sandbox.world.products import odd_findings, product_arn, product_finding
from sandbox.world.resources import KINDS, Resource, account_resource, resource

STEP = 600_000
REGIONS = ("ap-southeast-2", "us-east-1", "eu-west-1")
EXTERNAL_ID = "sandbox-external-id-3f9c"
_ACCOUNT_SHARE = {"prod": 3.0, "test": 1.5, "dev": 1.0}
_NEVER_EMPTY = 32  # resources that the place with the odd findings must have


class World:
    """start: ms since 1970, cut to the step. findings: about how many there are at the start.

    recheck_share: the part of unchanged checks that AWS evaluates again in a day (0..1). change_share: the part
    that changes. consolidated: Security Hub's consolidated control findings are on from the beginning.
    """

    def __init__(
        self,
        *,
        seed: int | str = 1,
        accounts: int = 12,
        regions: tuple[str, ...] | list[str] = REGIONS,
        findings: int = 20_000,
        start: int,
        recheck_share: float = 1 / 7,
        change_share: float = 0.01,
        consolidated: bool = True,
        hub_role: str = "compliance-portal-hub",
        member_role: str = "compliance-portal-member",
        write_role: str = "compliance-portal-write",
        external_id: str = EXTERNAL_ID,
        queue_name: str = "compliance-portal-events",
    ) -> None:
        self.options: dict[str, Any] = {
            "findings": findings,
            "recheck_share": recheck_share,
            "change_share": change_share,
            "consolidated": consolidated,
            "accounts": accounts,
            "regions": list(regions),
        }
        self.seed, self.start, self.regions = seed, start - start % STEP, tuple(regions)
        self.home = self.regions[0]
        self.at = self.start
        self.recheck_share, self.change_share, self.consolidated = recheck_share, change_share, consolidated
        self.hub_role, self.member_role, self.write_role = hub_role, member_role, write_role
        self.external_id, self.queue_name = external_id, queue_name
        self.organisation = estate.organisation(seed, accounts, self.start)
        self.places: dict[tuple[str, str], Place] = {}
        self.findings: dict[tuple[str, str], Finding] = {}
        self.live: list[Check] = []  # what may change, in no order that matters
        self.product_live: list[Finding] = []
        self.archived: deque[Finding] = deque()
        self.listen: Callable[[str, Any, int], None] | None = None  # (kind, subject, moment)
        self.edition = 0  # grows with every change, for what is derived and kept
        self._serial = 0
        self._by_updated: list[Finding] = []
        self._updated_edition = -1
        self._members_changed = True
        slots = round(DAY / STEP / recheck_share) if recheck_share > 0 else 0
        self.rotation: list[list[Check]] = [[] for _ in range(slots)]
        self._generate(findings)

    # -- reading ------------------------------------------------------------------------------------------------

    @property
    def accounts(self) -> dict[str, Account]:
        return self.organisation.accounts

    @property
    def hub(self) -> Account:
        return self.organisation.hub

    @property
    def management(self) -> Account:
        return self.organisation.management

    def by_updated(self) -> list[Finding]:
        """Every finding, least recently updated first."""
        if self._updated_edition != self.edition:
            if self._members_changed:
                self._by_updated = list(self.findings.values())
                self._members_changed = False
            self._by_updated.sort(key=lambda finding: (finding.updated, finding.serial))
            self._updated_edition = self.edition
        return self._by_updated

    def updated_between(self, first: int | None, last: int | None) -> list[Finding]:
        """Findings with first <= UpdatedAt <= last, least recent first."""
        ordered = self.by_updated()
        low = 0 if first is None else bisect_left(ordered, first, key=lambda finding: finding.updated)
        high = len(ordered) if last is None else bisect_left(ordered, last + 1, key=lambda finding: finding.updated)
        return ordered[low:high]

    def visible(self, account: str, region: str) -> Callable[[Finding], bool] | None:
        """Which findings GetFindings may show this caller; None: all. Off places never show."""
        if account == self.hub.id:
            return None if region == self.home else lambda finding: finding.region == region
        if region == self.home:
            return lambda finding: finding.account == account
        return lambda finding: finding.account == account and finding.region == region

    # -- time ---------------------------------------------------------------------------------------------------

    def advance_to(self, moment: int) -> None:
        """Evolve step by step; a moment already passed changes nothing."""
        while self.at + STEP <= moment:
            self.at += STEP
            evolution.step(self, (self.at - self.start) // STEP, self.at)
            self.edition += 1

    # -- writing, used by evolution and changes -----------------------------------------------------------------

    def next_serial(self) -> int:
        self._serial += 1
        return self._serial

    def touch(self, finding: Finding) -> None:
        finding.json = None
        self.edition += 1

    def tell(self, kind: str, subject: Any, moment: int) -> None:
        """kind: finding or evaluation; somebody may be listening for events."""
        if self.listen is not None:
            self.listen(kind, subject, moment)

    def add_resource(self, made: Resource, place: Place, moment: int) -> list[Check]:
        """Put a resource into the inventory and all checks of its type on it, statuses drawn by its solution."""
        made.created = moment
        for control in controls_by_type().get(made.kind.type, ()) if place.absent else ():
            if passed := place.absent.pop(control.id, None):
                self.retire(passed)
                for finding in passed.findings:
                    self.archive(finding, moment)
        place.resources[made.kind.type, made.id] = made
        rng = Random(f"{self.seed}/statuses/{made.account}/{made.region}/{made.id}/{moment}")
        return [
            self.add_check(control, made, place, evolution.draw_status(self, rng, control, made), moment)
            for control in controls_by_type().get(made.kind.type, ())
        ]

    def add_check(self, control: Control, made: Resource, place: Place, status: str, moment: int) -> Check:
        check = Check(self.next_serial(), control, made, status, moment)
        place.checks.setdefault(control.rule or control.id, {})[check.serial] = check
        check.position = len(self.live)
        self.live.append(check)
        self._rotate(check)
        if place.hub:
            self.report(check, moment)
        self.tell("evaluation", (check, None), moment)
        return check

    def pass_absent(self, place: Place, moment: int) -> None:
        """Security Hub passes a control for the account where there is nothing to check; Config says nothing."""
        account = place.resources.get(("AWS::::Account", place.account))
        if account is None or not place.hub:
            return
        here = {kind for kind, _ in place.resources}
        for control in [c for kind in OFTEN_ABSENT if kind not in here for c in controls_by_type()[kind]]:
            if control.enabled and control.id not in place.absent:
                check = Check(self.next_serial(), control, account, "PASSED", moment)
                check.position = ABSENT
                place.absent[control.id] = check
                self._rotate(check)
                self.report(check, moment)

    def _rotate(self, check: Check) -> None:
        if self.rotation:
            self.rotation[check.serial * 619 % len(self.rotation)].append(check)

    def report(self, check: Check, moment: int) -> None:
        """Security Hub (or Config, for a customer's rule) makes findings of a check that has none yet."""
        if check.control.in_hub and not check.control.enabled:
            return
        standards: tuple[Standard | None, ...] = (None,)
        if check.control.in_hub and not self.consolidated:
            standards = check.control.enabled_standards
        for standard in standards:
            finding = self._control_finding(check, standard, moment)
            finding.workflow = "RESOLVED" if check.status == "PASSED" else "NEW"
            check.findings.append(finding)
            self._put(finding)
            self.tell("finding", finding, moment)

    def _put(self, finding: Finding) -> None:
        self.findings[finding.key] = finding
        self._members_changed = True
        self.edition += 1

    def _control_finding(self, check: Check, standard: Standard | None, moment: int) -> Finding:
        account, region, control = check.resource.account, check.resource.region, check.control
        serial = self.next_serial()
        unique = uuid_of(self.seed, account, region, control.id, check.resource.arn, standard and standard.key, moment)
        place = f"arn:aws:securityhub:{region}:{account}"
        if not control.in_hub:
            finding_id = f"arn:aws:config:{region}:{account}:config-rule/{control.id}/finding/{unique}"
        elif standard is None:
            finding_id = f"{place}:security-control/{control.id}/finding/{unique}"
        else:
            finding_id = f"{place}:subscription/{standard.path.split('/', 1)[1]}/{control.id}/finding/{unique}"
        path, name = ("aws/securityhub", "Security Hub") if control.in_hub else ("aws/config", "Config")
        finding = Finding(serial, product_arn(region, path), name, finding_id, account, region, moment)
        finding.check, finding.standard = check, standard
        return finding

    def add_finding(self, finding: Finding) -> None:
        """One that no check reports: another product's, or imported."""
        self._put(finding)
        self.product_live.append(finding)

    def retire(self, check: Check) -> None:
        """Nothing evaluates this check any more."""
        if check.position < 0:
            check.position = GONE
            return
        last = self.live.pop()
        if last is not check:
            self.live[check.position] = last
            last.position = check.position
        check.position = GONE
        place = self.places[check.resource.account, check.resource.region]
        place.checks[check.control.rule or check.control.id].pop(check.serial, None)

    def archive(self, finding: Finding, moment: int) -> None:
        finding.record, finding.archived_at, finding.updated = "ARCHIVED", moment, max(moment, finding.updated)
        finding.remember(moment, "BATCH_IMPORT_FINDINGS", [("RecordState", "ACTIVE", "ARCHIVED")])
        self.archived.append(finding)
        self.touch(finding)
        self.tell("finding", finding, moment)

    def drop(self, finding: Finding) -> None:
        """Retention has ended."""
        self.findings.pop(finding.key, None)
        self._members_changed = True
        self.edition += 1

    # -- the first day ------------------------------------------------------------------------------------------

    def _generate(self, wanted: int) -> None:
        shares: dict[tuple[str, str], float] = {}
        for account in self.accounts.values():
            for number, region in enumerate(self.regions):
                place = Place(account.id, region, home=region == self.home)
                place.enabled = account.state == "ACTIVE"
                self.places[account.id, region] = place
                if place.enabled:
                    share = 0.6 if account.solution == "foundation" else _ACCOUNT_SHARE[account.environment]
                    shares[account.id, region] = share * (1.0 if number == 0 else 0.3)
        self._special_places()
        total = sum(share for key, share in shares.items() if self.places[key].hub)
        for key, share in shares.items():
            self._fill(self.places[key], int(wanted * 0.94 * share / total))
        self._product_findings(int(wanted * 0.05))
        for place in self.places.values():
            self.pass_absent(place, self.start - DAY)
            if place.recorder_stopped is not None:
                for check in place.all_checks():
                    evolution.age(check, place.recorder_stopped)
        self.edition += 1

    def _special_places(self) -> None:
        by_name = {account.name: account.id for account in self.accounts.values()}
        name, index = estate.HUB_OFF
        if name in by_name and len(self.regions) > 1:
            self.places[by_name[name], self.regions[index]].hub = False
        name, index = estate.RECORDER_OFF
        if name in by_name and len(self.regions) > 1:
            self.places[by_name[name], self.regions[index]].recorder_stopped = self.start - 20 * DAY

    def _fill(self, place: Place, quota: int) -> None:
        """Resources of all kinds until their checks reach the quota."""
        account = self.accounts[place.account]
        rng = Random(f"{self.seed}/fill/{place.account}/{place.region}")
        edge = "us-east-1" if "us-east-1" in self.regions else self.home
        kinds = [k for k in KINDS if k.place == "all" or place.region == (edge if k.place == "edge" else self.home)]
        weighted = [kind for kind in kinds for _ in range(kind.weight)]
        self._old_resource(rng, account_resource(place.account, place.region), place)
        count = sum(len(checks) for checks in place.checks.values())
        while count < quota:
            made = resource(rng, rng.choice(weighted), account, place.region)
            if made.kind.type == "AWS::Redshift::Cluster" and account.solution != "data-platform":
                continue
            count += len(self._old_resource(rng, made, place))
        for kind in kinds:
            if kind.weight == 0:
                for _ in range(max(2, quota // 200)):
                    self._old_resource(rng, resource(rng, kind, account, place.region), place)

    def _old_resource(self, rng: Random, made: Resource, place: Place) -> list[Check]:
        """A resource that was there before the first day; its checks and findings carry older dates."""
        born = self.start - rng.randrange(2, 400) * DAY - rng.randrange(DAY)
        checks = self.add_resource(made, place, born)
        for check in checks:
            evolution.settle(self, rng, check)
        return checks

    def _product_findings(self, wanted: int) -> None:
        rng = Random(f"{self.seed}/products")
        busy = [place for place in self.places.values() if place.enabled and place.hub]
        by_type = {id(place): resources_by_type(place) for place in busy}
        made = tries = 0
        while made < wanted and tries < wanted * 4:
            tries += 1
            moment = self.start - rng.randrange(30 * DAY)
            finding = product_finding(rng, self.next_serial(), by_type[id(rng.choice(busy))], moment)
            if finding is not None:
                self.add_finding(finding)
                made += 1
        for place in busy:
            if len(place.resources) >= _NEVER_EMPTY:
                odd = odd_findings(self.next_serial(), list(place.resources.values()), self.start - 3 * DAY)
                self._serial += len(odd)
                for finding in odd:
                    self._put(finding)
                break


def resources_by_type(place: Place) -> dict[str, list[Resource]]:
    result: dict[str, list[Resource]] = {}
    for made in place.resources.values():
        result.setdefault(made.kind.type, []).append(made)
    return result


__all__ = ["STEP", "World", "resources_by_type"]
