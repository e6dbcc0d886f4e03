"""Keyset paging: the next page begins after the last row seen, however deep the list.

An ordering is a tuple of names of fields or annotations, "-" for descending, ending with a unique
one; none of them may be null. The cursor is the last row's values, so a page costs the same at any depth
and no row is skipped or shown twice while others come and go.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import orjson
from django.core.exceptions import BadRequest, FieldDoesNotExist, ValidationError
from django.db.models import Field, Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _

Row = TypeVar("Row", bound=Model)
NO_PAGE = _("The page you asked for does not exist; start again from the first.")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of a list. `next_cursor` is empty on the last page."""

    rows: list[Row]
    next_cursor: str
    is_first: bool


def page_of(rows: QuerySet[Row], *, order: Sequence[str], cursor: str = "", size: int = 50) -> Page[Row]:
    """The page of `rows` that follows `cursor` in `order`. Raises BadRequest on a foreign cursor."""
    ordered = rows.order_by(*order)
    if cursor:
        ordered = ordered.filter(_after(rows, order, _decoded(cursor, len(order))))
    found = list(ordered[: size + 1])
    more = len(found) > size
    kept = found[:size]
    return Page(kept, _encoded(kept[-1], order) if more else "", is_first=not cursor)


def keys_after(
    keys: Sequence[tuple[int, ...]], *, cursor: str = "", size: int = 50
) -> tuple[Sequence[tuple[int, ...]], str]:
    """The same of keys that are held in memory, ascending: those that follow `cursor`, and the next cursor."""
    begin = 0
    if cursor and keys:
        values = _decoded(cursor, len(keys[0]))
        if not all(type(value) is int for value in values):
            raise BadRequest(NO_PAGE)
        begin = bisect_right(keys, tuple(values))
    found = keys[begin : begin + size]
    more = begin + size < len(keys)
    return found, _written(found[-1]) if more else ""


def beside(rows: QuerySet[Row], row: Row, *, order: Sequence[str]) -> tuple[Row | None, Row | None]:
    """What stands before and after `row` in `rows`, which need not hold it (any more). Two queries."""
    values = [_value(row, name.lstrip("-")) for name in order]
    backwards = [name[1:] if name.startswith("-") else f"-{name}" for name in order]
    before, after = (rows.order_by(*way).filter(_after(rows, way, values)).first() for way in (backwards, list(order)))
    return before, after


def cursor_after(row: Model, order: Sequence[str]) -> str:
    """The cursor of the page that begins after `row`."""
    return _encoded(row, order)


def _after(rows: QuerySet[Row], order: Sequence[str], values: Sequence[Any]) -> Q:
    """The condition "comes after these values", nested so that an index on `order` can serve it."""
    condition = Q()
    for position in reversed(range(len(order))):
        name = order[position].lstrip("-")
        value = _parsed(rows, name, values[position])
        beyond = "lt" if order[position].startswith("-") else "gt"
        strictly = Q(**{f"{name}__{beyond}": value})
        condition = strictly if not condition else strictly | (Q(**{name: value}) & condition)
    return condition


def _parsed(rows: QuerySet[Row], path: str, value: Any) -> Any:
    try:
        parsed = _field(rows, path).to_python(value)
        return parsed.astimezone(UTC) if isinstance(parsed, datetime) else parsed
    except (FieldDoesNotExist, ValidationError, OverflowError, TypeError, ValueError) as error:
        raise BadRequest(NO_PAGE) from error


def _field(rows: QuerySet[Row], path: str) -> Field[Any, Any]:
    """Of an annotation, or of the model at the end of the path. Raises FieldDoesNotExist."""
    if path in rows.query.annotations:
        annotated: Field[Any, Any] = rows.query.annotations[path].output_field
        return annotated
    model: type[Model] = rows.model
    *relations, last = path.split("__")
    for relation in relations:
        model = model._meta.get_field(relation).related_model  # type: ignore[assignment]
    field = model._meta.get_field(last)
    assert isinstance(field, Field)
    return field


def _value(row: Model, path: str) -> Any:
    value: Any = row
    for name in path.split("__"):
        value = getattr(value, name)
    return value.isoformat() if isinstance(value, datetime) else value


def _encoded(row: Model, order: Sequence[str]) -> str:
    return _written([_value(row, name.lstrip("-")) for name in order])


def _written(values: Sequence[Any]) -> str:
    body = orjson.dumps(values)
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode()


def _decoded(cursor: str, length: int) -> list[Any]:
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise BadRequest(NO_PAGE) from error
    if not isinstance(values, list) or len(values) != length or any(map(_is_no_value, values)):
        raise BadRequest(NO_PAGE)
    return values


def _is_no_value(value: Any) -> bool:
    return value is None or (isinstance(value, str) and "\x00" in value)
