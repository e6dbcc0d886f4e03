"""STS: who am I, and let me be a role of another account."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from sandbox import identity
from sandbox.calls import Call, handles
from sandbox.protocol import AwsError
from sandbox.world import stamp

_ROLE = re.compile(r"^arn:aws:iam::(\d{12}):role/([\w+=,.@/-]+)$")
_ROLE_MAXIMUM = 3600  # the roles keep AWS's default MaxSessionDuration


@handles("sts", "GetCallerIdentity")
def get_caller_identity(call: Call) -> dict[str, Any]:
    who = call.principal
    return {"UserId": who.user_id, "Account": who.account, "Arn": who.arn}


@handles("sts", "AssumeRole")
def assume_role(call: Call) -> dict[str, Any]:
    """The hub role stands in the hub and management accounts, the write role in the hub account, the member role
    in every account but the denied."""
    match = _ROLE.match(call.params["RoleArn"])
    if match is None:
        raise AwsError("ValidationError", f"{call.params['RoleArn']} is invalid")
    account, role = match[1], match[2]
    if not _may_assume(call, account, role):
        raise AwsError(
            "AccessDenied",
            f"User: {call.principal.arn} is not authorized to perform: sts:AssumeRole on resource: "
            f"{call.params['RoleArn']}",
            403,
        )
    seconds = call.params.get("DurationSeconds", 3600)
    if call.principal.session and seconds > 3600:
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        )
    if seconds > _ROLE_MAXIMUM:
        raise AwsError(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return _session(call, account, role, seconds)


def _may_assume(call: Call, account: str, role: str) -> bool:
    world = call.world
    target = world.accounts.get(account)
    if target is None or target.state != "ACTIVE" or call.params.get("ExternalId") != world.external_id:
        return False
    if role == world.hub_role:
        return account in (world.hub.id, world.management.id)
    if role == world.write_role:
        return account == world.hub.id
    return role == world.member_role and not target.role_denied


def _session(call: Call, account: str, role: str, seconds: int) -> dict[str, Any]:
    name = call.params["RoleSessionName"]
    expires = call.now + seconds * 1000
    unique = hashlib.sha256(f"{account}{role}{name}{expires}".encode()).hexdigest().upper()
    key = f"ASIA{unique[:16]}"
    token = identity.session_token(call.world, key=key, account=account, role=role, session=name, expires=expires)
    result: dict[str, Any] = {
        "Credentials": {
            "AccessKeyId": key,
            "SecretAccessKey": unique[16:56],
            "SessionToken": token,
            "Expiration": stamp(expires),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": f"{identity.role_id(account, role)}:{name}",
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
        },
        "PackedPolicySize": 6,
    }
    if "SourceIdentity" in call.params:
        result["SourceIdentity"] = call.params["SourceIdentity"]
    return result
