"""Events of changes wait in the queue until they are read and deleted."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.conftest import Estate


@pytest.fixture
def queue(own_estate: Estate) -> Any:
    client = own_estate.client("sqs")
    return client, client.get_queue_url(QueueName=own_estate.world["queue_name"])["QueueUrl"]


def failed_finding(estate: Estate) -> Any:
    return estate.findings(
        Filters={
            "ComplianceStatus": [{"Value": "FAILED", "Comparison": "EQUALS"}],
            "ProductName": [{"Value": "Security Hub", "Comparison": "EQUALS"}],
            "ComplianceSecurityControlId": [{"Value": "Config.1", "Comparison": "NOT_EQUALS"}],
        }
    )[0]


def drain(client: Any, url: str) -> Any:
    messages = []
    while page := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        messages += page
    return messages


def test_a_change_of_compliance_is_told_by_both_services(own_estate: Estate, queue: tuple[Any, str]) -> None:
    client, url = queue
    finding = failed_finding(own_estate)
    own_estate.control("change", {"change": "pass", "id": finding["Id"]})
    events = [json.loads(message["Body"]) for message in drain(client, url)]
    (told,) = [e for e in events if e["detail-type"] == "Security Hub Findings - Imported"]
    assert told["source"] == "aws.securityhub"
    assert told["resources"] == [f"{finding['ProductArn']}/{finding['Id']}"]
    (body,) = told["detail"]["findings"]
    assert (body["Id"], body["Compliance"]["Status"]) == (finding["Id"], "PASSED")
    changes = [e["detail"] for e in events if e["detail-type"] == "Config Rules Compliance Change"]
    rule = finding["ProductFields"].get("RelatedAWSResources:0/name")
    if rule:
        detail = next(d for d in changes if d["configRuleName"] == rule)
        assert detail["messageType"] == "ComplianceChangeNotification"
        assert detail["newEvaluationResult"]["complianceType"] == "COMPLIANT"
        assert detail["oldEvaluationResult"]["complianceType"] == "NON_COMPLIANT"
        assert detail["awsAccountId"] == finding["AwsAccountId"]


def test_a_workflow_update_emits_an_event_too(own_estate: Estate, queue: tuple[Any, str]) -> None:
    client, url = queue
    finding = failed_finding(own_estate)
    own_estate.client("securityhub").batch_update_findings(
        FindingIdentifiers=[{"Id": finding["Id"], "ProductArn": finding["ProductArn"]}],
        Workflow={"Status": "SUPPRESSED"},
    )
    (message,) = drain(client, url)
    (body,) = json.loads(message["Body"])["detail"]["findings"]
    assert (body["Workflow"]["Status"], body["UpdatedAt"]) == ("SUPPRESSED", finding["UpdatedAt"])


def test_a_message_comes_back_until_it_is_deleted(queue: tuple[Any, str]) -> None:
    client, url = queue
    client.send_message(QueueUrl=url, MessageBody="hello")
    (first,) = client.receive_message(QueueUrl=url, VisibilityTimeout=1)["Messages"]
    assert "Messages" not in client.receive_message(QueueUrl=url)
    (again,) = client.receive_message(QueueUrl=url, WaitTimeSeconds=3, AttributeNames=["All"])["Messages"]
    assert (again["Body"], again["MessageId"]) == ("hello", first["MessageId"])
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    client.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    assert client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"][
        "ApproximateNumberOfMessagesNotVisible"
    ] == "0"  # fmt: skip


def test_visibility_can_be_changed_while_in_flight(queue: tuple[Any, str]) -> None:
    client, url = queue
    client.send_message(QueueUrl=url, MessageBody="hello")
    (message,) = client.receive_message(QueueUrl=url)["Messages"]
    client.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert client.receive_message(QueueUrl=url)["Messages"]


def test_batches_are_deleted_and_bad_handles_named(queue: tuple[Any, str]) -> None:
    client, url = queue
    client.send_message(QueueUrl=url, MessageBody="hello")
    (message,) = client.receive_message(QueueUrl=url)["Messages"]
    answer = client.delete_message_batch(
        QueueUrl=url,
        Entries=[{"Id": "a", "ReceiptHandle": message["ReceiptHandle"]}, {"Id": "b", "ReceiptHandle": "invented"}],
    )
    assert [row["Id"] for row in answer["Successful"]] == ["a"]
    assert [(row["Id"], row["Code"]) for row in answer["Failed"]] == [("b", "ReceiptHandleIsInvalid")]


def test_waiting_for_a_message_does_not_hold_up_others(own_estate: Estate, queue: tuple[Any, str]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    client, url = queue
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.receive_message, QueueUrl=url, WaitTimeSeconds=12)
        started = time.monotonic()
        own_estate.client("sqs", region="ap-southeast-2").send_message(QueueUrl=url, MessageBody="hello")
        assert waiting.result()["Messages"][0]["Body"] == "hello"
        assert time.monotonic() - started < 10


def test_what_the_queue_refuses(own_estate: Estate, queue: tuple[Any, str]) -> None:
    client, url = queue
    with pytest.raises(client.exceptions.QueueDoesNotExist) as refused:
        client.get_queue_url(QueueName="no-such-queue")
    assert refused.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    with pytest.raises(ClientError, match="between 1 and 10"):
        client.receive_message(QueueUrl=url, MaxNumberOfMessages=11)
    with pytest.raises(client.exceptions.ReceiptHandleIsInvalid):
        client.delete_message(QueueUrl=url, ReceiptHandle="invented")
    with pytest.raises(client.exceptions.EmptyBatchRequest):
        client.delete_message_batch(QueueUrl=url, Entries=[])


def test_the_life_of_the_estate_fills_the_queue(own_estate: Estate, queue: tuple[Any, str]) -> None:
    client, url = queue
    own_estate.control("advance", {"days": 3})
    kinds = {json.loads(message["Body"])["detail-type"] for message in drain(client, url)}
    assert kinds == {"Security Hub Findings - Imported", "Config Rules Compliance Change"}


def test_the_queue_may_be_told_to_deliver_in_any_order_and_twice(own_estate: Estate, queue: tuple[Any, str]) -> None:
    client, url = queue
    own_estate.control("queue", {"shuffle": 3, "twice": 0.5})
    sent = [str(number) for number in range(40)]
    for body in sent:
        client.send_message(QueueUrl=url, MessageBody=body)
    received = [message["Body"] for message in drain(client, url)]
    assert set(received) == set(sent)
    assert 40 < len(received) < 80
    assert received != sorted(received, key=int)


def test_another_evaluation_with_the_same_result_and_a_new_account_are_told(
    own_estate: Estate, queue: tuple[Any, str]
) -> None:
    client, url = queue
    own_estate.control("advance", {"days": 1})
    events = [json.loads(message["Body"]) for message in drain(client, url)]
    findings = [event["detail"]["findings"][0] for event in events if event["source"] == "aws.securityhub"]
    again = [
        row for row in findings if row["UpdatedAt"] > row["FirstObservedAt"] and row["Workflow"]["Status"] == "NEW"
    ]
    assert again
    account = own_estate.control("change", {"change": "add_account", "name": "newcomer"})["result"]
    events = [json.loads(message["Body"]) for message in drain(client, url)]
    assert {event["account"] for event in events} == {account}
    assert {event["source"] for event in events} == {"aws.securityhub", "aws.config"}
