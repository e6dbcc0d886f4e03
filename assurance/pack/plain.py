"""Contents as canonical JSON and back: what later steps are made from, without a database."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, datetime
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import orjson

from assurance.pack.contents import Contents

FORM = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


def as_json(contents: Contents) -> bytes:
    return orjson.dumps(contents, option=FORM)


def contents_of(raw: bytes) -> Contents:
    found: Contents = _made(Contents, orjson.loads(raw))
    return found


def _made(kind: Any, value: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        (inner,) = [one for one in get_args(kind) if one is not type(None)]
        return None if value is None else _made(inner, value)
    if origin is list:
        (inner,) = get_args(kind)
        return [_made(inner, one) for one in value]
    if origin is tuple:
        return tuple(_made(inner, one) for inner, one in zip(get_args(kind), value, strict=True))
    if is_dataclass(kind):
        hints = _hints(kind)  # type: ignore[arg-type]
        return kind(**{one.name: _made(hints[one.name], value[one.name]) for one in fields(kind)})  # type: ignore[operator]
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is date:
        return date.fromisoformat(value)
    return value


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
