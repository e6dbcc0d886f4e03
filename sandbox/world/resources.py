"""Resources with names, ids, ARNs and tags that a person would believe."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from random import Random
from typing import Any

from sandbox.world.estate import SOLUTIONS, Account


@dataclass(frozen=True)
class Kind:
    """A resource type. id, arn, name: templates over account, region, name, hex, hex8, hex17, upper, uuid.

    weight: how common. place: "all" Regions, "home" only, or "edge" (us-east-1 where it is in use).
    """

    type: str
    asff: str
    id: str
    arn: str
    name: str
    weight: int
    place: str = "all"


_EC2 = "arn:aws:ec2:{region}:{account}"
KINDS = (
    Kind("AWS::S3::Bucket", "AwsS3Bucket", "{name}", "arn:aws:s3:::{name}", "{base}-{word}-{account}-{hex8}", 12),
    Kind("AWS::EC2::Instance", "AwsEc2Instance", "i-{hex17}", _EC2 + ":instance/i-{hex17}", "{base}-{n}", 12),
    Kind(
        "AWS::EC2::SecurityGroup",
        "AwsEc2SecurityGroup",
        "sg-{hex17}",
        _EC2 + ":security-group/sg-{hex17}",
        "{base}-sg-{n}",
        10,
    ),
    Kind("AWS::EC2::Volume", "AwsEc2Volume", "vol-{hex17}", _EC2 + ":volume/vol-{hex17}", "{base}-data-{n}", 8),
    Kind("AWS::EC2::VPC", "AwsEc2Vpc", "vpc-{hex17}", _EC2 + ":vpc/vpc-{hex17}", "{base}-vpc", 2),
    Kind("AWS::EC2::Subnet", "AwsEc2Subnet", "subnet-{hex17}", _EC2 + ":subnet/subnet-{hex17}", "{base}-{n}", 5),
    Kind(
        "AWS::RDS::DBInstance",
        "AwsRdsDbInstance",
        "db-{upper}",
        "arn:aws:rds:{region}:{account}:db:{name}",
        "{base}-db-{n}",
        4,
    ),
    Kind(
        "AWS::RDS::DBCluster",
        "AwsRdsDbCluster",
        "cluster-{upper}",
        "arn:aws:rds:{region}:{account}:cluster:{name}",
        "{base}-aurora-{n}",
        2,
    ),
    Kind(
        "AWS::Lambda::Function",
        "AwsLambdaFunction",
        "{name}",
        "arn:aws:lambda:{region}:{account}:function:{name}",
        "{base}-{word}-{hex8}",
        12,
    ),
    Kind("AWS::KMS::Key", "AwsKmsKey", "{uuid}", "arn:aws:kms:{region}:{account}:key/{uuid}", "{base}-key", 4),
    Kind(
        "AWS::IAM::User",
        "AwsIamUser",
        "AIDA{upper}",
        "arn:aws:iam::{account}:user/{name}",
        "svc-{base}-{hex8}",
        3,
        "home",
    ),
    Kind(
        "AWS::IAM::Policy",
        "AwsIamPolicy",
        "ANPA{upper}",
        "arn:aws:iam::{account}:policy/{name}",
        "{base}-{word}-{hex8}",
        5,
        "home",
    ),
    Kind(
        "AWS::CloudTrail::Trail",
        "AwsCloudTrailTrail",
        "{name}",
        "arn:aws:cloudtrail:{region}:{account}:trail/{name}",
        "{base}-trail-{n}",
        1,
    ),
    Kind(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AwsElbv2LoadBalancer",
        "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/{name}/{hex16}",
        "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/{name}/{hex16}",
        "{base}-alb-{n}",
        3,
    ),
    Kind(
        "AWS::ECS::Service",
        "AwsEcsService",
        "arn:aws:ecs:{region}:{account}:service/main/{name}",
        "arn:aws:ecs:{region}:{account}:service/main/{name}",
        "{base}-svc-{n}",
        5,
    ),
    Kind(
        "AWS::ECS::TaskDefinition",
        "AwsEcsTaskDefinition",
        "arn:aws:ecs:{region}:{account}:task-definition/{name}:{n}",
        "arn:aws:ecs:{region}:{account}:task-definition/{name}:{n}",
        "{base}-task",
        5,
    ),
    Kind(
        "AWS::EKS::Cluster",
        "AwsEksCluster",
        "{name}",
        "arn:aws:eks:{region}:{account}:cluster/{name}",
        "{base}-eks-{n}",
        1,
    ),
    Kind(
        "AWS::DynamoDB::Table",
        "AwsDynamoDbTable",
        "{name}",
        "arn:aws:dynamodb:{region}:{account}:table/{name}",
        "{base}-{word}-{n}",
        6,
    ),
    Kind(
        "AWS::SNS::Topic",
        "AwsSnsTopic",
        "arn:aws:sns:{region}:{account}:{name}",
        "arn:aws:sns:{region}:{account}:{name}",
        "{base}-events-{n}",
        4,
    ),
    Kind(
        "AWS::SQS::Queue",
        "AwsSqsQueue",
        "https://sqs.{region}.amazonaws.com/{account}/{name}",
        "arn:aws:sqs:{region}:{account}:{name}",
        "{base}-jobs-{n}",
        5,
    ),
    Kind(
        "AWS::SecretsManager::Secret",
        "AwsSecretsManagerSecret",
        "arn:aws:secretsmanager:{region}:{account}:secret:{name}-{hex6}",
        "arn:aws:secretsmanager:{region}:{account}:secret:{name}-{hex6}",
        "{base}/{word}-{n}",
        5,
    ),
    Kind(
        "AWS::ECR::Repository",
        "AwsEcrRepository",
        "{name}",
        "arn:aws:ecr:{region}:{account}:repository/{name}",
        "{base}/{word}-{n}",
        3,
    ),
    Kind(
        "AWS::EFS::FileSystem",
        "AwsEfsFileSystem",
        "fs-{hex17}",
        "arn:aws:elasticfilesystem:{region}:{account}:file-system/fs-{hex17}",
        "{base}-files-{n}",
        1,
    ),
    Kind(
        "AWS::CloudFront::Distribution",
        "AwsCloudFrontDistribution",
        "E{upper}",
        "arn:aws:cloudfront::{account}:distribution/E{upper}",
        "{base}-cdn-{n}",
        2,
        "edge",
    ),
    Kind(
        "AWS::ApiGateway::Stage",
        "AwsApiGatewayStage",
        "arn:aws:apigateway:{region}::/restapis/{hex10}/stages/{word}",
        "arn:aws:apigateway:{region}::/restapis/{hex10}/stages/{word}",
        "{base}-{word}",
        3,
    ),
    Kind(
        "AWS::Redshift::Cluster",
        "AwsRedshiftCluster",
        "{name}",
        "arn:aws:redshift:{region}:{account}:cluster:{name}",
        "{base}-dw-{n}",
        1,
    ),
    Kind(
        "AWS::ACM::Certificate",
        "AwsCertificateManagerCertificate",
        "arn:aws:acm:{region}:{account}:certificate/{uuid}",
        "arn:aws:acm:{region}:{account}:certificate/{uuid}",
        "{base}.example.org",
        3,
    ),
    Kind(
        "AWS::Logs::LogGroup",
        "Other",
        "{name}",
        "arn:aws:logs:{region}:{account}:log-group:{name}",
        "/app/{base}/{word}-{n}",
        6,
    ),
    # Inventory without a control of its own.
    Kind(
        "AWS::EC2::NetworkInterface",
        "AwsEc2NetworkInterface",
        "eni-{hex17}",
        _EC2 + ":network-interface/eni-{hex17}",
        "{base}-eni-{n}",
        0,
    ),
    Kind("AWS::EC2::InternetGateway", "Other", "igw-{hex17}", _EC2 + ":internet-gateway/igw-{hex17}", "{base}-igw", 0),
    Kind(
        "AWS::IAM::Role",
        "AwsIamRole",
        "AROA{upper}",
        "arn:aws:iam::{account}:role/{name}",
        "{base}-{word}-role",
        0,
        "home",
    ),
    Kind(
        "AWS::CloudFormation::Stack",
        "AwsCloudFormationStack",
        "arn:aws:cloudformation:{region}:{account}:stack/{name}/{uuid}",
        "arn:aws:cloudformation:{region}:{account}:stack/{name}/{uuid}",
        "{base}-stack-{n}",
        0,
    ),
)
KIND_BY_TYPE = {kind.type: kind for kind in KINDS}
_WORDS = ("orders", "exports", "archive", "api", "worker", "events", "reports", "cache", "sessions", "audit")
_OWNERS = ("team-kea@example.org", "team-tui@example.org", "team-kaka@example.org", "platform@example.org")


class Resource:
    """One resource as Config records it. id: Config's resource id (not always an ARN). deleted: ms or None."""

    __slots__ = ("account", "arn", "created", "deleted", "id", "kind", "name", "region", "solution", "tags")

    def __init__(self, kind: Kind, account: str, region: str, id: str, arn: str, name: str) -> None:
        self.kind, self.account, self.region = kind, account, region
        self.id, self.arn, self.name = id, arn, name
        self.tags: dict[str, str] = {}
        self.solution = ""
        self.created = 0
        self.deleted: int | None = None

    def configuration(self) -> dict[str, Any]:
        """A small configuration item body."""
        return {"arn": self.arn, "name": self.name, "tags": [{"key": k, "value": v} for k, v in self.tags.items()]}


def account_resource(account: str, region: str) -> Resource:
    kind = Kind("AWS::::Account", "AwsAccount", "", "", "", 0)
    return Resource(kind, account, region, account, f"AWS::::Account:{account}", account)


def resource(rng: Random, kind: Kind, account: Account, region: str) -> Resource:
    """A new resource of this kind; its tags usually name the solution, sometimes not at all."""
    solution = account.solution
    if solution == "shared-platform" and rng.random() < 0.5:
        solution = rng.choice(("payments", "customer-portal", "data-platform"))
    component = rng.choice(SOLUTIONS[solution].components)
    digest = hashlib.sha256(rng.randbytes(16)).hexdigest()
    values: dict[str, Any] = {
        "account": account.id,
        "region": region,
        "n": rng.randrange(1, 100),
        "word": rng.choice(_WORDS),
        "base": f"{solution.split('-')[0]}-{component}-{account.environment}",
        "hex6": digest[:6],
        "hex8": digest[:8],
        "hex10": digest[:10],
        "hex16": digest[:16],
        "hex17": digest[:17],
        "upper": digest[:17].upper(),
        "uuid": f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}",
    }
    values["name"] = kind.name.format(**values)
    if "{hex" not in kind.id and "{upper}" not in kind.id and "{uuid}" not in kind.id and "{hex" not in kind.name:
        values["name"] = f"{values['name']}-{digest[32:36]}"
    made = Resource(kind, account.id, region, kind.id.format(**values), kind.arn.format(**values), values["name"])
    made.solution = solution
    made.tags = _tags(rng, made, account, component)
    return made


def _tags(rng: Random, made: Resource, account: Account, component: str) -> dict[str, str]:
    roll = rng.random()
    if roll < 0.10:
        return {}
    tags = {"Name": made.name, "environment": account.environment}
    if roll < 0.82:
        tags["solution"] = made.solution
    elif roll < 0.94:
        tags["app"] = f"{made.solution}/{component}"
    if rng.random() < 0.6:
        tags["owner"] = rng.choice(_OWNERS)
    if rng.random() < 0.02:
        tags["Kostenstelle"] = "Größe Ω – 東京"
    return tags
