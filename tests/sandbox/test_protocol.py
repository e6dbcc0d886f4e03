"""What AWS would not accept fails here too, and what the sandbox cannot do it says loudly."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib import request
from urllib.error import HTTPError

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox.protocol import BadOutputError, service_for
from sandbox.protocol.shapes import Checks
from tests.sandbox.conftest import Estate

AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=dummy/20260101/ap-southeast-2/{service}/aws4_request, SignedHeaders=host"


def raw(
    estate: Estate,
    service: str,
    body: Any,
    *,
    target: Any = None,
    path: str = "/",
    content: Any = "application/x-amz-json-1.1",
) -> Any:
    """(status, x-amzn-errortype or None, text) of a hand-made request."""
    headers = {"Authorization": AUTHORIZATION.format(service=service), "Content-Type": content}
    if target:
        headers["X-Amz-Target"] = target
    try:
        with request.urlopen(request.Request(estate.url + path, data=body.encode(), headers=headers)) as answer:
            return answer.status, None, answer.read().decode()
    except HTTPError as refused:
        return refused.code, refused.headers.get("x-amzn-errortype"), refused.read().decode()


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("config", lambda client: client.put_config_rule(ConfigRule={"Source": {"Owner": "AWS"}})),
        ("securityhub", lambda client: client.list_automation_rules()),
        ("organizations", lambda client: client.list_policies(Filter="SERVICE_CONTROL_POLICY")),
        ("sts", lambda client: client.get_session_token()),
        ("sqs", lambda client: client.create_queue(QueueName="another")),
        ("auditmanager", lambda client: client.get_account_status()),
        ("ssm", lambda client: client.list_compliance_summaries()),
        ("iam", lambda client: client.list_users()),
        ("cloudformation", lambda client: client.list_stacks()),
        ("guardduty", lambda client: client.list_detectors()),
        ("accessanalyzer", lambda client: client.list_analyzers()),
    ],
)
def test_an_operation_nobody_implemented_fails_unmistakably(
    estate: Estate, service: str, call: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ClientError) as refused:
        call(estate.client(service))
    assert refused.value.response["Error"]["Code"] == "SandboxNotImplemented"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "sandbox: NOT IMPLEMENTED " in capfd.readouterr().err


def test_a_bucket_is_not_answered_with_an_empty_success(estate: Estate) -> None:
    with pytest.raises(ClientError) as refused:
        estate.client("s3").list_buckets()
    assert refused.value.response["Error"]["Code"] == "SandboxNotImplemented"


def test_enums_are_checked(estate: Estate) -> None:
    with pytest.raises(ClientError, match="not one of") as refused:
        estate.client("securityhub").get_findings(Filters={"RecordState": [{"Value": "ACTIVE", "Comparison": "SAME"}]})
    assert refused.value.response["Error"]["Code"] == "InvalidInputException"


def test_maximum_lengths_and_values_are_checked(estate: Estate) -> None:
    with pytest.raises(ClientError, match="above the maximum 20") as refused:
        estate.client("organizations").list_accounts(MaxResults=21)
    assert refused.value.response["Error"]["Code"] == "InvalidInputException"
    with pytest.raises(ClientError, match="above the maximum") as refused:
        estate.client("config").describe_config_rules(ConfigRuleNames=[f"rule-{n}" for n in range(26)])
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_unknown_parameters_are_refused_in_every_protocol(estate: Estate) -> None:
    status, _, text = raw(estate, "config", '{"Colour": "red"}', target="StarlingDoveService.DescribeConfigRules")
    assert (status, "unknown parameter" in text) == (400, True)
    status, kind, text = raw(estate, "securityhub", '{"Colour": "red"}', path="/findings", content="application/json")
    assert (status, kind, "Colour" in text) == (400, "InvalidInputException", True)
    status, _, text = raw(estate, "sts", "Action=GetCallerIdentity&Version=2011-06-15&Colour=red", content="text/plain")
    assert (status, "<Code>ValidationError</Code>" in text) == (400, True)


def test_required_parameters_are_missed(estate: Estate) -> None:
    status, _, text = raw(
        estate, "config", '{"ConfigRuleName": "x"}', target="StarlingDoveService.StartRemediationExecution"
    )
    assert (status, "ResourceKeys: missing required parameter" in text) == (400, True)


def test_a_body_of_the_wrong_type_is_a_serialization_error(estate: Estate) -> None:
    status, _, text = raw(estate, "config", '{"Limit": "ten"}', target="StarlingDoveService.DescribeConformancePacks")
    assert (status, "SerializationException" in text) == (400, True)
    assert raw(estate, "config", "{", target="StarlingDoveService.DescribeConfigRules")[0] == 400


def test_an_unsigned_request_is_refused(estate: Estate) -> None:
    with pytest.raises(HTTPError) as refused:
        request.urlopen(estate.url + "/findings")
    assert refused.value.code == 403
    assert "MissingAuthenticationToken" in refused.value.read().decode()


def test_an_answer_outside_the_model_is_the_sandbox_s_own_defect() -> None:
    service = service_for("config")
    assert service is not None
    write = service.checks.writer(service.model.shape_for("DescribeConfigRulesResponse"))
    with pytest.raises(BadOutputError, match="not one of"):
        write({"ConfigRules": [{"Source": {"Owner": "ME"}}]}, "")
    with pytest.raises(BadOutputError, match="not a member"):
        write({"Rules": []}, "")
    with pytest.raises(BadOutputError, match="required"):
        write({"ConfigRules": [{"ConfigRuleName": "x"}]}, "")


def test_the_endpoint_variable_alone_is_enough(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", estate.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "dummy")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "dummy")
    session = boto3.session.Session(region_name="ap-southeast-2")
    sts, sqs = session.client("sts"), session.client("sqs")
    assert sts.get_caller_identity()["Account"] == estate.world["hub_account"]
    assert sqs.get_queue_url(QueueName=estate.world["queue_name"])["QueueUrl"]
    sts.close()
    sqs.close()


@pytest.fixture
def restless_threads() -> Iterator[None]:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("restless_threads")
def test_the_first_answers_to_many_at_once_are_whole() -> None:
    service = service_for("config")
    assert service
    shape = service.model.operation_model("DescribeConfigRules").output_shape
    assert shape
    rules = {"ConfigRules": [{"ConfigRuleName": "one", "Source": {"Owner": "AWS"}}]}
    for _ in range(100):
        checks = Checks("unixTimestamp")
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _, checks=checks: checks.writer(shape)(rules, ""), range(8)))
        assert all(answer == answers[0] for answer in answers)
