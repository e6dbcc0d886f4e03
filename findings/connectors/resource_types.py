"""Security Hub's names of resource types in CloudFormation's spelling, which Config uses too.

"AwsS3Bucket" is AWS, a service and a thing: AWS::S3::Bucket. What the rule gets wrong stands in
the tables. Sources: ASFF "Resources" reference; AWS Config "Supported resource types".
"""

from __future__ import annotations

import re
from functools import cache

SERVICES = {
    "AmazonMq": "AmazonMQ",
    "ApiGateway": "ApiGateway",
    "ApiGatewayV2": "ApiGatewayV2",
    "AppSync": "AppSync",
    "AutoScaling": "AutoScaling",
    "CertificateManager": "ACM",
    "CloudFormation": "CloudFormation",
    "CloudFront": "CloudFront",
    "CloudTrail": "CloudTrail",
    "CloudWatch": "CloudWatch",
    "CodeBuild": "CodeBuild",
    "Dms": "DMS",
    "DynamoDb": "DynamoDB",
    "Ec2": "EC2",
    "Ecr": "ECR",
    "Ecs": "ECS",
    "Efs": "EFS",
    "Eks": "EKS",
    "ElasticBeanstalk": "ElasticBeanstalk",
    "Elb": "ElasticLoadBalancing",
    "Elbv2": "ElasticLoadBalancingV2",
    "EventSchemas": "EventSchemas",
    "Iam": "IAM",
    "Kms": "KMS",
    "Msk": "MSK",
    "NetworkFirewall": "NetworkFirewall",
    "OpenSearchService": "OpenSearch",
    "Rds": "RDS",
    "SageMaker": "SageMaker",
    "SecretsManager": "SecretsManager",
    "Sns": "SNS",
    "Sqs": "SQS",
    "Ssm": "SSM",
    "StepFunction": "StepFunctions",
    "Waf": "WAF",
    "WafRegional": "WAFRegional",
    "Wafv2": "WAFv2",
    "XRay": "XRay",
}
THINGS = {
    "DbCluster": "DBCluster",
    "DbClusterSnapshot": "DBClusterSnapshot",
    "DbInstance": "DBInstance",
    "DbSecurityGroup": "DBSecurityGroup",
    "DbSnapshot": "DBSnapshot",
    "Eip": "EIP",
    "RestApi": "RestApi",
    "Vpc": "VPC",
    "VpcEndpointService": "VPCEndpointService",
    "VpcPeeringConnection": "VPCPeeringConnection",
    "VpnConnection": "VPNConnection",
    "WebAcl": "WebACL",
}
EXCEPTIONS = {
    "AwsAccount": "AWS::::Account",
    "AwsElbLoadBalancer": "AWS::ElasticLoadBalancing::LoadBalancer",
    "AwsEventsEventbus": "AWS::Events::EventBus",
    "AwsGuardDutyDetector": "AWS::GuardDuty::Detector",
    "AwsIamAccessKey": "AWS::IAM::AccessKey",
    "AwsNetworkFirewallRuleGroup": "AWS::NetworkFirewall::RuleGroup",
    "AwsOpenSearchServiceDomain": "AWS::OpenSearch::Domain",
    "AwsRdsEventSubscription": "AWS::RDS::EventSubscription",
    "AwsSsmPatchCompliance": "AWS::SSM::PatchCompliance",
}
_WORDS = re.compile(r"[A-Z][a-z0-9]*")
_LONGEST_FIRST = sorted(SERVICES, key=len, reverse=True)


@cache
def cloudformation_type(asff: str) -> str:
    """CloudFormation's name of an ASFF resource type; the type itself where it is not AWS's ("Other")."""
    if asff in EXCEPTIONS:
        return EXCEPTIONS[asff]
    if not asff.startswith("Aws") or asff == "Aws":
        return asff
    rest = asff[3:]
    for service in _LONGEST_FIRST:
        thing = rest[len(service) :]
        if rest.startswith(service) and thing[:1].isupper():
            return f"AWS::{SERVICES[service]}::{THINGS.get(thing, thing)}"
    words = _WORDS.findall(rest)
    if len(words) < 2 or "".join(words) != rest:
        return asff
    return f"AWS::{words[0]}::{''.join(words[1:])}"
