"""The roles by which the portal comes in, as CloudFormation templates made out for one connection."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from pathlib import Path

from findings.models import Connection

FOLDER = Path(__file__).parent


class RoleTemplate(StrEnum):
    """Which role: the hub account's, or every account's."""

    HUB = "hub-role.yaml"
    MEMBER = "member-role.yaml"


def rendered(template: RoleTemplate, connection: Connection, *, caller: str = "") -> str:
    """The template with the connection's own names as its parameters' defaults.

    caller: the portal's own ARN, whom the hub role trusts; without one the hub account itself.
    """
    names = {"ExternalId": connection.external_id}
    if template is RoleTemplate.HUB:
        names |= _trusting(caller, connection.hub_account)
        names |= {
            "RoleName": connection.hub_role,
            "MemberRole": connection.member_role,
            "QueueName": connection.queue_name,
        }
    else:
        names |= {"TrustedAccount": connection.hub_account, "TrustedRole": connection.hub_role}
        names |= {"RoleName": connection.member_role}
    text = (FOLDER / template).read_text(encoding="utf-8")
    for name, value in names.items():
        if value or name == "TrustedRole":
            text = _with_default(text, name, value)
    return text


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
