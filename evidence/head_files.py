"""The file of a head of the trail: a few lines of text and the portal's signature over them, as JSON.

One file each under heads/ in the storage of evidence, by year, named so that their order is that of time. Each names
the one before it by the SHA-256 of its text, so that a file that is missing in between shows.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.core.files.base import ContentFile

from evidence import signing
from evidence.capturing import storage

FOLDER = "heads"
FIRST_LINE = "Head of the audit trail, format 1"
LABELS = ("Taken at", "Position", "Digest", "Entries", "Software", "Head before")
NONE = "none"
MOST = 100_000
"""Characters of a file that may be a head."""


class Unreadable(ValueError):
    """A file that is no head, or one no longer."""


@dataclass(frozen=True)
class Head:
    """position, digest: of the last entry. before: SHA-256 of the text of the head before this one, or "none"."""

    taken_at: datetime
    position: int
    digest: str
    entries: int
    software: str
    before: str

    @property
    def lines(self) -> list[str]:
        said = (
            self.taken_at.isoformat(),
            str(self.position),
            self.digest,
            str(self.entries),
            self.software,
            self.before,
        )
        return [FIRST_LINE, *(f"{label}: {value}" for label, value in zip(LABELS, said, strict=True))]

    @property
    def text(self) -> bytes:
        """What is signed."""
        return "".join(f"{line}\n" for line in self.lines).encode()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text).hexdigest()

    @classmethod
    def read(cls, lines: list[str]) -> Head:
        """Raises Unreadable where it is not written as `lines` writes it."""
        try:
            first, *rest = lines
            said = dict(line.split(": ", 1) for line in rest)
            taken_at, position, digest, entries, software, before = (said[label] for label in LABELS)
            head = cls(datetime.fromisoformat(taken_at), int(position), digest, int(entries), software, before)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Unreadable from error
        if head.lines != [first, *rest]:
            raise Unreadable
        return head


@dataclass(frozen=True)
class Signed:
    """A head and the signature that stands with it; whether that is right, `is_signed` says."""

    head: Head
    key: str
    signature: bytes

    @classmethod
    def of(cls, head: Head) -> Signed:
        """Signed by the portal's own key. Raises ImproperlyConfigured where there is none."""
        return cls(head, signing.fingerprint(), signing.sign(head.text))

    @property
    def content(self) -> str:
        said = {"head": self.head.lines, "key": self.key, "signature": base64.b64encode(self.signature).decode()}
        return json.dumps(said, indent=1) + "\n"

    @classmethod
    def read(cls, content: str) -> Signed:
        """Of a file, or of an e-mail that holds it. Raises Unreadable."""
        try:
            said = json.loads(content[content.index("{") : content.rindex("}") + 1])
            lines, key, signature = said["head"], str(said["key"]), base64.b64decode(said["signature"], validate=True)
        except (binascii.Error, KeyError, TypeError, ValueError) as error:
            raise Unreadable from error
        if not isinstance(lines, list):
            raise Unreadable
        return cls(Head.read(lines), key, signature)


def keep(signed: Signed) -> str:
    """Put a head into the storage. The name that it got."""
    head = signed.head
    name = f"{FOLDER}/{head.taken_at:%Y}/{head.taken_at:%Y%m%dT%H%M%SZ}-{head.position:012}.json"
    return storage().save(name, ContentFile(signed.content.encode()))


def names() -> Iterator[str]:
    """Of all heads in the storage, in the order of time."""
    for year in _listed(FOLDER)[0]:
        yield from (f"{FOLDER}/{year}/{name}" for name in _listed(f"{FOLDER}/{year}")[1])


def last_name() -> str | None:
    """Of the head that was kept last."""
    for year in reversed(_listed(FOLDER)[0]):
        if found := _listed(f"{FOLDER}/{year}")[1]:
            return f"{FOLDER}/{year}/{found[-1]}"
    return None


def read(name: str) -> Signed:
    """Raises Unreadable; FileNotFoundError."""
    with storage().open(name) as file:
        content = file.read(MOST)
    try:
        return Signed.read(content.decode())
    except UnicodeDecodeError as error:
        raise Unreadable from error


def _listed(folder: str) -> tuple[list[str], list[str]]:
    try:
        folders, files = storage().listdir(folder)
    except FileNotFoundError:
        return [], []
    return sorted(folders), sorted(files)
