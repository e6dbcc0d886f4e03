"""Into the locker: a file is streamed to the storage and hashed on its way, and its row is written with the trail's."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import puremagic
from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages
from django.db import transaction

from audit import clock, trail
from controls.models import Control
from evidence.models import Evidence, EvidenceLink
from organisation.models import Solution, User

SNIFFED = 8192
"""Bytes of the beginning by which a file's type is known."""
UNKNOWN = "application/octet-stream"


@dataclass(frozen=True)
class Source:
    """Of what was read from AWS: service and operation, account, the caller's ARN, public id of the run."""

    api: str = ""
    account: str = ""
    arn: str = ""
    run: str = ""


def storage() -> Storage:
    return storages["evidence"]


@transaction.atomic
def capture(
    content: Iterable[bytes],
    *,
    kind: str,
    title: str,
    file_name: str,
    effective_from: datetime,
    effective_to: datetime,
    by: User | None,
    note: str = "",
    solution: Solution | None = None,
    confidentiality: str = Evidence.Confidentiality.INTERNAL,
    source: Source | None = None,
    controls: Iterable[Control] = (),
    media_type: str = "",
    replaces: Evidence | None = None,
) -> Evidence:
    """Keep a file as it comes, in blocks, and say what it is.

    by: who brought it; None for the portal itself. media_type: empty to know it by its content. controls: those of
    which it shows something. replaces: the piece of which it is the next version. Where the transaction ends
    otherwise, a file without a row stays in the storage, which is swept of such files. Raises OSError where the
    storage takes no more.
    """
    at = clock.now()
    passing = Passing(content)
    name = storage().save(f"{at:%Y/%m}/{uuid.uuid4().hex}", passing)
    source = source or Source()
    made = Evidence.objects.create(
        kind=kind,
        title=title,
        note=note,
        confidentiality=confidentiality,
        solution=solution,
        source_api=source.api,
        source_account=source.account,
        source_arn=source.arn,
        source_run=source.run,
        captured_by=by,
        captured_at=at,
        effective_from=effective_from,
        effective_to=effective_to,
        file_name=file_name,
        stored_as=name,
        sha256=passing.sha256,
        size=passing.size,
        media_type=media_type or passing.media_type,
        version=replaces.version + 1 if replaces else 1,
        replaces=replaces,
        kept_until=kept_until(at),
    )
    trail.record(by or "evidence", "evidence.captured", made, **sealed(made))
    for control in controls:
        link(made, control, by=by)
    return made


def link(evidence: Evidence, control: Control, *, by: User | None, because: str = "") -> EvidenceLink:
    """From now on it shows something of a control."""
    who = by.public_id if by else "evidence"
    made = EvidenceLink.objects.create(
        evidence=evidence, control=control, because=because, linked_by=who, valid_from=clock.now()
    )
    trail.record(by or "evidence", "evidence.linked", evidence, control=control.public_id, because=because)
    return made


def sealed(evidence: Evidence) -> dict[str, Any]:
    """What the trail keeps of a row: all of it that never changes, so that an edit in the database shows."""
    written = (
        "kind", "title", "note", "confidentiality", "source_api", "source_account", "source_arn", "source_run",
        "file_name", "stored_as", "sha256", "size", "media_type", "version",
    )  # fmt: skip
    dates = ("captured_at", "effective_from", "effective_to", "kept_until")
    return {
        **{name: getattr(evidence, name) for name in written},
        **{name: getattr(evidence, name).isoformat() for name in dates},
        "solution": evidence.solution.public_id if evidence.solution else None,
        "captured_by": evidence.captured_by.public_id if evidence.captured_by else None,
        "replaces": evidence.replaces.public_id if evidence.replaces else None,
    }


def kept_until(at: datetime) -> datetime:
    """The end of retention for what is captured now: so many years, a 29 February until the day before."""
    years = settings.EVIDENCE_KEPT_YEARS
    day = 28 if (at.month, at.day) == (2, 29) else at.day
    return at.replace(year=at.year + years, day=day)


class Passing(File):  # type: ignore[type-arg]
    """Blocks on their way to the storage: hashed, counted, and known by how they begin."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        super().__init__(None)
        self._blocks = blocks
        self._hash = hashlib.sha256()
        self._begins = b""
        self._size = 0

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        for block in self._blocks:
            self._hash.update(block)
            self._size += len(block)
            if len(self._begins) < SNIFFED:
                self._begins += block[: SNIFFED - len(self._begins)]
            yield block

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    @property
    def size(self) -> int:
        return self._size

    @property
    def media_type(self) -> str:
        """As the content says: application/octet-stream where it says nothing."""
        try:
            return puremagic.from_string(self._begins, mime=True) or UNKNOWN
        except (puremagic.PureError, ValueError):
            return "text/plain" if _is_text(self._begins) else UNKNOWN


def _is_text(begins: bytes) -> bool:
    try:
        text = begins.decode("utf-8", "ignore" if len(begins) == SNIFFED else "strict")
    except UnicodeDecodeError:
        return False
    return bool(text) and all(letter.isprintable() or letter in "\n\r\t" for letter in text)
