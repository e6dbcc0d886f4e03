"""Config rules: what they are called, who made them, and by what key their checks are known.

A rule has a name of its own in every account; the check it runs is the same. The check's key is
the managed rule's identifier, or the name without what Config and Security Hub add to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from findings.aws import Service
from findings.models import Source
from findings.staging import StagedCheck

SECURITY_HUB, PACK, ORGANISATION, CUSTOMER = "security_hub", "conformance_pack", "organisation", "customer"
_ORIGIN_BY_ARN = (
    ("aws-service-rule/securityhub.amazonaws.com/", SECURITY_HUB),
    ("aws-service-rule/config-conforms.amazonaws.com/", PACK),
    ("aws-service-rule/config-multiaccountsetup.amazonaws.com/", ORGANISATION),
)
_ADDED = (
    (re.compile(r"^securityhub-(.+)-[0-9a-z]{6,10}$"), SECURITY_HUB),
    (re.compile(r"^(.+)-conformance-pack-[0-9a-z]+$"), PACK),
    (re.compile(r"^OrgConfigRule-(.+)-[0-9a-z]{6,10}$"), ORGANISATION),
)


@dataclass(frozen=True)
class Rule:
    """One rule in one account and region. arn and identifier are empty where only its name is known.

    parameters: JSON, as Config keeps them; empty for none.
    """

    account: str
    region: str
    name: str
    arn: str = ""
    identifier: str = ""
    description: str = ""
    resource_types: tuple[str, ...] = ()
    parameters: str = ""

    @cached_property
    def origin(self) -> str:
        """security_hub, conformance_pack, organisation or customer."""
        for part, origin in _ORIGIN_BY_ARN:
            if part in self.arn:
                return origin
        if self.arn:
            return CUSTOMER
        return next((origin for pattern, origin in _ADDED if pattern.match(self.name)), CUSTOMER)

    @property
    def stem(self) -> str:
        """The name without what a service added to keep it unique in the account."""
        for pattern, _ in _ADDED:
            if match := pattern.match(self.name):
                return match[1]
        return self.name

    @property
    def managed_as(self) -> str:
        """The identifier; where only the name is known, the one that a service-linked rule's name is made of."""
        if self.identifier:
            return self.identifier
        if self.stem != self.name and not self.arn:
            return identifier_of(self.stem)
        return ""

    @cached_property
    def check(self) -> StagedCheck:
        identifier = self.managed_as
        return StagedCheck(
            source=Source.CONFIG,
            key=identifier or self.stem,
            title=identifier.lower().replace("_", "-") if identifier else self.stem,
            description="" if identifier else self.description,
            config_rule=identifier,
            resource_types=self.resource_types,
        )


def identifier_of(name: str) -> str:
    """A managed rule's identifier from its name: s3-bucket-logging-enabled → S3_BUCKET_LOGGING_ENABLED."""
    return name.upper().replace("-", "_")


@lru_cache(maxsize=10_000)
def security_hub_identifier(rule_name: str) -> str:
    """The identifier of the managed rule behind a rule that Security Hub made; empty for any other name."""
    match = _ADDED[0][0].match(rule_name)
    return identifier_of(match[1]) if match else ""


def rules_of(config: Service) -> list[Rule]:
    """Every rule of the service's account and region. Source: config:DescribeConfigRules. Raises ClientError."""
    return [
        Rule(
            account=config.account,
            region=config.region,
            name=row["ConfigRuleName"],
            arn=row.get("ConfigRuleArn", ""),
            identifier=_identifier(row.get("Source") or {}),
            description=row.get("Description", ""),
            resource_types=tuple((row.get("Scope") or {}).get("ComplianceResourceTypes") or ()),
            parameters=row.get("InputParameters", ""),
        )
        for row in config.items("describe_config_rules", "ConfigRules")
        if row.get("ConfigRuleState", "ACTIVE") in ("ACTIVE", "EVALUATING")
    ]


def _identifier(source: dict[str, str]) -> str:
    return identifier_of(source.get("SourceIdentifier", "")) if source.get("Owner") == "AWS" else ""


class RuleBook:
    """The rules that are known, by account, region and name; a rule known only by name borrows from its like."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self.rules: dict[tuple[str, str, str], Rule] = {}
        self._like: dict[str, Rule] = {}
        self.add(rules)

    def add(self, rules: Iterable[Rule]) -> None:
        for rule in rules:
            self.rules[rule.account, rule.region, rule.name] = rule
            if rule.identifier:
                self._like[rule.stem] = rule

    def of(self, account: str) -> set[tuple[str, str, str]]:
        """The rules of an account, as they are listed."""
        return {cell for cell in self.rules if cell[0] == account}

    def knows(self, cell: tuple[str, str, str]) -> bool:
        return cell in self.rules

    def rule(self, cell: tuple[str, str, str], *, arn: str = "") -> Rule:
        """The rule of this account, region and name."""
        if found := self.rules.get(cell):
            return found
        bare = Rule(*cell, arn=arn)
        like = self._like.get(bare.stem)
        if like is None:
            return bare
        return Rule(*cell, arn=arn, identifier=like.identifier, resource_types=like.resource_types)
