"""The query protocol: form fields in, XML out (STS)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from sandbox.protocol.shapes import InvalidValueError, member_name

_META = {"Action", "Version"}


def form(body: bytes, query: list[tuple[str, str]]) -> dict[str, str]:
    return dict(query + parse_qsl(body.decode("utf-8"), keep_blank_values=True))


def parameters(fields: dict[str, str], shape: Shape | None) -> Any:
    """The nested value that dotted form fields spell. Raises InvalidValueError for a field of no member."""
    left = {name for name in fields if name not in _META}
    value = _value(fields, shape, "", left) if shape is not None else {}
    if left:
        raise InvalidValueError(sorted(left)[0], "unknown parameter")
    return value or {}


def _value(fields: dict[str, str], shape: Shape, prefix: str, left: set[str]) -> Any:
    if isinstance(shape, StructureShape):
        found = {}
        for name, member in shape.members.items():
            key = member_name(name, member)
            item = _value(fields, member, f"{prefix}.{key}" if prefix else key, left)
            if item is not None:
                found[key] = item
        return found or None
    if isinstance(shape, ListShape):
        return _list(fields, shape, prefix, left)
    if isinstance(shape, MapShape):
        raise InvalidValueError(prefix, "maps are not read in the query protocol here")
    if prefix not in fields:
        return None
    left.discard(prefix)
    return _scalar(fields[prefix], shape.type_name, prefix)


def _list(fields: dict[str, str], shape: ListShape, prefix: str, left: set[str]) -> list[Any] | None:
    base = prefix if shape.serialization.get("flattened") else f"{prefix}.{member_name('member', shape.member)}"
    items: list[Any] = []
    while (item := _value(fields, shape.member, f"{base}.{len(items) + 1}", left)) is not None:
        items.append(item)
    return items or None


def _scalar(text: str, kind: str, path: str) -> Any:
    if kind in ("integer", "long"):
        try:
            return int(text)
        except ValueError:
            raise InvalidValueError(path, f"{text!r} is not a number") from None
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return text


def result_xml(operation: OperationModel, wire: dict[str, Any], namespace: str, request_id: str) -> bytes:
    """The answer document. wire: what the output writer made."""
    name, shape = operation.name, operation.output_shape
    inner = _element(f"{name}Result", wire, shape) if shape is not None else ""
    return (
        f'<{name}Response xmlns="{escape(namespace)}">{inner}'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{name}Response>"
    ).encode()


def _element(tag: str, value: Any, shape: Shape) -> str:
    if isinstance(shape, StructureShape):
        members = {member_name(name, member): member for name, member in shape.members.items()}
        return f"<{tag}>{''.join(_element(key, item, members[key]) for key, item in value.items())}</{tag}>"
    if isinstance(shape, ListShape):
        return f"<{tag}>{''.join(_element('member', item, shape.member) for item in value)}</{tag}>"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{tag}>{escape(text)}</{tag}>"


def error_xml(code: str, message: str, status: int, request_id: str) -> bytes:
    fault = "Sender" if status < 500 else "Receiver"
    return (
        f"<ErrorResponse><Error><Type>{fault}</Type><Code>{escape(code)}</Code>"
        f"<Message>{escape(message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()
