"""What AWS needs for the portal, as CloudFormation templates made out for one connection: roles and events."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from pathlib import Path

from findings.aws import boto3_session
from findings.models import Connection

FOLDER = Path(__file__).parent
QUEUE_NAME = "compliance-portal-events"


class StackTemplate(StrEnum):
    """The hub account's role, every account's role, what may write; the event queue, what forwards events to it."""

    HUB = "hub-role.yaml"
    MEMBER = "member-role.yaml"
    WRITE = "write-role.yaml"
    QUEUE = "event-queue.yaml"
    FORWARDING = "event-forwarding.yaml"


def rendered(template: StackTemplate, connection: Connection, *, caller: str = "") -> str:
    """The template with the connection's own names as its parameters' defaults.

    caller: the portal's own ARN, whom the hub role trusts; without one the hub account itself.
    """
    names = _names(template, connection, caller)
    text = (FOLDER / template).read_text(encoding="utf-8")
    for name, value in names.items():
        if value or name == "TrustedRole":
            text = _with_default(text, name, value)
    return text


def _names(template: StackTemplate, connection: Connection, caller: str) -> dict[str, str]:
    """Values of the template's parameters; an empty one leaves the template's own default."""
    queue = connection.queue_name or QUEUE_NAME
    match template:
        case StackTemplate.HUB:
            return {
                "ExternalId": connection.external_id,
                **_trusting(caller, connection.hub_account),
                "RoleName": connection.hub_role,
                "MemberRole": connection.member_role,
                "QueueName": connection.queue_name,
            }
        case StackTemplate.MEMBER:
            return {
                "ExternalId": connection.external_id,
                "TrustedAccount": connection.hub_account,
                "TrustedRole": connection.hub_role,
                "RoleName": connection.member_role,
            }
        case StackTemplate.WRITE:
            return {
                "ExternalId": connection.external_id,
                **_trusting(caller, connection.hub_account),
                "RoleName": connection.write_role,
            }
        case StackTemplate.QUEUE:
            return {"QueueName": queue}
        case StackTemplate.FORWARDING:
            partition = boto3_session().get_partition_for_region(connection.home_region)
            place = f"{connection.home_region}:{connection.hub_account}"
            return {"BusArn": f"arn:{partition}:events:{place}:event-bus/{queue}"}


def _trusting(caller: str, otherwise: str) -> dict[str, str]:
    """Account and role of an ARN as STS gives it: arn:aws:sts::111122223333:assumed-role/NAME/SESSION."""
    parts = caller.split(":", 5)
    if len(parts) < 6:
        return {"TrustedAccount": otherwise, "TrustedRole": ""}
    kind, _, rest = parts[5].partition("/")
    return {"TrustedAccount": parts[4], "TrustedRole": rest.split("/")[0] if kind == "assumed-role" else ""}


def _with_default(text: str, name: str, value: str) -> str:
    default = re.compile(rf"(?m)^(  {name}:\n(?:    .*\n)*?    Default: ).*$")
    made, count = default.subn(lambda match: match[1] + json.dumps(value), text)
    assert count == 1, f"{name} has no default"
    return made
