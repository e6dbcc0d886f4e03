"""Pages of rows that were counted, not stored: the next page begins after the last row's sort key."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson
from django.core.exceptions import BadRequest
from django.utils.translation import gettext as _

Row = TypeVar("Row")
Key = tuple[int | str, ...]


@dataclass(frozen=True)
class Page(Generic[Row]):
    """What frame/_pager.html asks for, as audit.keyset.Page has it."""

    rows: list[Row]
    next_cursor: str
    is_first: bool


def page_of(
    rows: Sequence[Row], key: Callable[[Row], Key], *, cursor: str = "", size: int = 50, descending: bool = False
) -> Page[Row]:
    """The page that follows `cursor` in the order of `key`, which no two rows share. Raises BadRequest."""
    ordered = sorted(rows, key=key, reverse=descending)
    if cursor:
        after = _decoded(cursor)
        try:
            ordered = [row for row in ordered if (key(row) < after if descending else key(row) > after)]
        except TypeError as error:
            raise _foreign() from error
    kept = ordered[:size]
    more = len(ordered) > size
    return Page(kept, _encoded(key(kept[-1])) if more else "", is_first=not cursor)


def _encoded(key: Key) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).rstrip(b"=").decode()


def _decoded(cursor: str) -> Key:
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise _foreign() from error
    if not isinstance(values, list):
        raise _foreign()
    return tuple(values)


def _foreign() -> BadRequest:
    return BadRequest(_("The page you asked for does not exist; start again from the first."))
