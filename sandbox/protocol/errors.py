"""The two ways a call goes wrong: AWS refuses it, or the sandbox itself is at fault."""

from __future__ import annotations

from dataclasses import dataclass

# Code of a refusal that only the wire can tell apart from a modelled one: what malformed input is called.
VALIDATION_CODE = {
    "sts": "ValidationError",
    "organizations": "InvalidInputException",
    "securityhub": "InvalidInputException",
    "sqs": "InvalidParameterValue",
}
# Statuses of errors that stand in no service model. Source: AWS, "Common error types".
COMMON_STATUS = {
    "AccessDenied": 403,
    "AccessDeniedException": 403,
    "ExpiredToken": 403,
    "ExpiredTokenException": 403,
    "IncompleteSignature": 403,
    "InternalFailure": 500,
    "InvalidClientTokenId": 403,
    "MissingAuthenticationToken": 403,
    "SandboxNotImplemented": 501,
    "ServiceUnavailable": 503,
    "UnrecognizedClientException": 403,
}


@dataclass
class AwsError(Exception):
    """A refusal as AWS words it. code: error shape or common error name; status: None means the model's own."""

    code: str
    message: str
    status: int | None = None

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class BadOutputError(Exception):
    """The sandbox built an answer that the service model does not allow: a defect here, never the caller's."""


def validation_code(service: str) -> str:
    """What this service calls malformed input."""
    return VALIDATION_CODE.get(service, "ValidationException")
