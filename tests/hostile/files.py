"""Files that nobody should bring in: what is said of each is that it is refused, or taken for less than it claims."""

from __future__ import annotations

import gzip
import io
import stat
import zipfile

import openpyxl

_LAUGH = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
LAUGHS = f'<!DOCTYPE x [<!ENTITY a0 "ha">{_LAUGH}<!ENTITY i "&a9;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY i SYSTEM "file:///etc/passwd">]>'


def _parts() -> dict[str, bytes]:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["key", "title"])
    sheet.append(["1", "First"])
    held = io.BytesIO()
    book.save(held)
    with zipfile.ZipFile(held) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


PARTS = _parts()
SHEET, STYLES, BOOK = "xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"


def zipped(parts: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return held.getvalue()


def book(part: str, old: bytes, new: bytes) -> bytes:
    """A workbook in one part of which something else stands."""
    assert old in PARTS[part]
    return zipped({**PARTS, part: PARTS[part].replace(old, new, 1)})


def rows(more: bytes) -> bytes:
    return book(SHEET, b"</sheetData>", more + b"</sheetData>")


def _in_front(part: str, said: str) -> bytes:
    content = PARTS[part].partition(b"?>")[2] if PARTS[part].startswith(b"<?xml") else PARTS[part]
    return zipped({**PARTS, part: said.encode() + content.replace(b"First", b"&i;")})


def _linked() -> bytes:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    return held.getvalue()


def _encrypted() -> bytes:
    made = bytearray(zipped(PARTS))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        found = made.find(mark)
        while found >= 0:
            made[found + at] |= 1
            found = made.find(mark, found + 4)
    return bytes(made)


WORKBOOKS = {
    "cut short": zipped(PARTS)[:-200],
    "begun only": zipped(PARTS)[:200],
    "no workbook": zipped({"../../etc/cron.d/a": b"*", "/etc/passwd": b"x"}),
    "a link": _linked(),
    "encrypted": _encrypted(),
    "no sheet": book(BOOK, b"<sheet ", b"<she "),
    "laughs in a sheet": _in_front(SHEET, LAUGHS),
    "laughs in the book": _in_front(BOOK, LAUGHS),
    "laughs in the styles": _in_front(STYLES, LAUGHS),
    "a file from outside": _in_front(SHEET, OUTSIDE),
    "too many styles": book(STYLES, b"</cellXfs>", b"<xf/>" * 200_000 + b"</cellXfs>"),
    "a row without end": rows(b'<row r="3">' + b"<c/>" * 200_000 + b"</row>"),
    "no such string": rows(b'<row r="3"><c r="A3" t="s"><v>99999</v></c></row>'),
    "no such style": rows(b'<row r="3"><c r="A3" s="99999"><v>1</v></c></row>'),
    "a cell that is nowhere": rows(b'<row r="3"><c r="AAAAAAA3"><v>1</v></c></row>'),
    "a row that is no number": rows(b'<row r="x"><c><v>1</v></c></row>'),
    "a number that is none": rows(b'<row r="3"><c r="A3"><v>x</v></c></row>'),
    "a part that is none": book(STYLES, b"<cellXfs", b'<cellXfs count="x"'),
    "a wrong attribute": book(SHEET, b"<sheetData>", b'<sheetFormatPr baseColWidth="x"/><sheetData>'),
    "types without a type": book("[Content_Types].xml", b" ContentType=", b" Nothing="),
    "styles that are markup no more": zipped({**PARTS, STYLES: b"<"}),
}


def _repeated(n: int) -> bytes:
    return b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1) if n else b"x"] * 9))


TEXTS = {
    "spaces": b" \n",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "a program": b"MZ\x90\x00" + bytes(100),
    "a PDF that is a workbook too": b"%PDF-1.7\n" + zipped(PARTS),
    "packed": gzip.compress(b"key,title\r\n1,a\r\n"),
    "packed twice": gzip.compress(gzip.compress(b"key,title\r\n1,a\r\n")),
    "UTF-16": "key,title\r\n1,a\r\n".encode("utf-16"),
    "UTF-32": "key,title\r\n1,a\r\n".encode("utf-32"),
    "Latin-1": "key,title\r\n1,é\r\n".encode("latin-1"),
    "surrogates": b"key,title\r\n1,\xed\xa0\x80\r\n",
    "NUL": b"key,title\r\n1,a\x00b\r\n",
    "one endless cell": b"key,title\r\n1," + b"a" * 100_000,
    "a quote that does not end": b'key,title\r\n1,"' + b"a,\r\n" * 50_000,
    "a hundred thousand columns": b",".join([b"key", *(b"%d" % n for n in range(100_000))]) + b"\r\n",
    "deep JSON": b'{"catalog":' * 100_000,
    "deeper JSON": b'{"catalog":' + b"[" * 1_000_000,
    "NUL in JSON": b'{"catalog": {"uuid": "a\\u0000b"}}',
    "half a letter in JSON": b'{"catalog": {"uuid": "\\ud800"}}',
    "a number without end in JSON": b'{"catalog": 1' + b"0" * 5_000 + b"}",
    "no object in JSON": b'{"catalog": [], "profile": []}',
    "an empty pack": b'{"Resources": []}',
    "deep YAML": b"Resources: " + b"[" * 1_000_000,
    "deeper YAML": b"Resources:\n  " + b"- " * 1_000_000,
    "deep maps of YAML": b"Resources: " + b"{a: " * 1_000_000,
    "laughs in YAML": b"".join(_repeated(n) for n in range(8)) + b"Resources: *a7\n",
    "NUL in YAML": b'Resources: {a: "\\0"}\n',
    "a long number in YAML": b"Resources: " + b"9" * 5_000,
    "no number in YAML": b"Resources: .inf\n",
    "a wrong tag in YAML": b"Resources: !!timestamp nonsense\n",
    "another wrong tag in YAML": b"Resources: !!bool maybe\n",
    "an object in YAML": b"Resources: !!python/object/apply:os.system [id]\n",
    "laughs in XML": b'<?xml version="1.0"?>' + LAUGHS.encode() + b"<xml>&i;</xml>",
    "a file from outside in XML": b'<?xml version="1.0"?>' + OUTSIDE.encode() + b"<xml>&i;</xml>",
    "deep XML": b"<xml>" * 100_000,
    "no encoding in XML": b'<?xml version="1.0" encoding="nonsense"?><xml/>',
    "another encoding in XML": b'<?xml version="1.0" encoding="utf-7"?><xml/>',
    "a wrong encoding in XML": b'<?xml version="1.0" encoding="idna"?><xml/>',
    "XML cut short": b'<?xml version="1.0"?><xml><chapter title="1. a">',
}
FILES = {**WORKBOOKS, **TEXTS}
