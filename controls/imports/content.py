"""What a file is, by its content. Its name is never asked."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

import orjson
from django.utils.translation import gettext as _

from controls.imports.refusals import NOTHING_KEPT, refused

MOST_BYTES = 32 * 1024 * 1024
MOST_UNPACKED = 64 * 1024 * 1024
MOST_PARTS = 200
MOST_TAGS_AT_ONCE = 100_000
MOST_TAGS = 4_000_000
"""20,000 rows of 30 cells have fewer."""
BLOCK = 2**20
IN_ROWS = ("xl/worksheets/", "xl/sharedstrings.xml")
ROW = re.compile(rb"<(?:\w+:)?(?:row|si)\b")
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError, RuntimeError)
"""RuntimeError: of what is encrypted."""
KEY_COLUMN = "key"
MACROS = "vbaproject.bin"
NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""As JSON spells it."""


@dataclass(frozen=True)
class Content:
    """kind: of Import.Kind. document: what JSON said; text: of everything else but a workbook."""

    kind: str
    raw: bytes
    text: str = ""
    document: Any = None


def recognise(raw: bytes) -> Content:
    """Say what a file is. Raises Refused for what is too large, damaged or none of the formats."""
    check_size(raw)
    if is_zip(raw):
        check_workbook(raw)
        return Content("sheet", raw)
    text = text_of(raw)
    begins = text.lstrip()[:1]
    if begins == "<":
        return Content("nzism", raw, text)
    if begins == "{":
        return _json(raw, text)
    if _has_header(text):
        return Content("sheet", raw, text)
    if any(line.startswith(("Resources:", "AWSTemplateFormatVersion:")) for line in text.splitlines()):
        return Content("pack", raw, text)
    raise refused(
        _(
            "This is none of what can be imported: an OSCAL catalog or profile (JSON), a conformance pack (YAML), "
            "NZISM's XML, or the spreadsheet template (XLSX, CSV)."
        )
    )


def check_size(raw: bytes) -> None:
    """Raise Refused on what is empty or too large."""
    if len(raw) > MOST_BYTES:
        raise refused(
            _("The file has %(n)s bytes; %(most_bytes)s is the most that is read.")
            % {"n": f"{len(raw):,}", "most_bytes": f"{MOST_BYTES:,}"}
        )
    if not raw.strip():
        raise refused(_("The file is empty."))


def is_zip(raw: bytes) -> bool:
    return raw.startswith(b"PK\x03\x04")


def text_of(raw: bytes) -> str:
    if b"\x00" in raw:
        raise refused(_("The file is not text."), _("byte %(raw)s") % {"raw": f"{raw.index(0):,}"})
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise refused(_("The text is not UTF-8; save it as UTF-8."), _("line %(line)s") % {"line": line}) from error


def _json(raw: bytes, text: str) -> Content:
    if nul := NUL.search(text):
        raise refused(NOTHING_KEPT, f"line {text.count(chr(10), 0, nul.start()) + 1}")
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise refused(
            _("Not JSON: %(msg)s.") % {"msg": error.msg},
            _("line %(line)s, column %(column)s") % {"line": error.lineno, "column": error.colno},
        ) from error
    for key, kind in (("catalog", "oscal_catalog"), ("profile", "oscal_profile"), ("Resources", "pack")):
        if key in document:
            return Content(kind, raw, text, document)
    found = ", ".join(sorted(document)[:5]) or "nothing"
    raise refused(
        _("The JSON holds neither a catalog, a profile nor Resources, but %(found)s.") % {"found": found[:200]}, "/"
    )


def _has_header(text: str) -> bool:
    try:
        first = next(csv.reader(io.StringIO(text[:10_000])), [])
    except csv.Error:
        return False
    return KEY_COLUMN in [cell.strip().lower() for cell in first]


def check_workbook(raw: bytes) -> None:
    """Raise Refused unless it is a workbook that stays small when it is unpacked, and when it is read."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
        parts = archive.infolist()
        _check_parts(parts)
        for part in parts:
            _check_markup(archive, part)
    except DAMAGED as error:
        raise refused(_("The workbook is damaged: %(error)s.") % {"error": error}) from error


def _check_parts(parts: list[zipfile.ZipInfo]) -> None:
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MOST_UNPACKED or len(parts) > MOST_PARTS:
        raise refused(
            _(
                "Unpacked, the file would be %(unpacked)s bytes in %(n)s parts; "
                "%(most_unpacked)s bytes in %(most_parts)s parts is the most that is read."
            )
            % {
                "unpacked": f"{unpacked:,}",
                "n": f"{len(parts):,}",
                "most_unpacked": f"{MOST_UNPACKED:,}",
                "most_parts": MOST_PARTS,
            }
        )
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        raise refused(_("The file is a zip archive, but no workbook."))
    if any(name.rpartition("/")[2].lower() == MACROS for name in names):
        raise refused(_("The workbook has macros: save it as an .xlsx without them."))


def _check_markup(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Raise Refused on more elements than a reader can hold, who holds a row at once, and every other part whole.

    An element of five bytes takes some six hundred in memory, so that the size of a part bounds too little.
    """
    in_rows = part.filename.lower().startswith(IN_ROWS)
    total = at_once = 0
    with archive.open(part) as file:
        while block := file.read(BLOCK):
            total += block.count(b"<")
            for number, piece in enumerate(ROW.split(block) if in_rows else [block]):
                at_once = piece.count(b"<") + (0 if number else at_once)
                if at_once > MOST_TAGS_AT_ONCE or total > MOST_TAGS:
                    raise refused(_("The workbook has more markup than is read."), part.filename)
