"""What the description of the API says of every operation alike: how to come in, and what a refusal looks like."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from organisation.problems import CONTENT_TYPE

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Why not, in the form of RFC 9457. Some refusals have members of their own beside these.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "default": "about:blank"},
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is the matter with this call."},
        "errors": {
            "type": "object",
            "description": "Of fields that are not valid: their names, with dots inside others, and why.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
}
ALWAYS = {
    "400": "Something sent is not valid, or a rule stands against it.",
    "401": "Nobody is logged in, and no valid token was sent.",
    "403": "Not allowed.",
    "404": "What the address or the call names is not there, or it is not the caller's to see.",
    "406": "The answer is not to be had in any form that Accept names.",
    "429": "Too many calls within a minute; Retry-After says in how many seconds to go on.",
}
WITH_BODY = {"415": "What is sent is in no form that can be read here."}
CHANGED = {"409": "Somebody saved it since the version that was sent."}
BY_HEADER = {
    "If-Match": {"412": "Somebody saved it since it was read.", **CHANGED},
    "Idempotency-Key": {"422": "The key was sent with another call."},
}
METHODS = ("get", "post", "put", "patch", "delete")


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "organisation.bearer.ByToken"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token that a person made for a program."}


def refusals(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """A hook of drf-spectacular: every operation names its refusals."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for operations in result["paths"].values():
        for method in METHODS:
            if method in operations:
                told = {**ALWAYS, **(WITH_BODY if method == "post" or "requestBody" in operations[method] else {})}
                told |= CHANGED if method == "patch" else {}
                for one in operations[method].get("parameters", ()):
                    told |= BY_HEADER.get(one["name"], {})
                for status, words in told.items():
                    operations[method]["responses"].setdefault(status, _refusal(words))
    return result


def _refusal(words: str) -> dict[str, Any]:
    return {"description": words, "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
