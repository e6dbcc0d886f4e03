"""Whether the store of evidence keeps what it is given: asked by `check --deploy` and `check_evidence_store`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from evidence.capturing import storage


def problems() -> list[str]:
    """Of a bucket, what it lacks; a folder has nothing to be asked."""
    store: Any = storage()
    found: list[str] = store.problems() if hasattr(store, "problems") else []
    return found


def keeps(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    return [Error(words, id="evidence.E001") for words in problems()]


def enlist() -> None:
    register(keeps, "evidence", deploy=True)
