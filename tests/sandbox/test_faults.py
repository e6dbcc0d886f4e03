"""Faults that tests arm, and AWS's published rates."""

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.sandbox.conftest import Estate, MakeEstate


def arm(estate: Estate, kind: str, **options: Any) -> Any:
    return estate.control("faults", {"kind": kind, **options})


def code_of(call: Any) -> Any:
    with pytest.raises(ClientError) as refused:
        call()
    answer = refused.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_each_service_has_its_own_word_for_too_fast(own_estate: Estate) -> None:
    arm(own_estate, "throttle")
    queue = "https://sqs.ap-southeast-2.amazonaws.com/1/q"
    calls = {
        "securityhub": (lambda c: c.get_findings(), ("LimitExceededException", 429)),
        "config": (lambda c: c.describe_config_rules(), ("ThrottlingException", 400)),
        "organizations": (lambda c: c.list_accounts(), ("TooManyRequestsException", 400)),
        "account": (lambda c: c.list_regions(), ("TooManyRequestsException", 429)),
        "sts": (lambda c: c.get_caller_identity(), ("Throttling", 400)),
        "sqs": (lambda c: c.receive_message(QueueUrl=queue), ("RequestThrottled", 400)),
    }
    for service, (call, expected) in calls.items():
        assert code_of(lambda call=call, service=service: call(own_estate.client(service))) == expected
    assert own_estate.control("calls")["throttles"]["securityhub"]["GetFindings"]
    own_estate.control("faults", method="DELETE")
    assert own_estate.client("securityhub").get_findings()["Findings"]


def test_a_fault_hits_only_what_it_names_and_as_often_as_it_says(own_estate: Estate) -> None:
    account = own_estate.account("payments-prod")
    arm(own_estate, "error503", service="config", operation="DescribeConfigRules", account=account, count=2)
    client = own_estate.client("config", account=account)
    for _ in range(2):
        assert code_of(client.describe_config_rules) == ("ServiceUnavailable", 503)
    assert client.describe_config_rules()["ConfigRules"]
    assert own_estate.client("config").describe_config_rules()["ConfigRules"]
    assert own_estate.control("faults")["faults"][0]["fired"] == 2


def test_an_internal_failure_and_a_refusal(own_estate: Estate) -> None:
    arm(own_estate, "error500", service="config", count=1)
    assert code_of(own_estate.client("config").describe_config_rules) == ("InternalFailure", 500)
    arm(own_estate, "access_denied", service="config", count=1)
    assert code_of(own_estate.client("config").describe_config_rules) == ("AccessDeniedException", 403)
    arm(own_estate, "expired_token", service="config", count=1)
    assert code_of(own_estate.client("config").describe_config_rules) == ("ExpiredTokenException", 403)


def test_a_connection_is_reset_in_the_middle_of_the_answer(own_estate: Estate) -> None:
    arm(own_estate, "cut", service="securityhub", operation="GetFindings", count=1)
    client = own_estate.client("securityhub")
    with pytest.raises(ConnectionClosedError):
        client.get_findings()
    assert client.get_findings()["Findings"]


def test_an_answer_that_ends_too_early_looks_like_success_to_boto3(own_estate: Estate) -> None:
    """The trap that a reader must know: no error, no findings, no token."""
    arm(own_estate, "truncate", service="securityhub", operation="GetFindings", count=1)
    answer = own_estate.client("securityhub").get_findings()
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert "Findings" not in answer
    assert "NextToken" not in answer


def test_an_empty_page_carries_a_token_to_the_rest(own_estate: Estate) -> None:
    arm(own_estate, "empty_page", operation="GetFindings", count=1)
    client = own_estate.client("securityhub")
    page = client.get_findings()
    assert page["Findings"] == []
    assert client.get_findings(NextToken=page["NextToken"])["Findings"]


def test_a_slow_answer_comes(own_estate: Estate) -> None:
    arm(own_estate, "slow", operation="GetCallerIdentity", seconds=0.3, count=1)
    started = time.monotonic()
    own_estate.client("sts").get_caller_identity()
    assert time.monotonic() - started >= 0.3


def test_half_the_calls_fail_at_a_probability_of_a_half(own_estate: Estate) -> None:
    arm(own_estate, "throttle", service="sts", probability=0.5)
    client, refused = own_estate.client("sts"), 0
    for _ in range(60):
        try:
            client.get_caller_identity()
        except ClientError:
            refused += 1
    assert 15 < refused < 45


def test_the_published_rates_are_enforced_on_request(make_estate: MakeEstate) -> None:
    estate = make_estate(rates=True)
    client, refused = estate.client("securityhub"), 0
    for _ in range(12):
        try:
            client.get_findings(MaxResults=1)
        except client.exceptions.LimitExceededException:
            refused += 1
    assert 4 <= refused <= 6, "GetFindings: a burst of 6, then 3 a second"
    assert estate.client("config").describe_config_rules()
