"""One account in one Region: what is switched on there, its resources, its Config rules."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.world.catalogue import REQUIRED_TAGS, Control, controls
from sandbox.world.findings import Check, hub_rule_name, short_hash
from sandbox.world.resources import Resource

PACK = "Operational-Best-Practices-for-NZISM-Foundation"
_RULE_LIMIT = 37  # of a rule's name, so that the pack's suffix stays within Config's 64
EMPTY_RULE = "dms-replication-not-public"  # a customer's rule with no resource in scope anywhere


@dataclass(frozen=True)
class ConfigRule:
    """origin: securityhub, pack or customer. identifier: the managed rule, lower-case with dashes."""

    name: str
    identifier: str
    origin: str
    arn: str
    resource_type: str
    description: str
    controls: tuple[str, ...] = ()

    @property
    def rule_id(self) -> str:
        return self.arn.rsplit("/", 1)[1]

    @property
    def created_by(self) -> str | None:
        return {"securityhub": "securityhub.amazonaws.com", "pack": "config-conforms.amazonaws.com"}.get(self.origin)


class Place:
    """hub: Security Hub enabled. recorder_stopped: ms or None. checks: by managed-rule name, then serial."""

    def __init__(self, account: str, region: str, *, home: bool) -> None:
        self.account, self.region, self.home = account, region, home
        self.enabled = True
        self.hub = True
        self.recorder_stopped: int | None = None
        self.resources: dict[tuple[str, str], Resource] = {}
        self.deleted: dict[tuple[str, str], Resource] = {}
        self.checks: dict[str, dict[int, Check]] = {}
        self.absent: dict[str, Check] = {}  # control id -> its pass for the account: no resource of that type
        self.evaluating: dict[str, int] = {}  # rule name -> when a requested evaluation completes
        self.remediations: dict[tuple[str, str, str], Remediation] = {}
        self._rules: dict[str, ConfigRule] | None = None
        self._rules_hub = True

    @property
    def frozen(self) -> bool:
        """Nothing is evaluated any more."""
        return self.recorder_stopped is not None or not self.enabled

    @property
    def rules(self) -> dict[str, ConfigRule]:
        """By name. Security Hub's are there only while it is on."""
        if self._rules is None or self._rules_hub != self.hub:
            self._rules_hub = self.hub
            self._rules = {rule.name: rule for rule in self._made_rules()} if self.enabled else {}
        return self._rules

    def _made_rules(self) -> list[ConfigRule]:
        made = []
        if self.hub:
            made += [self._hub_rule(control) for control in controls().values() if control.rule and control.enabled]
        if self.home:
            made += [self._pack_rule(control) for control in pack_controls()]
        made.append(
            self._customer_rule("required-tags-solution", REQUIRED_TAGS.rule or "", REQUIRED_TAGS.resource_type)
        )
        made.append(self._customer_rule(EMPTY_RULE, EMPTY_RULE, "AWS::DMS::ReplicationInstance"))
        made.append(
            self._customer_rule("s3-bucket-versioning-enabled", "s3-bucket-versioning-enabled", "AWS::S3::Bucket")
        )
        return made

    def _hub_rule(self, control: Control) -> ConfigRule:
        name = hub_rule_name(self.account, self.region, control)
        arn = self._arn("aws-service-rule/securityhub.amazonaws.com/", name)
        return ConfigRule(
            name,
            control.rule or "",
            "securityhub",
            arn,
            control.resource_type,
            f"Serves the Security Hub control {control.id}.",
        )

    def _pack_rule(self, control: Control) -> ConfigRule:
        name = f"{control.rule}-conformance-pack-{self.pack_suffix}"
        arn = self._arn("aws-service-rule/config-conforms.amazonaws.com/", name)
        return ConfigRule(
            name,
            control.rule or "",
            "pack",
            arn,
            control.resource_type,
            "Serves NZISM paragraphs " + ", ".join(f"CID:{cid}" for cid in control.nzism) + ".",
            control.nzism,
        )

    def _customer_rule(self, name: str, identifier: str, resource_type: str) -> ConfigRule:
        return ConfigRule(
            name,
            identifier,
            "customer",
            self._arn("", name),
            resource_type,
            f"The organisation's own use of {identifier}.",
        )

    def _arn(self, path: str, name: str) -> str:
        unique = short_hash(self.account, self.region, name)[:6]
        return f"arn:aws:config:{self.region}:{self.account}:config-rule/{path}config-rule-{unique}"

    @property
    def pack_suffix(self) -> str:
        return short_hash(self.account, self.region, "pack")[:9]

    def all_checks(self) -> list[Check]:
        found = [check for checks in self.checks.values() for check in checks.values()]
        return [*found, *self.absent.values()]

    def evaluations(self, rule: ConfigRule) -> list[Check]:
        """The checks behind a rule that Config has a result for, oldest resource first."""
        found = self.checks.get(rule.identifier, {}).values()
        return [check for check in found if check.compliance_type is not None]


class Remediation:
    """One asked-for remediation. started, finishes: ms."""

    __slots__ = ("finishes", "started", "succeeded")

    def __init__(self, started: int, finishes: int, *, succeeded: bool) -> None:
        self.started, self.finishes, self.succeeded = started, finishes, succeeded


def pack_controls() -> list[Control]:
    """The controls whose rule the NZISM pack of this sandbox deploys."""
    return [c for c in controls().values() if c.nzism and c.rule and len(c.rule) <= _RULE_LIMIT]
