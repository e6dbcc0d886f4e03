"""Findings of the products that report into Security Hub, and the odd ones that a reader must survive."""

from __future__ import annotations

from random import Random
from typing import Any

from sandbox.world.clock import iso
from sandbox.world.findings import NORMALIZED, Finding, asff_resource, uuid_of
from sandbox.world.resources import Resource

# (product path, name, company, type, title, description, severity labels, resource types it speaks of)
_PRODUCTS: tuple[tuple[str, str | None, str, str, str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "aws/guardduty",
        "GuardDuty",
        "Amazon",
        "TTPs/Initial Access/UnauthorizedAccess:EC2-SSHBruteForce",
        "{name} is the target of SSH password guessing",
        "Many failed SSH logins were seen against {name}.",
        ("LOW", "MEDIUM"),
        ("AWS::EC2::Instance",),
    ),
    (
        "aws/guardduty",
        "GuardDuty",
        "Amazon",
        "TTPs/Discovery/Recon:IAMUser-TorIPCaller",
        "API calls for {name} came from an anonymising network",
        "A caller hid its address while using {name}.",
        ("MEDIUM", "HIGH"),
        ("AWS::S3::Bucket", "AWS::IAM::User"),
    ),
    (
        "aws/guardduty",
        "GuardDuty",
        "Amazon",
        "Effects/Data Exfiltration/Exfiltration:S3-AnomalousBehavior",
        "Unusual amounts were read from {name}",
        "Reads of {name} differ from what is usual there.",
        ("HIGH", "CRITICAL"),
        ("AWS::S3::Bucket",),
    ),
    (
        "aws/inspector",
        "Inspector",
        "Amazon",
        "Software and Configuration Checks/Vulnerabilities/CVE",
        "CVE-2026-{cve} - openssl",
        "A package on {name} has a published weakness; a fixed version exists.",
        ("LOW", "MEDIUM", "HIGH", "CRITICAL"),
        ("AWS::EC2::Instance", "AWS::ECR::Repository", "AWS::Lambda::Function"),
    ),
    (
        "aws/macie",
        "Macie",
        "Amazon",
        "Sensitive Data Identifications/PII/SensitiveData:S3Object-Personal",
        "{name} holds objects with personal data",
        "Objects in {name} look like names with addresses.",
        ("MEDIUM", "HIGH"),
        ("AWS::S3::Bucket",),
    ),
    (
        "aws/access-analyzer",
        "IAM Access Analyzer",
        "AWS",
        "Software and Configuration Checks/AWS Security Best Practices/External Access Granted",
        "{name} can be reached from outside the organisation",
        "A policy lets another account use {name}.",
        ("LOW", "HIGH"),
        ("AWS::S3::Bucket", "AWS::KMS::Key", "AWS::SQS::Queue"),
    ),
    (
        "prowler/prowler",
        "Prowler",
        "Prowler",
        "Software and Configuration Checks",
        "Scanner: {name} lacks a lifecycle rule",
        "A third-party scanner looked at {name}.",
        ("LOW", "MEDIUM"),
        ("AWS::S3::Bucket",),
    ),
    (
        "aquasecurity/aquasecurity",
        None,
        "Aqua Security",
        "Software and Configuration Checks/Vulnerabilities",
        "Image in {name} has a known weakness",
        "A third-party scanner looked at the newest image of {name}.",
        ("MEDIUM", "HIGH"),
        ("AWS::ECR::Repository",),
    ),
)


def product_arn(region: str, path: str) -> str:
    return f"arn:aws:securityhub:{region}::product/{path}"


def product_catalogue() -> list[tuple[str, str, str]]:
    """(path, name, company) of each product, Security Hub's own first."""
    rows = {"aws/securityhub": ("Security Hub", "AWS"), "aws/config": ("Config", "AWS")}
    for path, name, company, *_ in _PRODUCTS:
        rows.setdefault(path, (name or company, company))
    return [(path, name, company) for path, (name, company) in rows.items()]


def product_finding(rng: Random, serial: int, resources: dict[str, list[Resource]], moment: int) -> Finding | None:
    """A fresh finding of some product on one of these resources (by type); None if none fits."""
    path, name, company, kind, title, description, labels, types = rng.choice(_PRODUCTS)
    candidates = [resource for resource_type in types for resource in resources.get(resource_type, ())]
    if not candidates:
        return None
    about = rng.choice(candidates)
    words = {"name": about.name, "cve": str(rng.randrange(1000, 49999))}
    arn = product_arn(about.region, path)
    unique = uuid_of(serial, about.arn, title)
    finding_id = f"arn:aws:{path.split('/')[1]}:{about.region}:{about.account}:finding/{unique}"
    finding = Finding(serial, arn, name, finding_id, about.account, about.region, moment)
    finding.label = rng.choice(labels)
    finding.template = {
        "SchemaVersion": "2018-10-08",
        "Id": finding_id,
        "ProductArn": arn,
        **({"ProductName": name} if name else {}),
        "CompanyName": company,
        "Region": about.region,
        "GeneratorId": f"{path}/{kind.rsplit('/', 1)[-1]}",
        "AwsAccountId": about.account,
        "Types": [kind],
        "FirstObservedAt": iso(moment - 600_000),
        "LastObservedAt": iso(moment),
        "CreatedAt": iso(moment),
        "UpdatedAt": iso(moment),
        "Title": title.format(**words)[:256],
        "Description": description.format(**words),
        "ProductFields": {"aws/securityhub/FindingId": f"{arn}/{finding_id}", "aws/securityhub/CompanyName": company},
        "Resources": [asff_resource(about)],
        "FindingProviderFields": {"Severity": {"Label": finding.label, "Original": finding.label}, "Types": [kind]},
    }
    if path == "aws/inspector":
        finding.template["Vulnerabilities"] = [{"Id": finding.template["Title"].split(" ")[0], "FixAvailable": "YES"}]
    return finding


def odd_findings(serial: int, resources: list[Resource], moment: int) -> list[Finding]:
    """Findings within the API model that a careless reader trips over. resources: 32 or more of one place."""
    first = resources[0]
    made = []
    for number, (stem, path, name, parts) in enumerate(_odd_parts(resources)):
        arn, finding_id = product_arn(first.region, path), f"{stem}-{first.account}/{first.region}"
        finding = Finding(serial + number, arn, name, finding_id, first.account, first.region, moment)
        finding.template = {
            "SchemaVersion": "2018-10-08",
            "Id": finding_id,
            "ProductArn": arn,
            "GeneratorId": f"{path}/check",
            "AwsAccountId": first.account,
            "CreatedAt": iso(moment),
            "UpdatedAt": iso(moment),
            "Title": "Something to look at",
            "Description": "A finding out of the ordinary.",
            "Resources": [asff_resource(first)],
            **({"ProductName": name} if name else {}),
            **parts,
        }
        if stem == "bare":
            finding.workflow = finding.record = None
        made.append(finding)
    return made


def _odd_parts(resources: list[Resource]) -> list[tuple[str, str, str | None, dict[str, Any]]]:
    """(stem of the Id, product path, product name, what is out of the ordinary) of each."""
    low, medium, high = ({"Label": label, "Normalized": NORMALIZED[label]} for label in ("LOW", "MEDIUM", "HIGH"))
    many = {"Title": "One policy, many resources", "Resources": [asff_resource(r) for r in resources[:32]]}
    foreign = [
        {"Type": "Other", "Id": "vm-0815.internal.example.org"},
        {"Type": "Other", "Id": "/subscriptions/7f/vm/legacy", "Provider": "Azure"},
    ]
    words = {
        "Title": "Données à caractère personnel – 個人情報 🔐",
        "Description": 'Bücher & <Grüße> "quoted" \u2028 line',
    }
    nothing = {"Status": "NOT_AVAILABLE", "StatusReasons": [{"ReasonCode": "CONFIG_EVALUATIONS_EMPTY"}]}
    none = {"Label": "INFORMATIONAL", "Normalized": 0}
    return [
        ("many", "prowler/prowler", "Prowler", {**many, "Severity": medium}),
        ("bare", "aquasecurity/aquasecurity", None, {"Severity": {"Normalized": 71}}),
        ("unlabelled", "aws/guardduty", "GuardDuty", {"Severity": {"Product": 5.0, "Normalized": 45}}),
        ("twin", "aws/guardduty", "GuardDuty", {"Severity": low}),
        ("twin", "aws/inspector", "Inspector", {"Severity": high}),
        ("unicode", "aws/macie", "Macie", {**words, "Severity": high}),
        ("long", "prowler/prowler", "Prowler", {"Description": "Wordy scanner output. " * 1400, "Severity": low}),
        ("no-arn", "prowler/prowler", "Prowler", {"Resources": foreign, "Severity": low}),
        ("unavailable", "prowler/prowler", "Prowler", {"Compliance": nothing, "Severity": none}),
    ]
