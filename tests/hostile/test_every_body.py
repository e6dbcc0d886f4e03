"""Forms that are sent in another form than their own: files for text, text for files, too much, or cut short."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from organisation.models import Role
from organisation.permissions import MAY, action_of
from tests.conftest import LogIn
from tests.hostile.posts import Asked, asking, watching_writes
from tests.hostile.reading import html_of
from tests.test_permissions import OURS, TRAITS, address, undone

NAMES = (
    "assurance:paper_freeze",
    "controls:import_add",
    "desk:comment",
    "evidence:add",
    "evidence:request_answer",
    "evidence:request_list_add",
    "evidence:supersede",
    "organisation:add_solution",
    "risks:import_add",
    "risks:risk_add",
)
BROKEN = "multipart/form-data; boundary=a"
Send = Callable[[Client, str, Asked], Any]


def _text(asked: Asked) -> dict[str, Any]:
    return dict(asked.fitting)


def _long(length: int) -> Send:
    return lambda browser, url, asked: browser.post(url, dict.fromkeys(asked.fitting, "a" * length))


def _raw(body: bytes, kind: str) -> Send:
    return lambda browser, url, asked: browser.generic("POST", url, body, kind)


def _files_for_text(browser: Client, url: str, asked: Asked) -> Any:
    return browser.post(url, {name: SimpleUploadedFile("a\x00b.txt", b"\x00\xff") for name in asked.fitting})


def _text_for_files(browser: Client, url: str, asked: Asked) -> Any:
    return browser.post(url, {**_text(asked), **dict.fromkeys(asked.files, "=1+1")})


def _strange_name(browser: Client, url: str, asked: Asked) -> Any:
    files = {name: SimpleUploadedFile("../\u202e\r\n" + "x" * 5_000, b"\x00") for name in asked.files}
    return browser.post(url, {**_text(asked), **files})


def _part(head: bytes) -> bytes:
    return b"--a\r\n" + head + b"\r\n\r\nx\r\n--a--\r\n"


BODIES: dict[str, Send] = {
    "files for text": _files_for_text,
    "text for files": _text_for_files,
    "a strange name": _strange_name,
    "long": _long(200_000),
    "too long": _raw(b"title=" + b"a" * 3_000_000, "application/x-www-form-urlencoded"),
    "too many": _raw(b"&".join([b"a=1"] * 1_100), "application/x-www-form-urlencoded"),
    "JSON": _raw(b'{"title": 1}', "application/json"),
    "no form": _raw(b"\xff\xfe", "text/plain"),
    "no kind": _raw(b"a", ""),
    "another encoding": _raw(b"title=%ff", "application/x-www-form-urlencoded; charset=utf-16"),
    "no encoding": _raw(b"title=%ff", "application/x-www-form-urlencoded; charset=nonsense"),
    "no boundary": _raw(b"--a", "multipart/form-data"),
    "cut short": _raw(b'--a\r\nContent-Disposition: form-data; name="title"\r\n\r\nx', BROKEN),
    "no name": _raw(_part(b"Content-Disposition: form-data"), BROKEN),
    "no base64": _raw(
        _part(b'Content-Disposition: form-data; name="title"\r\nContent-Transfer-Encoding: base64'), BROKEN
    ),
    "no encoding of a part": _raw(
        _part(b"Content-Disposition: form-data; name*=nonsense''a; filename*=utf-16''%ff"), BROKEN
    ),
    "many files": _raw(
        b"".join(b'--a\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n' for _ in range(150))
        + b"--a--\r\n",
        BROKEN,
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_form_is_refused_and_nothing_of_it_is_kept(log_in: LogIn, name: str) -> None:
    role = min(MAY[str(action_of(OURS[name].callback))])
    browser = log_in(**{TRAITS[Role(role)]: True})
    url = address(name, browser.person)
    with asking() as asked, undone():
        html_of(browser.get(url))
        browser.post(url, {"form": "answer"})
    for send in BODIES.values():
        with undone(), watching_writes() as written:
            answer = send(browser, url, asked)
        assert answer.status_code in {200, 302, 400, 403, 404, 422}  # 200: the empty form
        assert answer.status_code == 302 or not written.tables
