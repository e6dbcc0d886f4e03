"""What a file is, by its content: what is not on the list, or is not what its name says, is refused in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import IO

import puremagic
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from evidence import archives
from risks.refusals import Refused

BEGINS = 8192
"""Bytes of the beginning by which a file is known."""
LONGEST_NAME = 200

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODF = "application/vnd.oasis.opendocument."
TAKEN: dict[str, tuple[str, str]] = {
    "pdf": ("pdf", "application/pdf"),
    "png": ("png", "image/png"),
    "jpg": ("jpeg", "image/jpeg"),
    "jpeg": ("jpeg", "image/jpeg"),
    "webp": ("webp", "image/webp"),
    "txt": ("text", "text/plain"),
    "log": ("text", "text/plain"),
    "md": ("text", "text/markdown"),
    "csv": ("text", "text/csv"),
    "tsv": ("text", "text/tab-separated-values"),
    "json": ("text", "application/json"),
    "jsonl": ("text", "application/jsonl"),
    "yaml": ("text", "application/yaml"),
    "yml": ("text", "application/yaml"),
    "xml": ("text", "application/xml"),
    "eml": ("text", "message/rfc822"),
    "docx": ("zip", WORD),
    "xlsx": ("zip", SHEET),
    "pptx": ("zip", SLIDES),
    "odt": ("zip", f"{ODF}text"),
    "ods": ("zip", f"{ODF}spreadsheet"),
    "odp": ("zip", f"{ODF}presentation"),
    "zip": ("zip", "application/zip"),
    "gz": ("gzip", "application/gzip"),
}
"""By the ending of the name: what the content has to be, and the media type."""
HOLDS = {WORD: "word/", SHEET: "xl/", SLIDES: "ppt/"}
"""Where an Office document keeps its content."""
SIGNATURES = {
    b"%PDF-": "pdf", b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"PK\x03\x04": "zip", b"PK\x05\x06": "zip",
    b"\x1f\x8b": "gzip",
}  # fmt: skip
WORDS: dict[str, str | Promise] = {
    "pdf": _lazy("a PDF"), "png": _lazy("a PNG picture"), "jpeg": _lazy("a JPEG picture"),
    "webp": _lazy("a WebP picture"), "zip": _lazy("a ZIP archive or an Office document"),
    "gzip": _lazy("a gzip archive"), "text": _lazy("text"),
}  # fmt: skip
NOT_TAKEN: dict[bytes, str | Promise] = {
    b"MZ": _lazy("a Windows program"),
    b"\x7fELF": _lazy("a Linux program"),
    b"\xcf\xfa\xed\xfe": _lazy("a macOS program"),
    b"\xce\xfa\xed\xfe": _lazy("a macOS program"),
    b"\xca\xfe\xba\xbe": _lazy("a Java or macOS program"),
    b"\xd0\xcf\x11\xe0": _lazy("an Office document of before 2007, or one with a password"),
}
"""What often comes in its place, in words; the rest is named by its signature."""
BYTE_ORDER = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"\xef\xbb\xbf": "utf-8"}
PAGE = re.compile(rb"<\s*(!doctype\s+html|html|head|body|script|iframe|svg)\b", re.IGNORECASE)
"""As what a file begins that a browser would take for a page, or run."""
HIDDEN = re.compile(rb"<\s*(!doctype\s+html|html|script|iframe|svg)\b", re.IGNORECASE)
NOT_SEARCHED = ("zip", "gzip")
"""Archives hold what they hold: nobody reads them as a page."""
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def taken() -> str:
    """What is taken, in words."""
    return _(
        "PDF, PNG, JPEG, WebP, plain text, log, CSV, TSV, JSON, YAML, XML, Markdown, e-mail (.eml), Word, Excel and "
        "PowerPoint without macros, OpenDocument, ZIP and gzip"
    )


def clean_name(name: str) -> str:
    """The name of a file as it is kept and given back: no folders, nothing invisible, not too long."""
    last = re.split(r"[\\/]", name.replace("\x00", ""))[-1]
    kept = "".join(letter for letter in last if letter.isprintable() and letter not in '<>:"|?*;')
    stem, dot, ending = kept.rstrip(" .").rpartition(".")
    if not dot:
        return (ending.strip() or "file")[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - 1 - len(ending[:10])].strip(' .') or 'file'}.{ending[:10]}"


def known(file: IO[bytes], name: str) -> str:
    """The media type of a file, which stands at its beginning afterwards. Raises Refused at “file”."""
    ending = PurePosixPath(name).suffix.lower().removeprefix(".")
    file.seek(0)
    begins = file.read(BEGINS)
    if not begins:
        raise Refused(_("The file is empty: there is nothing to keep."), "file")
    if ending not in TAKEN:
        said = {"ending": f".{ending}" if ending else _("no ending"), "taken": taken()}
        raise Refused(_("Files with %(ending)s are not taken. Taken are: %(taken)s.") % said, "file")
    wanted, media_type = TAKEN[ending]
    found = _content(begins)
    if found != wanted:
        raise Refused(_contradiction(begins, found, ending), "file")
    _no_page_inside(begins, found)
    if check := CHECKS.get(ending):
        check(begins)
    _look_inside(file, found, media_type)
    file.seek(0)
    return media_type


def _content(begins: bytes) -> str:
    """One of the contents that are taken; empty for any other."""
    for signature, content in SIGNATURES.items():
        if begins.startswith(signature):
            return content
    if begins[:4] == b"RIFF" and begins[8:12] == b"WEBP":
        return "webp"
    return "text" if _text(begins) is not None else ""


def _text(begins: bytes) -> str | None:
    """The beginning as text; None where it is none."""
    encoding = next((name for mark, name in BYTE_ORDER.items() if begins.startswith(mark)), "")
    for one in [encoding] if encoding else ["utf-8", "cp1252"]:
        try:
            text = begins.decode(one, "ignore" if len(begins) == BEGINS else "strict").lstrip("\ufeff")
        except UnicodeDecodeError:
            continue
        return None if CONTROL.search(text) else text
    return None


def _contradiction(begins: bytes, found: str, ending: str) -> str:
    told = {"says": WORDS[found] if found else _named(begins), "ending": ending, "taken": taken()}
    if found:
        return _("Its name ends in .%(ending)s, and its content is %(says)s. Give it the name that fits.") % told
    return _("Its content is %(says)s, whatever its name says. Taken are: %(taken)s.") % told


def _named(begins: bytes) -> str | Promise:
    for signature, words in NOT_TAKEN.items():
        if begins.startswith(signature):
            return words
    try:
        return str(puremagic.magic_string(begins)[0].name) or _("of an unknown kind")
    except (puremagic.PureError, ValueError, IndexError):
        return _("of an unknown kind")


def _no_page_inside(begins: bytes, found: str) -> None:
    """Neither a page itself, nor one hidden in what begins otherwise."""
    text = _text(begins) if found == "text" else None
    beginning = begins if text is None else text.lstrip().encode()[:1024]
    searched = found not in NOT_SEARCHED if text is None else beginning.startswith(b"<")
    if PAGE.match(beginning) or (searched and HIDDEN.search(beginning)):
        raise Refused(
            _("It holds a web page or a drawing that can run. Keep it as PDF, picture or plain text instead."), "file"
        )
    if beginning.startswith((b"#!", b"<?php")):
        raise Refused(_("It is a program. Keep what it says as a ZIP archive or a PDF instead."), "file")


def _json(begins: bytes) -> None:
    text = (_text(begins) or "").lstrip()
    if not re.match(r'[\[{"\-0-9]|true|false|null', text):
        raise Refused(_("Its name says JSON, and it does not begin as JSON does. Call it .txt, or correct it."), "file")


def _xml(begins: bytes) -> None:
    if not (_text(begins) or "").lstrip().startswith("<"):
        raise Refused(_("Its name says XML, and it does not begin as XML does. Call it .txt, or correct it."), "file")


def _mail(begins: bytes) -> None:
    if not re.match(r"[\x21-\x39\x3b-\x7e]+:[ \t]?.*\r?\n", _text(begins) or ""):
        raise Refused(_("Its name says e-mail, and it does not begin with the head of one. Call it .txt."), "file")


CHECKS: dict[str, Callable[[bytes], None]] = {"json": _json, "jsonl": _json, "xml": _xml, "eml": _mail}


def _look_inside(file: IO[bytes], found: str, media_type: str) -> None:
    if found == "gzip":
        archives.check_gzip(file)
    if found != "zip":
        return
    names = archives.check_zip(file)
    if media_type in HOLDS:
        if "[Content_Types].xml" not in names or not any(one.startswith(HOLDS[media_type]) for one in names):
            raise Refused(_("Its name says an Office document, and inside it is none. Call it .zip."), "file")
        if any(one.endswith("vbaProject.bin") for one in names):
            raise Refused(_("It holds macros. Save it without them, or as PDF."), "file")
    elif media_type.startswith(ODF) and archives.first_words(file, "mimetype") != media_type.encode():
        raise Refused(_("Its name says OpenDocument, and inside it is none. Call it .zip."), "file")
