"""AWS's words for a missing permission."""

from __future__ import annotations

from sandbox.calls import Principal
from sandbox.protocol import AwsError


def denied(service: str, operation: str, who: Principal) -> AwsError:
    code = "AccessDenied" if service == "sts" else "AccessDeniedException"
    return AwsError(code, f"User: {who.arn} is not authorized to perform: {service}:{operation}", 403)
