"""How records of AWS become staged rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from findings.connectors.asff import Rejected, staged
from findings.connectors.config_rules import Rule, RuleBook, security_hub_identifier
from findings.connectors.resource_types import cloudformation_type
from findings.models import Check, RecordState, Severity, Status, Workflow
from findings.staging import StagedFinding

CONTROL = "arn:aws:securityhub:eu-west-1::product/aws/securityhub"
RECORD: dict[str, Any] = {
    "Id": "arn:aws:securityhub:eu-west-1:111122223333:security-control/S3.8/finding/1",
    "ProductArn": CONTROL,
    "ProductName": "Security Hub",
    "GeneratorId": "security-control/S3.8",
    "AwsAccountId": "111122223333",
    "Region": "eu-west-1",
    "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
    "FirstObservedAt": "2026-03-01T00:00:00.000Z",
    "LastObservedAt": "2026-03-03T00:00:00.000Z",
    "CreatedAt": "2026-02-01T00:00:00.000Z",
    "UpdatedAt": "2026-03-03T00:00:01.000Z",
    "Severity": {"Label": "HIGH", "Normalized": 70},
    "Title": "Buckets should block public access",
    "Description": "…",
    "Compliance": {
        "Status": "FAILED",
        "SecurityControlId": "S3.8",
        "AssociatedStandards": [{"StandardsId": "standards/pci-dss/v/3.2.1"}],
        "RelatedRequirements": ["PCI DSS v3.2.1/1.2.1"],
    },
    "ProductFields": {"RelatedAWSResources:0/name": "securityhub-s3-bucket-level-public-access-prohibited-1a2b3c4d"},
    "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::invoices", "Tags": {"Name": "Invoices"}}],
    "Workflow": {"Status": "NOTIFIED"},
    "RecordState": "ARCHIVED",
}


def finding(**changes: Any) -> StagedFinding:
    record = {name: value for name, value in {**RECORD, **changes}.items() if value is not None}
    made = staged(record, covered_by_config=())
    assert not isinstance(made, Rejected), made.reason
    return made


def test_a_control_finding_in_full() -> None:
    made = finding()
    assert (made.status, made.compliance_status, made.severity) == (Status.FAIL, "FAILED", Severity.HIGH)
    assert (made.workflow, made.record_state) == (Workflow.NOTIFIED, RecordState.ARCHIVED)
    assert made.status_since == datetime(2026, 3, 1, tzinfo=UTC)
    assert made.evaluated_at == datetime(2026, 3, 3, tzinfo=UTC)
    assert made.check.key == "S3.8"
    assert made.check.config_rule == "S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED"
    assert made.check.standards == ("standards/pci-dss/v/3.2.1",)
    assert made.check.requirements == ("PCI DSS v3.2.1/1.2.1",)
    (resource,) = made.resources
    assert (resource.key, resource.type, resource.name) == ("arn:aws:s3:::invoices", "AWS::S3::Bucket", "Invoices")


def test_what_a_record_does_not_say() -> None:
    made = finding(Workflow=None, RecordState=None, Compliance=None, Severity=None, Region=None)
    assert (made.workflow, made.record_state) == (Workflow.NEW, RecordState.ACTIVE)
    assert (made.status, made.compliance_status) == (Status.REPORT, "")
    assert made.check.kind == Check.Kind.REPORT
    assert made.severity == Severity.INFORMATIONAL
    assert made.region == "eu-west-1"


@pytest.mark.parametrize(
    ("normalized", "severity"),
    [(0, 1), (1, 2), (39, 2), (40, 3), (69, 3), (70, 4), (89, 4), (90, 5), (100, 5)],
)
def test_a_severity_without_a_label_is_derived_as_aws_does(normalized: int, severity: int) -> None:
    assert finding(Severity={"Normalized": normalized}).severity == severity


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"Compliance": {"Status": "PASSED"}}, "S3.8"),
        (
            {
                "Compliance": {"Status": "PASSED"},
                "GeneratorId": "aws-foundational-security-best-practices/v/1.0.0/Config.1",
            },
            "Config.1",
        ),
        (
            {"Compliance": {"Status": "PASSED"}, "GeneratorId": "pci-dss/v/3.2.1/PCI.S3.1"},
            "pci-dss/v/3.2.1/PCI.S3.1",
        ),
        (
            {"Compliance": None, "GeneratorId": "arn:aws:guardduty:eu-west-1:111122223333:detector/1"},
            "Software and Configuration Checks/Industry and Regulatory Standards",
        ),
        ({"Compliance": None, "GeneratorId": "", "Types": [], "ProductName": "Macie"}, "Macie"),
    ],
)
def test_the_key_of_a_check(changes: dict[str, Any], key: str) -> None:
    assert finding(**changes).check.key == key


def test_what_config_forwarded_is_not_counted_where_config_is_read() -> None:
    record = {**RECORD, "ProductName": "Config", "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/config"}
    here = staged(record, covered_by_config={("111122223333", "eu-west-1")})
    elsewhere = staged(record, covered_by_config={("111122223333", "us-east-1")})
    assert isinstance(here, StagedFinding)
    assert isinstance(elsewhere, StagedFinding)
    assert (here.scored, elsewhere.scored) == (False, True)


def test_one_resource_named_twice_is_one() -> None:
    made = finding(Resources=[*RECORD["Resources"], *RECORD["Resources"], {"Type": "Other", "Id": "vm-1"}])
    assert [resource.key for resource in made.resources] == [
        "arn:aws:s3:::invoices",
        "111122223333/eu-west-1/Other/vm-1",
    ]


def test_an_account_is_one_resource_whatever_it_is_called() -> None:
    made = finding(Resources=[{"Type": "AwsAccount", "Id": "AWS::::Account:111122223333"}])
    assert made.resources[0].key == "111122223333/eu-west-1/AWS::::Account/111122223333"


@pytest.mark.parametrize(
    ("asff", "name"),
    [
        ("AwsS3Bucket", "AWS::S3::Bucket"),
        ("AwsEc2Instance", "AWS::EC2::Instance"),
        ("AwsEc2Vpc", "AWS::EC2::VPC"),
        ("AwsRdsDbInstance", "AWS::RDS::DBInstance"),
        ("AwsElbv2LoadBalancer", "AWS::ElasticLoadBalancingV2::LoadBalancer"),
        ("AwsCertificateManagerCertificate", "AWS::ACM::Certificate"),
        ("AwsApiGatewayV2Stage", "AWS::ApiGatewayV2::Stage"),
        ("AwsDynamoDbTable", "AWS::DynamoDB::Table"),
        ("AwsRedshiftCluster", "AWS::Redshift::Cluster"),
        ("AwsAccount", "AWS::::Account"),
        ("AwsNew", "AwsNew"),
        ("Container", "Container"),
        ("Other", "Other"),
    ],
)
def test_resource_types_are_named_as_cloudformation_does(asff: str, name: str) -> None:
    assert cloudformation_type(asff) == name


LOGGING = "S3_BUCKET_LOGGING_ENABLED"
ARN = "arn:aws:config:eu-west-1:111122223333:config-rule/"
SERVED = ARN + "aws-service-rule/"
PACKED = "s3-bucket-logging-enabled-conformance-pack-abc123def"


@pytest.mark.parametrize(
    ("rule", "origin", "key"),
    [
        (Rule("1", "r", "mine", ARN + "config-rule-1", LOGGING), "customer", LOGGING),
        (Rule("1", "r", "mine", ARN + "config-rule-1"), "customer", "mine"),
        (
            Rule("1", "r", PACKED, SERVED + "config-conforms.amazonaws.com/config-rule-1", LOGGING),
            "conformance_pack",
            LOGGING,
        ),
        (Rule("1", "r", PACKED), "conformance_pack", LOGGING),
        (
            Rule("1", "r", "own-lambda-conformance-pack-abc", SERVED + "config-conforms.amazonaws.com/x"),
            "conformance_pack",
            "own-lambda",
        ),
        (Rule("1", "r", "securityhub-s3-bucket-logging-enabled-1a2b3c4d"), "security_hub", LOGGING),
        (
            Rule("1", "r", "OrgConfigRule-mine-1a2b3c4d", SERVED + "config-multiaccountsetup.amazonaws.com/x"),
            "organisation",
            "mine",
        ),
    ],
)  # fmt: skip
def test_where_a_rule_comes_from_and_what_its_check_is_called(rule: Rule, origin: str, key: str) -> None:
    assert (rule.origin, rule.check.key) == (origin, key)


def test_a_rule_known_by_name_alone_is_the_check_of_its_like_elsewhere() -> None:
    book = RuleBook([Rule("1", "r", "tags", ARN + "config-rule-1", "REQUIRED_TAGS")])
    assert book.rule(("2", "r", "tags")).check.key == "REQUIRED_TAGS"
    assert book.rule(("2", "r", "other")).check.key == "other"
    assert security_hub_identifier("a-customers-rule") == ""
