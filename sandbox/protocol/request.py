"""One HTTP request and one answer, and the identity that the SigV4 Authorization header names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.protocol.errors import AwsError

_CREDENTIAL = re.compile(
    r"^AWS4-HMAC-SHA256\s+.*?Credential=(?P<key>[^/,\s]+)/(?P<day>\d{8})"
    r"/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request"
)


@dataclass(frozen=True)
class Credential:
    """The scope a request was signed for. service: AWS's signing name."""

    access_key: str
    region: str
    service: str
    token: str | None


@dataclass
class Request:
    method: str
    target: str
    headers: dict[str, str]  # lower-case names
    body: bytes = b""
    path: str = ""
    query: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        parts = urlsplit(self.target)
        self.path = parts.path or "/"
        self.query = parse_qsl(parts.query, keep_blank_values=True)

    def credential(self) -> Credential:
        """Who signed this, for which service and region. Raises AwsError where the header is missing or odd."""
        header = self.headers.get("authorization", "")
        if not header:
            raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token")
        match = _CREDENTIAL.match(header)
        if match is None:
            raise AwsError("IncompleteSignature", "Authorization header requires a SigV4 'Credential' scope")
        return Credential(
            access_key=match["key"],
            region=match["region"],
            service=match["service"],
            token=self.headers.get("x-amz-security-token"),
        )

    @property
    def wanted(self) -> str:
        """The operation in the caller's own words, for messages about what nobody here implements."""
        if target := self.headers.get("x-amz-target"):
            return target.rsplit(".", 1)[-1]
        for name, value in parse_qsl(self.body.decode("utf-8", "replace")) + self.query:
            if name == "Action":
                return value
        return f"{self.method} {unquote(self.path)}"


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes
