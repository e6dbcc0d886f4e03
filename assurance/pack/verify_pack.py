#!/usr/bin/env python3
"""Verify an assurance pack: that nobody changed a byte of it since it was sealed, and by which key it was sealed.

    python3 verify_pack.py PK-1.zip --fingerprint HEX [--signature PK-1.zip.sig]

The fingerprint is the SHA-256 of the public key (key.pem in the pack). Take it from where the organisation publishes
it, never from the pack: a forger puts a key of their own there. This file needs Python 3.9 and its standard library;
the signatures are checked by the command openssl (3.0 or later). It uses no network and writes nothing but a temporary
file for openssl.

Ends with 0 where all holds, 1 where something differs, 2 where it was called wrongly, 3 where the files hold but the
signature was not checked.

What a pack is: a ZIP archive without compression, whose every byte follows from its files. First manifest.json and its
signature manifest.json.sig, then every file that the manifest lists, in that order; then the directory, and nothing
after it. Nothing in it depends on the machine that made it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from datetime import datetime
from typing import Any, BinaryIO, NamedTuple

MANIFEST = "manifest.json"
SIGNATURE = "manifest.json.sig"
KEY = "key.pem"
LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
BLOCK = 1 << 20
MOST_OF_A_MANIFEST = 1 << 28
FULL = 0xFFFFFFFF
HOLDS, DIFFERS, NOT_CHECKED = 0, 1, 3


# How a pack is written. The portal writes packs by these functions, so that both sides say the same.


class Entry(NamedTuple):
    """A file in the archive. offset: of its header."""

    name: str
    crc: int
    size: int
    offset: int


def stamp(sealed_at: str) -> int:
    """The seal time (ISO 8601, UTC) as ZIP keeps a time: 16 bits of date, 16 of time in steps of two seconds."""
    at = datetime.strptime(sealed_at[:19], "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007  (UTC, said above)
    if not 1980 <= at.year <= 2107:
        raise ValueError("ZIP keeps times from 1980 to 2107")
    date = (at.year - 1980) << 9 | at.month << 5 | at.day
    return date << 16 | at.hour << 11 | at.minute << 5 | at.second // 2


def local_header(entry: Entry, time: int) -> bytes:
    name = entry.name.encode()
    told = (20, 0x0800, 0, time & 0xFFFF, time >> 16, entry.crc, entry.size, entry.size, len(name), 0)
    return LOCAL + struct.pack("<5H3I2H", *told) + name


def directory(entries: list[Entry], time: int, begins: int) -> bytes:
    """All that follows the last file. begins: where."""
    rows = b"".join(_central_header(one, time) for one in entries)
    many, far = len(entries), begins > FULL - 1 or len(rows) > FULL - 1
    large = b""
    if far or many > 0xFFFE:
        told = (44, 0x0314, 45, 0, 0, many, many, len(rows), begins)
        large = b"PK\x06\x06" + struct.pack("<Q2H2I4Q", *told)
        large += b"PK\x06\x07" + struct.pack("<IQI", 0, begins + len(rows), 1)
        many, length, begins = 0xFFFF, FULL, FULL
    else:
        length = len(rows)
    return rows + large + END + struct.pack("<4H2IH", 0, 0, many, many, length, begins, 0)


def _central_header(entry: Entry, time: int) -> bytes:
    name, extra, offset = entry.name.encode(), b"", entry.offset
    if offset > FULL - 1:
        extra, offset = struct.pack("<2HQ", 1, 8, offset), FULL
    told = (0x0314, 45 if extra else 20, 0x0800, 0, time & 0xFFFF, time >> 16, entry.crc, entry.size, entry.size)
    return (
        CENTRAL + struct.pack("<6H3I5H2I", *told, len(name), len(extra), 0, 0, 0, 0o100644 << 16, offset) + name + extra
    )


def statement(sha256: str) -> bytes:
    """What is signed of the whole archive: a line of text, so that its length does not matter to who checks it."""
    return f"archive sha256:{sha256}\n".encode()


# How it is read again.


class Read(NamedTuple):
    """A file as the archive has it. header: as it stands there."""

    entry: Entry
    header: bytes
    sha256: str
    crc: int


class Verification:
    """differences: what is not as it was sealed, in words. notes: what could not be checked, and why."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.differences: list[str] = []
        self.notes: list[str] = []
        self.manifest: dict[str, Any] = {}
        self.contents: dict[str, bytes] = {}
        self.sha256 = ""
        self.is_signed = False

    def differs(self, words: str) -> None:
        if words not in self.differences:
            self.differences.append(words)

    def structure(self) -> None:
        """Every byte of the archive against what the manifest says it is made of."""
        with open(self.path, "rb") as file:
            self.sha256 = _digest(file)
            size = file.tell()
            listed = self._listed(file)
            if listed is None:
                return
            found, after = self._walk(file, listed, size)
            self._names(listed, found)
            self._files(listed, found)
            self._rest(file, found, after, size)

    def _listed(self, file: BinaryIO) -> list[tuple[str, str | None, int | None]] | None:
        """Name, SHA-256 and size of each file that there should be, in order."""
        first = _parsed(file, 0)
        if first is None or first.name != MANIFEST or first.size > MOST_OF_A_MANIFEST:
            self.differs(f"{MANIFEST} is not where it should be, at the beginning of the archive")
            return None
        file.seek(len(local_header(first, 0)))
        raw = file.read(first.size)
        self.contents[MANIFEST] = raw
        try:
            self.manifest = json.loads(raw.decode())
            rows = [(one["path"], one["sha256"], int(one["size"])) for one in self.manifest["files"]]
            stamp(self.manifest["sealed_at"])
        except (ValueError, KeyError, TypeError):
            self.differs(f"{MANIFEST} was changed: it cannot be read any more")
            return None
        if len({name for name, _hash, _size in rows} | {MANIFEST, SIGNATURE}) != len(rows) + 2:
            self.differs(f"{MANIFEST} was changed: it lists a file twice")
        return [(MANIFEST, None, None), (SIGNATURE, None, 64), *rows]

    def _walk(self, file: BinaryIO, listed: list[tuple[str, Any, Any]], size: int) -> tuple[list[Read], int]:
        """The files from the first to the last, and where what follows them begins."""
        sizes = {name: one for name, _hash, one in listed}
        sizes[MANIFEST] = len(self.contents[MANIFEST])
        order = [name for name, _hash, _size in listed]
        found: list[Read] = []
        at = 0
        while at < size:
            due = order[len(found)] if len(found) < len(order) else ""
            entry = _parsed(file, at)
            if due and (entry is None or (entry.name == due and entry.size != sizes[due]) or not _follows(file, entry)):
                by_manifest = Entry(due, 0, sizes[due], at)
                if _follows(file, by_manifest):
                    entry = by_manifest  # its header is not what it was, its place is
            if entry is None or entry.offset + len(local_header(entry, 0)) + entry.size > size:
                if len(found) < len(order) and not _is_directory(file, at):
                    self.differs(
                        f"archive bytes from {at:,} on were changed or cut: no file begins there, {due} should"
                    )
                return found, at
            found.append(_read(file, entry, self.contents))
            at = entry.offset + len(found[-1].header) + entry.size
        return found, at

    def _names(self, listed: list[tuple[str, Any, Any]], found: list[Read]) -> None:
        wanted, there = [name for name, _hash, _size in listed], [one.entry.name for one in found]
        for name in sorted(set(there) - set(wanted)):
            self.differs(f"{_shown(name)} was added: it is not in the manifest")
        for name in [name for name in wanted if name not in set(there)]:
            self.differs(f"{name} is missing")
        for name in sorted({name for name in there if there.count(name) > 1}) if len(set(there)) < len(there) else []:
            self.differs(f"{_shown(name)} is there more than once")
        if set(there) == set(wanted) and len(there) == len(wanted) and there != wanted:
            first = next(place for place, name in enumerate(wanted) if there[place] != name)
            self.differs(f"the order of the files was changed: {there[first]} stands where {wanted[first]} should")

    def _files(self, listed: list[tuple[str, Any, Any]], found: list[Read]) -> None:
        said = {name: (sha256, size) for name, sha256, size in listed}
        time = stamp(self.manifest["sealed_at"])
        for one in found:
            name = one.entry.name
            sha256, size = said.get(name, (None, None))
            if size is not None and size != one.entry.size:
                self.differs(f"{name} was changed: {one.entry.size:,} bytes instead of {size:,}")
            elif sha256 is not None and sha256 != one.sha256:
                self.differs(f"{name} was changed: its SHA-256 is {one.sha256} instead of {sha256}")
            elif sha256 is None and one.crc != _parsed_crc(one.header):
                self.differs(f"{_shown(name)} was changed, or its header was")
            elif one.header != local_header(one.entry._replace(crc=one.crc), time):
                self.differs(f"archive bytes were changed: the header of {_shown(name)}, at {one.entry.offset:,}")

    def _rest(self, file: BinaryIO, found: list[Read], at: int, size: int) -> None:
        entries = [one.entry._replace(crc=one.crc) for one in found]
        due = directory(entries, stamp(self.manifest["sealed_at"]), at)
        file.seek(at)
        there = file.read(len(due) + 1)
        if there == due:
            return
        if there.startswith(due):
            self.differs(f"{size - at - len(due):,} bytes were appended to the archive, from {at + len(due):,} on")
        elif due.startswith(there):
            self.differs(f"the archive was cut: it ends at {size:,}, within its directory")
        else:
            pairs = enumerate(zip(there, due))  # noqa: B905  (Python 3.9 knows no strict)
            place = next((n for n, pair in pairs if pair[0] != pair[1]), len(there))
            self.differs(f"archive bytes were changed: the directory at its end, at {at + place:,}")

    def signatures(self, fingerprint: str, archive_signature: str | None) -> None:
        """By the key in the pack, if it is the one whose fingerprint the reader brings."""
        key = self.contents.get(KEY)
        if key is None:
            self.differs(f"{KEY} is missing, so the signature cannot be checked")
            return
        if hashlib.sha256(key).hexdigest() != fingerprint:
            self.differs(
                f"it was sealed by another key: the fingerprint of {KEY} is {hashlib.sha256(key).hexdigest()}, "
                f"you gave {fingerprint}"
            )
        openssl = shutil.which("openssl")
        if openssl is None:
            self.notes.append(
                "openssl is not installed, so the signature was NOT checked: install it and run this again"
            )
            return
        holds = _verified(openssl, key, self.contents.get(SIGNATURE, b""), self.contents[MANIFEST])
        if holds is None:
            self.notes.append("openssl here cannot verify Ed25519 (3.0 or later can), so the signature was NOT checked")
            return
        if not holds:
            self.differs(f"{SIGNATURE} is no signature of {MANIFEST} by {KEY}")
        self.is_signed = holds
        if archive_signature is None:
            self.notes.append("the archive's own signature was not given; the manifest's covers every file")
            return
        with open(archive_signature, "rb") as file:
            signature = file.read(65)
        if not _verified(openssl, key, signature, statement(self.sha256)):
            self.differs(f"{os.path.basename(archive_signature)} is no signature of this archive by {KEY}")


def _digest(file: BinaryIO) -> str:
    found = hashlib.sha256()
    while block := file.read(BLOCK):
        found.update(block)
    return found.hexdigest()


def _parsed(file: BinaryIO, at: int) -> Entry | None:
    """The header that stands there, as far as it says a name and a size; None where there is none."""
    file.seek(at)
    raw = file.read(30)
    if len(raw) < 30 or raw[:4] != LOCAL:
        return None
    crc, _packed, size, length, extra = struct.unpack("<3I2H", raw[14:30])
    name = file.read(length)
    if extra or len(name) < length:
        return None
    try:
        return Entry(name.decode(), crc, size, at)
    except UnicodeDecodeError:
        return None


def _parsed_crc(header: bytes) -> int:
    return int.from_bytes(header[14:18], "little")


def _follows(file: BinaryIO, entry: Entry | None) -> bool:
    """Whether something of the archive begins where this file would end."""
    if entry is None:
        return False
    file.seek(entry.offset + len(local_header(entry, 0)) + entry.size)
    return file.read(4) in (LOCAL, CENTRAL)


def _is_directory(file: BinaryIO, at: int) -> bool:
    file.seek(at)
    return file.read(4) == CENTRAL


def _read(file: BinaryIO, entry: Entry, kept: dict[str, bytes]) -> Read:
    file.seek(entry.offset)
    header = file.read(len(local_header(entry, 0)))
    found, crc, left, whole = hashlib.sha256(), 0, entry.size, b""
    while left:
        block = file.read(min(BLOCK, left))
        if not block:
            break
        left -= len(block)
        found.update(block)
        crc = zlib.crc32(block, crc)
        if entry.name in (SIGNATURE, KEY) and len(whole) < BLOCK:
            whole += block
    if entry.name in (SIGNATURE, KEY):
        kept[entry.name] = whole
    return Read(entry, header, found.hexdigest(), crc)


def _shown(name: str) -> str:
    """A name that somebody else may have chosen, on one line."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:200] or "(no name)"


def _verified(openssl: str, key: bytes, signature: bytes, content: bytes) -> bool | None:
    """None where this openssl cannot tell."""
    with tempfile.TemporaryDirectory() as folder:
        given = {"key": key, "signature": signature, "content": content}
        paths = {name: os.path.join(folder, name) for name in given}
        for name, told in given.items():
            with open(paths[name], "wb") as file:
                file.write(told)
        command = [openssl, "pkeyutl", "-verify", "-pubin", "-inkey", paths["key"], "-rawin", "-in", paths["content"]]
        done = subprocess.run([*command, "-sigfile", paths["signature"]], capture_output=True)
        if done.returncode == 0 and b"Signature Verified Successfully" in done.stdout:
            return True
        unable = (b"nknown option", b"nknown cipher", b"sage:", b"nvalid option", b"not supported")
        return None if any(words in done.stderr for words in unable) else False


def main() -> int:
    parser = argparse.ArgumentParser(description="Verify an assurance pack: see the beginning of this file.")
    parser.add_argument("pack", help="the archive, e.g. PK-1.zip")
    parser.add_argument("--fingerprint", required=True, help="of the key, as the organisation publishes it")
    parser.add_argument("--signature", help="the archive's signature, e.g. PK-1.zip.sig")
    given = parser.parse_args()
    fingerprint = given.fingerprint.replace(":", "").replace(" ", "").lower()
    if len(fingerprint) != 64 or set(fingerprint) - set("0123456789abcdef"):
        parser.error("a fingerprint has 64 hexadecimal digits")
    for path in filter(None, (given.pack, given.signature)):
        if not os.path.isfile(path):
            parser.error(f"there is no file {path}")
    found = Verification(given.pack)
    found.structure()
    if found.manifest:
        found.signatures(fingerprint, given.signature)
    return _tell(found, fingerprint)


def _tell(found: Verification, fingerprint: str) -> int:
    name = os.path.basename(found.path)
    for note in found.notes:
        print(f"Note: {note}.")
    if found.differences:
        print(f"{name} is NOT as it was sealed:")
        for words in found.differences:
            print(f"  {words}")
        return DIFFERS
    files, sealed_at = len(found.manifest["files"]), found.manifest["sealed_at"]
    if not found.is_signed:
        print(f"{name}: {files} files are as its manifest says, and the signature was NOT checked.")
        return NOT_CHECKED
    print(f"{name} is unchanged since sealed by key {fingerprint} at {sealed_at}.")
    print(f"{files} files hold. SHA-256 of the archive: {found.sha256}")
    return HOLDS


if __name__ == "__main__":
    sys.exit(main())
