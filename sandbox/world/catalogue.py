"""The checks AWS knows: Security Hub controls, the Config rules they rest on, the standards they serve.

Facts come from sandbox/data/security_hub_controls.json, which names its sources; wording is our own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

DATA = Path(__file__).parent.parent / "data" / "security_hub_controls.json"


@dataclass(frozen=True)
class Standard:
    key: str
    path: str  # the tail of its ARN
    name: str
    prefix: str  # what a related requirement begins with
    enabled: bool

    def arn(self, region: str) -> str:
        if self.path.startswith("ruleset/"):
            return f"arn:aws:securityhub:::{self.path}"
        return f"arn:aws:securityhub:{region}::{self.path}"


STANDARDS = {
    standard.key: standard
    for standard in (
        Standard(
            "fsbp",
            "standards/aws-foundational-security-best-practices/v/1.0.0",
            "AWS Foundational Security Best Practices v1.0.0",
            "",
            True,
        ),
        Standard(
            "cis-1.4.0",
            "standards/cis-aws-foundations-benchmark/v/1.4.0",
            "CIS AWS Foundations Benchmark v1.4.0",
            "CIS AWS Foundations Benchmark v1.4.0/",
            True,
        ),
        Standard(
            "nist-800-53",
            "standards/nist-800-53/v/5.0.0",
            "NIST Special Publication 800-53 Revision 5",
            "NIST.800-53.r5 ",
            True,
        ),
        Standard(
            "cis-3.0.0",
            "standards/cis-aws-foundations-benchmark/v/3.0.0",
            "CIS AWS Foundations Benchmark v3.0.0",
            "CIS AWS Foundations Benchmark v3.0.0/",
            False,
        ),
        Standard("pci-3.2.1", "standards/pci-dss/v/3.2.1", "PCI DSS v3.2.1", "PCI DSS v3.2.1/", False),
        Standard("pci-4.0.1", "standards/pci-dss/v/4.0.1", "PCI DSS v4.0.1", "PCI DSS v4.0.1/", False),
    )
}
# Switched off on purpose, so that "disabled" is seen: control id -> reason.
DISABLED = {"Macie.1": "Macie is run by another team.", "IAM.6": "Hardware devices are not issued."}
# Of these types an account often has none; Security Hub then passes their controls for the account as such.
OFTEN_ABSENT = ("AWS::Redshift::Cluster",)
ENABLED = tuple(standard for standard in STANDARDS.values() if standard.enabled)


@dataclass(frozen=True, eq=False)
class Control:
    """One check. rule: Config's managed-rule name, None for checks that Security Hub makes itself."""

    id: str
    title: str
    severity: str
    rule: str | None
    resource_type: str
    standards: tuple[str, ...]
    requirements: dict[str, list[str]] = field(default_factory=dict)
    nzism: tuple[str, ...] = ()

    @property
    def in_hub(self) -> bool:
        """False for a customer's own Config rule, which no Security Hub control stands behind."""
        return bool(self.standards)

    @property
    def enabled(self) -> bool:
        return self.in_hub and self.id not in DISABLED

    @cached_property
    def description(self) -> str:
        what = self.resource_type.replace("AWS::::", "").replace("AWS::", "").replace("::", " ")
        how = f"the Config rule {self.rule}" if self.rule else "a check of Security Hub's own"
        return f"Evaluates each {what} in scope with {how}. It fails where this does not hold: {self.title}."

    @cached_property
    def enabled_standards(self) -> tuple[Standard, ...]:
        return tuple(standard for standard in ENABLED if standard.key in self.standards)

    def related_requirements(self, *keys: str) -> list[str]:
        """As consolidated findings word them, e.g. "NIST.800-53.r5 AC-2"; 32 at most, as ASFF allows."""
        found = [STANDARDS[key].prefix + item for key in keys for item in self.requirements.get(key, [])]
        return found[:32]

    @cached_property
    def remediation_url(self) -> str:
        return f"https://docs.aws.amazon.com/console/securityhub/{self.id}/remediation"


REQUIRED_TAGS = Control(
    id="required-tags",
    title="Resources should carry the tag solution",
    severity="LOW",
    rule="required-tags",
    resource_type="AWS::S3::Bucket",
    standards=(),
)


@lru_cache(maxsize=1)
def controls() -> dict[str, Control]:
    """Every Security Hub control of this sandbox by its id."""
    rows = json.loads(DATA.read_text(encoding="utf-8"))["controls"]
    return {
        row["id"]: Control(**{**row, "standards": tuple(row["standards"]), "nzism": tuple(row["nzism"])})
        for row in rows
    }


@lru_cache(maxsize=1)
def controls_by_type() -> dict[str, tuple[Control, ...]]:
    result: dict[str, list[Control]] = {}
    for control in controls().values():
        result.setdefault(control.resource_type, []).append(control)
    for resource_type in ("AWS::S3::Bucket", "AWS::EC2::Instance"):
        result[resource_type].append(REQUIRED_TAGS)
    return {key: tuple(value) for key, value in result.items()}
