"""REST-JSON: which operation a method and path mean, and where its parameters stand."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import orjson
from botocore.model import ListShape, OperationModel, ServiceModel, Shape

from sandbox.protocol.request import Request
from sandbox.protocol.shapes import InvalidValueError, member_name


class Routes:
    """The operations of one service by (method, path), most literal path first."""

    def __init__(self, model: ServiceModel) -> None:
        self._routes: list[tuple[str, re.Pattern[str], OperationModel]] = []
        for name in model.operation_names:
            operation = model.operation_model(name)
            path = operation.http["requestUri"].split("?")[0]
            self._routes.append((operation.http["method"], _path_pattern(path), operation))
        self._routes.sort(key=lambda route: (route[1].pattern.count("?P<"), route[2].name))

    def find(self, method: str, path: str) -> tuple[OperationModel, dict[str, str]] | None:
        for wanted, pattern, operation in self._routes:
            if wanted == method and (match := pattern.fullmatch(path)):
                return operation, {name: unquote(value) for name, value in match.groupdict().items()}
        return None


def _path_pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+\+?\})", template)
    built = "".join(
        f"(?P<{part.strip('{}+')}>{'.+' if '+' in part else '[^/]+'})" if part.startswith("{") else re.escape(part)
        for part in parts
    )
    return re.compile(built.rstrip("/") + "/?")


def parameters(request: Request, operation: OperationModel, labels: dict[str, str]) -> dict[str, Any]:
    """All parameters by wire name. Raises InvalidValueError for what belongs to no member."""
    shape = operation.input_shape
    values: dict[str, Any] = {}
    if request.body:
        values.update(_body(request.body))
    in_body = set(values)
    members = shape.members if shape is not None else {}
    by_place = {
        (member.serialization.get("location"), member_name(name, member)): (name, member)
        for name, member in members.items()
    }
    for name in in_body:
        if (None, name) not in by_place:
            raise InvalidValueError(name, "unknown parameter")
    for label, text in labels.items():
        values[member_name(*by_place[("uri", label)])] = text
    for key in dict.fromkeys(name for name, _ in request.query):
        if ("querystring", key) not in by_place:
            raise InvalidValueError(key, "unknown parameter")
        texts = [value for name, value in request.query if name == key]
        values[key] = _from_text(texts, by_place[("querystring", key)][1])
    for (place, key), (_, member) in by_place.items():
        if place == "header" and key.lower() in request.headers:
            values[key] = _from_text([request.headers[key.lower()]], member)
    return values


def _body(raw: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise InvalidValueError("", "the body is not JSON", kind="serialization") from None
    if not isinstance(value, dict):
        raise InvalidValueError("", "a JSON object is expected", kind="serialization")
    return value


def _from_text(texts: list[str], shape: Shape) -> Any:
    if isinstance(shape, ListShape):
        return [_from_text([text], shape.member) for text in texts]
    text = texts[-1]
    if shape.type_name in ("integer", "long"):
        return int(text) if re.fullmatch(r"-?\d+", text) else text
    if shape.type_name == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return text
