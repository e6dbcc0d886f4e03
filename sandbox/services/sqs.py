"""SQS: the queue that EventBridge events arrive in, in the hub account's home Region."""

from __future__ import annotations

import hashlib
from typing import Any

from sandbox.calls import Call, Wait, handles
from sandbox.protocol import AwsError
from sandbox.queue import Message, Queue

_MAX_BODY = 1_048_576
_BATCH = 10


def _queue(call: Call) -> Queue:
    """The queue that QueueUrl names. Raises AwsError QueueDoesNotExist."""
    queue = call.engine.queue
    if call.params["QueueUrl"].rstrip("/").endswith(f"/{queue.account}/{queue.name}") and call.region == queue.region:
        return queue
    raise AwsError("QueueDoesNotExist", "The specified queue does not exist.")


def _range(name: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise AwsError(
            "InvalidParameterValue",
            f"Value {value} for parameter {name} is invalid. Reason: Must be between {low} and {high}, if provided.",
        )
    return value


@handles("sqs", "GetQueueUrl")
def get_queue_url(call: Call) -> dict[str, Any]:
    queue = call.engine.queue
    owner = call.params.get("QueueOwnerAWSAccountId", call.account)
    if (call.params["QueueName"], owner, call.region) != (queue.name, queue.account, queue.region):
        raise AwsError("QueueDoesNotExist", "The specified queue does not exist.")
    return {"QueueUrl": f"https://sqs.{queue.region}.amazonaws.com/{queue.account}/{queue.name}"}


@handles("sqs", "ReceiveMessage")
def receive_message(call: Call) -> dict[str, Any] | Wait:
    queue, params = _queue(call), call.params
    limit = _range("MaxNumberOfMessages", params.get("MaxNumberOfMessages", 1), 1, _BATCH)
    visibility = _range("VisibilityTimeout", params.get("VisibilityTimeout", queue.visibility), 0, 43_200)
    wait = _range("WaitTimeSeconds", params.get("WaitTimeSeconds", 0), 0, 20)
    found = [] if call.empty_page else queue.receive(limit, visibility, call.now)
    if found:
        return {"Messages": [_shown(call, message) for message in found]}
    return Wait(call.started + wait)


def _shown(call: Call, message: Message) -> dict[str, Any]:
    asked = set(call.params.get("AttributeNames", ())) | set(call.params.get("MessageSystemAttributeNames", ()))
    attributes = {
        "SentTimestamp": str(message.sent),
        "ApproximateReceiveCount": str(message.received),
        "ApproximateFirstReceiveTimestamp": str(message.first_received),
        "SenderId": "events.amazonaws.com",
    }
    shown = {key: value for key, value in attributes.items() if "All" in asked or key in asked}
    result: dict[str, Any] = {
        "MessageId": message.id,
        "ReceiptHandle": message.handle,
        "MD5OfBody": message.md5,
        "Body": message.body,
    }
    return {**result, "Attributes": shown} if shown else result


@handles("sqs", "DeleteMessage")
def delete_message(call: Call) -> dict[str, Any]:
    try:
        call.engine.journal.delete([_queue(call).id_of(call.params["ReceiptHandle"])])
    except KeyError:
        raise AwsError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.") from None
    return {}


@handles("sqs", "DeleteMessageBatch")
def delete_message_batch(call: Call) -> dict[str, Any]:
    queue, entries = _queue(call), call.params["Entries"]
    if not entries:
        raise AwsError(
            "EmptyBatchRequest", "There should be at least one DeleteMessageBatchRequestEntry in the request."
        )
    if len(entries) > _BATCH:
        raise AwsError("TooManyEntriesInBatchRequest", f"Maximum number of entries per request are {_BATCH}.")
    if len({entry["Id"] for entry in entries}) < len(entries):
        raise AwsError("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for entry in entries:
        try:
            call.engine.journal.delete([queue.id_of(entry["ReceiptHandle"])])
            done.append({"Id": entry["Id"]})
        except KeyError:
            failed.append(
                {
                    "Id": entry["Id"],
                    "SenderFault": True,
                    "Code": "ReceiptHandleIsInvalid",
                    "Message": "The input receipt handle is invalid.",
                }
            )
    return {"Successful": done, "Failed": failed}


@handles("sqs", "ChangeMessageVisibility")
def change_message_visibility(call: Call) -> dict[str, Any]:
    queue = _queue(call)
    seconds = _range("VisibilityTimeout", call.params["VisibilityTimeout"], 0, 43_200)
    try:
        message = queue.by_handle(call.params["ReceiptHandle"])
    except KeyError:
        raise AwsError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.") from None
    if message is None or message.visible <= call.started:
        raise AwsError("MessageNotInflight", "The specified message isn't in flight.")
    message.visible = call.started + seconds
    return {}


@handles("sqs", "SendMessage")
def send_message(call: Call) -> dict[str, Any]:
    _queue(call)
    body = call.params["MessageBody"]
    if not body or len(body.encode()) > _MAX_BODY:
        raise AwsError("InvalidParameterValue", f"MessageBody must be between 1 and {_MAX_BODY} bytes.")
    if call.params.get("MessageAttributes"):
        raise AwsError("SandboxNotImplemented", "The sandbox keeps no message attributes", 501)
    delay = _range("DelaySeconds", call.params.get("DelaySeconds", 0), 0, 900)
    message = call.engine.journal.send(body, call.now, delay)
    return {"MessageId": message.id, "MD5OfMessageBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()}


@handles("sqs", "GetQueueAttributes")
def get_queue_attributes(call: Call) -> dict[str, Any]:
    queue = _queue(call)
    visible, in_flight, delayed = queue.counts(call.now)
    attributes = {
        "ApproximateNumberOfMessages": str(visible),
        "ApproximateNumberOfMessagesNotVisible": str(in_flight),
        "ApproximateNumberOfMessagesDelayed": str(delayed),
        "VisibilityTimeout": str(queue.visibility),
        "MessageRetentionPeriod": str(queue.retention // 1000),
        "QueueArn": f"arn:aws:sqs:{queue.region}:{queue.account}:{queue.name}",
    }
    asked = call.params.get("AttributeNames", [])
    shown = {key: value for key, value in attributes.items() if "All" in asked or key in asked}
    return {"Attributes": shown} if shown else {}
