"""Writes the archive of a pack: no compression, a fixed order, one date for all: its bytes follow from its files.

How a pack looks stands in verify_pack.py, which reads it: this module only carries the files into it, in blocks.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Any

from assurance.pack import verify_pack
from assurance.pack.verify_pack import Entry

BLOCK = 1 << 20


@dataclass(frozen=True)
class Listed:
    """A file that the manifest lists."""

    path: str
    sha256: str
    size: int


class Damaged(Exception):
    """A file is not what its digest says."""


Open = Callable[[Listed], Iterable[bytes]]


def manifest(heading: Mapping[str, Any], files: Iterable[Listed]) -> bytes:
    """Canonical JSON: sorted keys, one way to write everything."""
    rows = [{"path": one.path, "sha256": one.sha256, "size": one.size} for one in files]
    text = json.dumps({**heading, "files": rows}, sort_keys=True, indent=1, ensure_ascii=False)
    return f"{text}\n".encode()


def blocks_of(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(BLOCK):
        yield block


def write(
    file: IO[bytes], sealed_at: str, manifest_: bytes, signature: bytes, files: Iterable[Listed], opened: Open
) -> None:
    """file: empty, and can be sought in. opened: the bytes of a listed file. Raises Damaged."""
    time = verify_pack.stamp(sealed_at)
    entries: list[Entry] = []
    for name, content in ((verify_pack.MANIFEST, manifest_), (verify_pack.SIGNATURE, signature)):
        entries.append(_carry(file, Listed(name, sha256(content).hexdigest(), len(content)), [content], time))
    for one in files:
        entries.append(_carry(file, one, opened(one), time))
    file.write(verify_pack.directory(entries, time, file.tell()))


def _carry(file: IO[bytes], listed: Listed, blocks: Iterable[bytes], time: int) -> Entry:
    """The header is written again once the checksum in it is known."""
    begins = file.tell()
    file.write(verify_pack.local_header(Entry(listed.path, 0, listed.size, begins), time))
    found, crc, size = sha256(), 0, 0
    for block in blocks:
        found.update(block)
        crc, size = zlib.crc32(block, crc), size + len(block)
        file.write(block)
    if (found.hexdigest(), size) != (listed.sha256, listed.size):
        raise Damaged(listed.path)
    entry = Entry(listed.path, crc, size, begins)
    ends = file.tell()
    file.seek(begins)
    file.write(verify_pack.local_header(entry, time))
    file.seek(ends)
    return entry
