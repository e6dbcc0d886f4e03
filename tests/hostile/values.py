"""What nobody should send, and somebody will."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote


def writable(value: Any) -> str:
    """As text that UTF-8 can write."""
    return str(value).encode("utf-8", "replace").decode()


WORDS = (
    "a\x00b",
    "\x00",
    "\ud800",
    "\u202eevil\u202c\u2066",
    "<script>alert('hostile')</script>",
    "\"><img src=x onerror=alert('hostile')>",
    "=1+1",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "{{ 7*7 }}{% debug %}${7*7}",
    "' OR '1'='1'; DROP TABLE trail; --",
    "../../../../etc/passwd",
    "-1",
    "99999999999999999999999999",
    "9" * 5_000,
    "１２３",
    "²",
    "1e400",
    "NaN",
    "0000-00-00",
    "0000-01-01",
    "0001-01-01",
    "2026-02-30",
    "9999-12-31",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "10000-01-01",
    "2026-01-01T00:00:00-23:59",
    "2026-03-31T25:00",
    "R-1",
    "P-999999999999999999",
    "P-9223372036854775808",
    "P-１",
    "S-²",
    "\r\nSet-Cookie: hostile=1",
    "a" * 100_000,
    "",
    " ",
    "\u2028",
    "İ" * 100,
)
VALUES: tuple[Any, ...] = (
    *WORDS,
    None,
    True,
    -1,
    10**30,
    2**63,
    1.5,
    [],
    {},
    [None],
    [[]],
    ["\x00", "\ud800"],
    {"\x00": "\ud800"},
    {"__proto__": {"a": 1}},
)
SPELT = (
    "%00",
    "a%00b",
    "%ED%A0%80",
    "%FF%FE",
    "%80",
    "%",
    "%u0000",
    *(quote(writable(word))[:2_000] for word in WORDS),
)
"""Values as an address spells them; the first ones are no text at all."""
OF_EVERY_ADDRESS = ("as_of", "known_at", "line", "cursor", "size", "format", "page", "sort")
DEEP = "[" * 100_000
STRANGE: tuple[dict[str, Any], ...] = (
    {"data": "{", "headers": {"Content-Type": "application/json"}},
    {"data": "a", "headers": {"Content-Type": "text/plain"}},
    {"data": b"\xff\xfe", "headers": {"Content-Type": "application/json"}},
    {"data": '{"a": 1}'.encode("utf-16"), "headers": {"Content-Type": "application/json; charset=utf-16"}},
    {"data": "{}", "headers": {"Content-Type": "application/json; charset=nonsense"}},
    {"data": DEEP, "headers": {"Content-Type": "application/json"}},
    {"data": "null", "headers": {"Content-Type": "application/json"}},
    {"data": "[]", "headers": {"Content-Type": "application/json"}},
    {"data": '"a"', "headers": {"Content-Type": "application/json"}},
    {"data": '{"version": NaN}', "headers": {"Content-Type": "application/json"}},
    {"data": '{"version": 1' + "0" * 5_000 + "}", "headers": {"Content-Type": "application/json"}},
    {"data": "<a/>", "headers": {"Content-Type": "application/xml"}},
    {"data": "a=1", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    {"data": "--a", "headers": {"Content-Type": "multipart/form-data"}},
    {"data": "--a\r\n\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=a"}},
    {"data": "{}", "headers": {"Content-Type": "nonsense"}},
    {"data": "", "headers": {"Content-Type": ""}},
    {"headers": {"Accept": "text/csv"}},
    {"headers": {"Accept": "nonsense"}},
    {"headers": {"Accept": "application/json; indent=99999999999999999999"}},
    {"headers": {"Accept": "application/json; indent=\x00"}},
    {"headers": {"Accept-Language": "x" * 5_000}},
    {"headers": {"Idempotency-Key": "a\xffb"}},
    {"headers": {"Idempotency-Key": "a" * 300}},
    {"headers": {"Idempotency-Key": "same"}},
    {"headers": {"If-Match": '"99999999999999999999999999999999"'}},
    {"headers": {"If-Match": '"' + "9" * 5_000 + '"'}},
    {"headers": {"If-Match": '"²"'}},
    {"headers": {"If-None-Match": "\xff"}},
    {"headers": {"X-HTTP-Method-Override": "DELETE"}},
    {"headers": {"X-Forwarded-For": "\xff, nonsense"}},
    {"headers": {"HX-Request": "true", "HX-Current-URL": "http://[/"}},
    {"headers": {"Range": "bytes=9999999999-0"}},
    {"headers": {"If-Modified-Since": "Thu, 99 Foo 99999 00:00:00 GMT"}},
)
"""What is wrong about how a call is sent. `data` where it sends a body."""
