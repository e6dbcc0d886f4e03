"""Files as people bring them, and as somebody would who means harm."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from datetime import date
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9"
WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8L\r\x00\x00\x00/\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"
WINDOWS = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + bytes(200)
LINUX = b"\x7fELF\x02\x01\x01\x00" + bytes(200)
MAIL = b"From: ana@example.org\r\nTo: ben@example.org\r\nSubject: Leavers\r\n\r\nNobody left over.\r\n"


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def word(**more: bytes) -> bytes:
    return zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w:document/>", **more})


def sheet() -> bytes:
    return zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"})


def open_text() -> bytes:
    kind = b"application/vnd.oasis.opendocument.text"
    return zipped({"mimetype": kind, "content.xml": b"<office/>"}, zipfile.ZIP_STORED)


def bomb() -> bytes:
    """300 MB of nothing in some 300 kB."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros", "w") as inside:
        for _ in range(300):
            inside.write(bytes(2**20))
    return made.getvalue()


def gzip_bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*(packer.compress(bytes(2**20)) for _ in range(100)), packer.flush()])


def overlapping() -> bytes:
    """Two entries of one content, as a bomb has them by the thousand."""
    content = bytes(range(256)) * 40
    made = bytearray(zipped({"a": content}, zipfile.ZIP_STORED))
    begin, end = made.index(b"PK\x01\x02"), made.index(b"PK\x05\x06")
    entry, close = bytes(made[begin:end]), bytearray(made[end:])
    close[8:12] = b"\x02\x00\x02\x00"
    close[12:16] = (2 * len(entry)).to_bytes(4, "little")
    return bytes(made[:begin]) + entry + entry + bytes(close)


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def brought(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def form(content: bytes = PDF, name: str = "review.pdf", **said: Any) -> dict[str, Any]:
    """What a person fills in, for a post."""
    return {
        "file": brought(name, content),
        "title": "Access review, March",
        "note": "Everybody with access, and who confirmed it.",
        "kind": "document",
        "effective_from": date(2026, 3, 1).isoformat(),
        "effective_to": date(2026, 3, 31).isoformat(),
        "confidentiality": "internal",
        **said,
    }
