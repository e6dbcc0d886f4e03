"""The files of the locker, whatever store they lie in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from django.core.files.storage import Storage

from evidence.capturing import storage

CAPTURED = re.compile(r"\d{4}/\d{2}/[0-9a-f]{32}(_\w+)?")
"""How a captured file is named: other files of the store are not the locker's."""
LOCKER: Any = SimpleNamespace(_meta=SimpleNamespace(model_name="locker"), public_id="locker")
"""The locker as a whole, as the trail names it."""


def files() -> Iterator[tuple[str, datetime]]:
    """Every file that was captured, and when it was written, aware. A store that can list itself does."""
    return (one for one in every_file() if CAPTURED.fullmatch(one[0]))


def every_file() -> Iterator[tuple[str, datetime]]:
    """Those of packs and heads too."""
    store: Any = storage()
    return iter(store.files() if hasattr(store, "files") else _walked(store, ""))


def _walked(store: Storage, folder: str) -> Iterator[tuple[str, datetime]]:
    try:
        folders, names = store.listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(names):
        path = f"{folder}/{name}" if folder else name
        yield path, store.get_modified_time(path)
    for one in sorted(folders):
        yield from _walked(store, f"{folder}/{one}" if folder else one)


def puts_holds() -> bool:
    """Whether the store keeps a held file by itself."""
    return hasattr(storage(), "put_hold")


def put_hold(name: str, *, on: bool) -> None:
    store: Any = storage()
    store.put_hold(name, on=on)
