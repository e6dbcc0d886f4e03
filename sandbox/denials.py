"""AWS's words for a missing permission."""

from __future__ import annotations

from sandbox.calls import Principal
from sandbox.protocol import AwsError
from sandbox.world import World

_WRITES = {("securityhub", "BatchUpdateFindings")}
_ALWAYS = {("sts", "GetCallerIdentity")}  # no policy is asked


def denied(service: str, operation: str, who: Principal) -> AwsError:
    code = "AccessDenied" if service == "sts" else "AccessDeniedException"
    return AwsError(code, f"User: {who.arn} is not authorized to perform: {service}:{operation}", 403)


def allowed(world: World, service: str, operation: str, who: Principal) -> bool:
    """By the policies of the portal's roles: the write role writes and does nothing else, the others only read."""
    if not who.session or (service, operation) in _ALWAYS:
        return True
    writes = who.arn.split("/")[1] == world.write_role
    return writes == ((service, operation) in _WRITES)
