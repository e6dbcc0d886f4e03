"""The one place where an answer or a statement takes in a new file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.core.files import File

from controls.models import Control
from evidence.capturing import capture
from evidence.models import Evidence
from organisation.models import Solution, User


def attach(
    file: File[bytes],
    *,
    title: str,
    period: tuple[datetime, datetime],
    solution: Solution | None,
    controls: Iterable[Control],
    by: User,
) -> Evidence:
    """A new piece of the locker, of the period that was asked about."""
    name = file.name or "file"
    return capture(
        file.chunks(),
        kind=Evidence.Kind.DOCUMENT,
        title=(title or name)[:200],
        file_name=name[:200],
        effective_from=period[0],
        effective_to=period[1],
        solution=solution,
        controls=controls,
        by=by,
    )
