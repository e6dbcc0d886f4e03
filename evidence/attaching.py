"""The one place where an answer, a statement or a working paper takes in a new file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from audit import clock
from controls.models import Control
from evidence.capturing import capture
from evidence.models import Evidence
from evidence.sniffing import clean_name
from evidence.uploading import media_type_of
from organisation.models import Solution, User


def attach(
    file: UploadedFile[Any],
    *,
    title: str,
    period: tuple[datetime, datetime],
    solution: Solution | None,
    controls: Iterable[Control],
    by: User,
    kind: str = Evidence.Kind.DOCUMENT,
) -> Evidence:
    """A new piece of the locker, of the period that was asked about as far as it is over. Raises Refused at "file".

    Whoever is asked may bring it, whatever they may bring of their own accord.
    """
    name = clean_name(file.name or "")
    media_type = media_type_of(file, name)
    until = min(period[1], clock.now())
    return capture(
        file.chunks(),
        kind=kind,
        title=(title or name)[:200],
        file_name=name,
        effective_from=min(period[0], until),
        effective_to=until,
        solution=solution,
        controls=controls,
        media_type=media_type,
        by=by,
    )
