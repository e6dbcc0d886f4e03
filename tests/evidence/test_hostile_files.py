"""What a file is by its content: what is taken, what is refused, and in which words."""

from __future__ import annotations

import io

import pytest
from pytest_django.fixtures import Settings

from evidence.sniffing import clean_name, known
from risks.refusals import Refused
from tests.evidence import files

HTML = b"<!DOCTYPE html><html><body onload=alert(1)>"
TAKEN = [
    ("review.pdf", files.PDF, "application/pdf"),
    ("screen.png", files.PNG, "image/png"),
    ("screen.JPG", files.JPEG, "image/jpeg"),
    ("screen.webp", files.WEBP, "image/webp"),
    ("notes.txt", "Überprüft am 3. März\n".encode(), "text/plain"),
    ("export.csv", "name;role\nJosé;admin\n".encode("cp1252"), "text/csv"),
    ("export.csv", "\ufeffname,role\n".encode("utf-16-le"), "text/csv"),
    ("users.json", b'{"Users": []}', "application/json"),
    ("report.xml", b'<?xml version="1.0"?><report><head/></report>', "application/xml"),
    ("readme.md", b"# Review\n\n<b>done</b>\n", "text/markdown"),
    ("answer.eml", files.MAIL, "message/rfc822"),
    ("minutes.docx", files.word(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("list.xlsx", files.sheet(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("minutes.odt", files.open_text(), "application/vnd.oasis.opendocument.text"),
    ("pages.zip", files.zipped({"index.html": HTML}, 0), "application/zip"),
    ("trail.json.gz", files.packed(b'{"Records": []}' * 1000), "application/gzip"),
]
REFUSED = [
    ("setup.exe", files.WINDOWS, "Files with .exe are not taken"),
    ("review.pdf", files.WINDOWS, "Its content is a Windows program"),
    ("review.doc", b"\xd0\xcf\x11\xe0" + bytes(20), "Files with .doc are not taken"),
    ("review.docx", b"\xd0\xcf\x11\xe0" + bytes(20), "an Office document of before 2007"),
    ("review.pdf", b"GIF89a" + bytes(30), "Its content is Graphics interchange format"),
    ("review.txt", files.LINUX, "Its content is a Linux program"),
    ("review", files.PDF, "Files with no ending are not taken"),
    ("review.html", HTML, "Files with .html are not taken"),
    ("logo.svg", b"<svg onload=alert(1)/>", "Files with .svg are not taken"),
    ("review.pdf", files.PNG, "ends in .pdf, and its content is a PNG picture"),
    ("screen.png", files.PDF, "ends in .png, and its content is a PDF"),
    ("list.csv", files.sheet(), "ends in .csv, and its content is a ZIP archive"),
    ("notes.txt", HTML, "web page"),
    ("notes.md", b"\n  <script>alert(1)</script>", "web page"),
    ("notes.xml", b"<?xml version='1.0'?><!-- x --><svg xmlns='http://www.w3.org/2000/svg'/>", "web page"),
    ("both.pdf", b"%PDF-1.7\n<html><script>alert(1)</script></html>", "web page"),
    ("both.png", files.PNG + b"<script>alert(1)</script>", "web page"),
    ("both.pdf", HTML + files.PDF, "its content is text"),
    ("notes.txt", b"#!/bin/sh\nrm -rf /\n", "It is a program"),
    ("users.json", b"name,role\n", "does not begin as JSON"),
    ("users.xml", b"name,role\n", "does not begin as XML"),
    ("answer.eml", b"Dear all,\n", "head of one"),
    ("empty.pdf", b"", "The file is empty"),
    ("minutes.docx", files.zipped({"a.txt": b"a"}), "inside it is none"),
    ("minutes.odt", files.zipped({"a.txt": b"a"}), "inside it is none"),
    ("minutes.docx", files.word(**{"word/vbaProject.bin": b"x"}), "It holds macros"),
    ("broken.zip", b"PK\x03\x04" + bytes(100), "The archive is damaged"),
    ("empty.zip", files.zipped({}), "The archive is empty"),
    ("out.zip", files.zipped({"../../etc/passwd": b"x"}), "unpacked outside its folder"),
    ("out.zip", files.zipped({"/etc/passwd": b"x"}), "unpacked outside its folder"),
    ("out.zip", files.zipped({"a\\..\\..\\x": b"x"}), "unpacked outside its folder"),
    ("out.zip", files.zipped({"C:/x": b"x"}), "unpacked outside its folder"),
    ("bomb.zip", files.bomb(), "would unpack to 300 MB"),
    ("bomb.xlsx", files.bomb(), "would unpack to 300 MB"),
    ("bomb.gz", files.gzip_bomb(), "would unpack to"),
    ("many.zip", files.overlapping(), "more than once"),
    ("cut.gz", files.packed(b"a" * 10_000)[:-12], "its end is missing"),
]


@pytest.mark.parametrize(("name", "content", "media_type"), TAKEN)
def test_what_evidence_is_made_of_is_taken(name: str, content: bytes, media_type: str) -> None:
    file = io.BytesIO(content)
    assert known(file, name) == media_type
    assert file.tell() == 0


@pytest.mark.parametrize(("name", "content", "words"), REFUSED)
def test_what_is_none_is_refused_in_words(name: str, content: bytes, words: str) -> None:
    with pytest.raises(Refused, match=words) as no:
        known(io.BytesIO(content), name)
    assert no.value.field == "file"


def test_a_refusal_says_what_would_be_taken() -> None:
    with pytest.raises(Refused, match=r"PDF, PNG, JPEG, WebP, plain text.*ZIP and gzip"):
        known(io.BytesIO(files.WINDOWS), "setup.exe")


def test_an_archive_of_too_many_files_is_refused(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setattr("evidence.archives.MOST_ENTRIES", 2)
    with pytest.raises(Refused, match="holds 3 files, and 2 is the most"):
        known(io.BytesIO(files.zipped({"a": b"", "b": b"", "c": b""})), "a.zip")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("review.pdf", "review.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\ana\\review.pdf", "review.pdf"),
        ("re\x00vi\u202eew\n.pdf", "review.pdf"),
        ('a"b;c<d>.pdf', "abcd.pdf"),
        (".pdf", "file.pdf"),
        ("", "file"),
        ("a" * 300 + ".pdf", "a" * 196 + ".pdf"),
    ],
)
def test_a_name_is_cleaned(given: str, kept: str) -> None:
    assert clean_name(given) == kept
