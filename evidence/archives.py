"""Archives are looked into and never unpacked: by their lists of contents, or counted on the way."""

from __future__ import annotations

import re
import zlib
from typing import IO
from zipfile import BadZipFile, ZipFile

from django.conf import settings
from django.utils.translation import gettext as _

from risks.refusals import Refused

MOST_ENTRIES = 10_000
MOST_RATIO = 200
"""How much larger than itself an archive may grow, above SMALL."""
SMALL = 10 * 2**20
BLOCK = 64 * 1024
ENCRYPTED = 0x1


def most_unpacked() -> int:
    """Bytes that an archive may hold: ten times the most that it may have."""
    return int(settings.EVIDENCE_MOST_MB) * 10 * 2**20


def check_zip(file: IO[bytes]) -> list[str]:
    """The names inside. Raises Refused at “file”."""
    file.seek(0)
    try:
        with ZipFile(file) as archive:
            entries = archive.infolist()
    except (BadZipFile, ValueError, OSError, NotImplementedError) as broken:
        raise Refused(_("The archive is damaged: its list of contents cannot be read."), "file") from broken
    if not entries:
        raise Refused(_("The archive is empty: there is nothing to keep."), "file")
    if len(entries) > MOST_ENTRIES:
        told = {"n": f"{len(entries):,}", "most": f"{MOST_ENTRIES:,}"}
        raise Refused(_("The archive holds %(n)s files, and %(most)s is the most.") % told, "file")
    if any(one.flag_bits & ENCRYPTED for one in entries):
        raise Refused(_("The archive has a password: nobody could check it later. Leave the password out."), "file")
    for one in entries:
        _check_name(one.filename, one.orig_filename)
    packed, size = sum(one.compress_size for one in entries), sum(one.file_size for one in entries)
    file.seek(0, 2)
    length = file.tell()
    if packed > length:
        raise Refused(_("The archive lists the same content more than once: it is made to burst."), "file")
    _check_growth(length, size)
    return [one.filename for one in entries]


def _check_name(name: str, written: str) -> None:
    parts = re.split(r"[\\/]", written)
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name) or ".." in parts or "\x00" in written:
        told = {"name": written[:80].replace("\x00", "")}
        raise Refused(
            _("The archive holds “%(name)s”, which would be unpacked outside its folder. Pack it anew.") % told, "file"
        )


def _check_growth(length: int, size: int) -> None:
    if size > most_unpacked() or (size > SMALL and size > MOST_RATIO * length):
        told = {"n": size // 2**20, "most": most_unpacked() // 2**20, "ratio": MOST_RATIO}
        raise Refused(
            _("The archive would unpack to %(n)d MB; %(most)d MB and %(ratio)d times its own size is the most.") % told,
            "file",
        )


def check_gzip(file: IO[bytes]) -> None:
    """Unpacked block by block and counted, up to what is allowed; nothing is kept. Raises Refused at “file”."""
    file.seek(0, 2)
    length = file.tell()
    file.seek(0)
    size, inside, ended = 0, zlib.decompressobj(wbits=31), False
    while block := file.read(BLOCK):
        while block:
            try:
                size += len(inside.decompress(block, SMALL))
            except zlib.error as broken:
                raise Refused(_("The archive is damaged: it cannot be unpacked."), "file") from broken
            _check_growth(length, size)
            ended, block = inside.eof, inside.unconsumed_tail
            if ended:
                block = inside.unused_data.lstrip(b"\x00")
                inside = zlib.decompressobj(wbits=31)
    if not ended:
        raise Refused(_("The archive is damaged: its end is missing."), "file")
    if not size:
        raise Refused(_("The archive is empty: there is nothing to keep."), "file")


def first_words(file: IO[bytes], name: str) -> bytes:
    """The first bytes of a file inside; empty where it is not there."""
    file.seek(0)
    with ZipFile(file) as archive:
        try:
            with archive.open(name) as inside:
                return inside.read(200)
        except KeyError:
            return b""
