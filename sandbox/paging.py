"""Pages and their opaque tokens."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any, TypeVar

from sandbox.calls import Call
from sandbox.protocol import AwsError

Item = TypeVar("Item")
_TOKEN_ERROR = {"config": "InvalidNextTokenException", "account": "ValidationException"}
_TOKEN_NAMES = ("NextToken", "nextToken")
_SIZE_NAMES = ("MaxResults", "Limit", "limit", "maxResults")


def _digest(call: Call) -> str:
    """What a token belongs to: this operation, caller and question."""
    asked = {key: value for key, value in call.params.items() if key not in _TOKEN_NAMES + _SIZE_NAMES}
    text = json.dumps([call.service, call.operation, call.account, call.region, asked], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def token_for(call: Call, position: str) -> str:
    return base64.urlsafe_b64encode(f"{_digest(call)}:{position}".encode()).decode()


def position_in(call: Call, token: str) -> str:
    """Where a token of ours points. Raises AwsError for any other."""
    try:
        digest, _, position = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
    except (ValueError, UnicodeDecodeError):
        digest = position = ""
    if digest != _digest(call) or not position:
        raise bad_token(call)
    return position


def bad_token(call: Call) -> AwsError:
    code = _TOKEN_ERROR.get(call.service, "InvalidInputException")
    return AwsError(code, "The specified next token is not valid; start again without it.")


def size_of(call: Call, default: int) -> int:
    for name in _SIZE_NAMES:
        if call.params.get(name):
            return int(call.params[name])
    return default


def page(call: Call, items: Sequence[Item], *, size: int, empties: bool = False) -> tuple[list[Item], dict[str, Any]]:
    """This page of items, and {"NextToken": ...} (spelled as the operation does) if there are more.

    size: when the caller gives none. empties: every third listing begins with an empty page and a token, as AWS
    warns that it may.
    """
    name = "nextToken" if call.service == "config" and call.operation in _LOWER else "NextToken"
    token = next((call.params[key] for key in _TOKEN_NAMES if call.params.get(key)), None)
    start = int(position_in(call, token)) if token else 0
    if call.empty_page or (token is None and empties and call.engine.turn(call.operation) % 3 == 0):
        return [], {name: token_for(call, str(start))}
    end = start + size_of(call, size)
    more = {name: token_for(call, str(end))} if end < len(items) else {}
    return list(items[start:end]), more


_LOWER = {"ListDiscoveredResources", "GetResourceConfigHistory"}
