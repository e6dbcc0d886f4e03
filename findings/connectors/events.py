"""What arrives in the event queue: EventBridge's JSON as it is, one event a message.

Read are `Security Hub Findings - Imported` (new findings, updates, and what BatchUpdateFindings changed)
and `Config Rules Compliance Change`. Everything else is set aside, the same kind once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.utils.translation import gettext as _

from findings.connectors.asff import Malformed, Rejected, moment_of
from findings.connectors.config import Cell

IMPORTED = ("aws.securityhub", "Security Hub Findings - Imported")
COMPLIANCE = ("aws.config", "Config Rules Compliance Change")
S3_POINTER = "PayloadS3Pointer"


@dataclass(frozen=True)
class Imported:
    """Findings as ASFF records, with what belongs to their moment."""

    records: list[dict[str, Any]]
    told_at: datetime


@dataclass(frozen=True)
class Evaluated:
    """One rule's new result of one resource, as GetComplianceDetailsByConfigRule would show it.

    row: None where the event says that there is no result any more. body: the whole message.
    """

    cell: Cell
    arn: str
    row: dict[str, Any] | None
    told_at: datetime
    body: bytes


def parsed(text: str, *, sent_at: datetime) -> Imported | Evaluated | Rejected:
    """What a message says, or why it says nothing to us. sent_at: when it entered the queue."""
    body = text.encode(errors="replace")
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Rejected("", _("The message is not JSON."), body)
    if isinstance(event, list) and S3_POINTER in str(event[:1]):
        return Rejected(
            "",
            _(
                "The message only points to an object in S3, which the portal does not fetch. Send events to the queue"
                " as EventBridge makes them; they fit."
            ),
            body,
            kind=S3_POINTER,
        )
    if not isinstance(event, dict) or not {"source", "detail-type", "detail"} <= event.keys():
        return Rejected("", _("The message is no EventBridge event. Send events to the queue as they are."), body)
    try:
        return _told(event, body, sent_at)
    except Malformed as error:
        reason = str(error)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = _("The event does not have the form of its kind (%(name)s).") % {"name": type(error).__name__}
    return Rejected(str(event.get("id") or ""), reason, body)


def _told(event: dict[str, Any], body: bytes, sent_at: datetime) -> Imported | Evaluated | Rejected:
    kind = (str(event["source"]), str(event["detail-type"]))
    if kind == IMPORTED:
        records = event["detail"]["findings"]
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise Malformed(_("The event has no list of findings."))
        return Imported(records, _told_at(event, sent_at))
    if kind == COMPLIANCE:
        return _evaluated(event["detail"], _told_at(event, sent_at), body)
    return Rejected(
        "",
        _("The portal does not read events of this kind (%(source)s, %(kind)s). Let the queue's rule leave them out.")
        % {"source": kind[0], "kind": kind[1]},
        body,
        kind="/".join(kind),
    )


def _told_at(event: dict[str, Any], sent_at: datetime) -> datetime:
    """The event's time. EventBridge tells whole seconds; within one, the order of arrival in the queue decides."""
    told = moment_of(event, "time")
    assert told is not None
    waited = max((sent_at - told).total_seconds(), 0.0)
    return told + timedelta(seconds=waited / (1 + waited))


def _evaluated(detail: dict[str, Any], told_at: datetime, body: bytes) -> Evaluated:
    cell = (str(detail["awsAccountId"]), str(detail["awsRegion"]), str(detail["configRuleName"]))
    new = detail.get("newEvaluationResult")
    row = None
    if new and new.get("complianceType"):
        identifier = new.get("evaluationResultIdentifier") or {}
        qualifier = identifier.get("evaluationResultQualifier") or {}
        row = {
            "EvaluationResultIdentifier": {
                "EvaluationResultQualifier": {
                    "ConfigRuleName": cell[2],
                    "ResourceType": str(detail["resourceType"]),
                    "ResourceId": str(detail["resourceId"]),
                    "EvaluationMode": qualifier.get("evaluationMode") or "DETECTIVE",
                },
                "OrderingTimestamp": _seconds(identifier, "orderingTimestamp") or _seconds(new, "resultRecordedTime"),
            },
            "ComplianceType": str(new["complianceType"]),
            "ResultRecordedTime": _seconds(new, "resultRecordedTime"),
            "ConfigRuleInvokedTime": _seconds(new, "configRuleInvokedTime") or _seconds(new, "resultRecordedTime"),
        }
        if new.get("annotation"):
            row["Annotation"] = str(new["annotation"])
    return Evaluated(cell, str(detail.get("configRuleARN") or ""), row, told_at, body)


def _seconds(record: dict[str, Any], name: str) -> float | None:
    """A date as Config's own answers have it, in seconds since 1970. Raises Malformed."""
    found = moment_of(record, name, optional=name != "resultRecordedTime")
    return None if found is None else found.timestamp()
