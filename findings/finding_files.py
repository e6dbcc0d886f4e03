"""Files of exported findings, read record by record: any size, a few megabytes of memory.

A file holds JSON lines, one JSON array, objects one after another, or answers of GetFindings
({"Findings": […]}); gzip is recognised by its first bytes. A record is handed on as the bytes it
has in the file: what is inside it is the connector's to judge.
"""

from __future__ import annotations

import gzip
import io
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from findings import aws

BLOCK = 1 << 20
LONGEST = 16 * BLOCK
"""Bytes of one record, beyond which a file is taken for something else."""
GZIP = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_BRACE = re.compile(rb'[^"{}]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}]*+)*+([{}])', re.DOTALL)
"""Up to the next brace outside of strings."""
_BETWEEN = re.compile(rb"[\s,]*+")
_FINDINGS = re.compile(rb'\s*+\{\s*+"Findings"\s*+:\s*+\[')
_SPACE = re.compile(rb"\s*+")


class BrokenFile(Exception):
    """A file that cannot be read on: which, where and why, in words."""


@dataclass(frozen=True, slots=True)
class Record:
    """number: in the file, from 1. body: an object's bytes, its braces included; of a line, whatever it holds."""

    number: int
    body: bytes


class FindingFile:
    """One open file. name: as it was asked for. position and size: bytes as stored; size 0 where nobody knows.

    most: bytes, unpacked, beyond which it is broken; None: as many as there are.
    """

    def __init__(self, name: str, stored: Any, size: int, *, most: int | None = None) -> None:
        self.name, self.size, self._most = name, size, most
        self._stored = _Counted(stored)
        self._stream: Any = io.BufferedReader(self._stored, BLOCK)
        self._buffer, self._at, self._passed = b"", 0, 0
        self.number = 0

    @property
    def position(self) -> int:
        return self._stored.position

    def records(self) -> Iterator[Record]:
        """Every record in order. Raises BrokenFile; what came before has been handed out."""
        try:
            if self._stream.peek(2)[:2] == GZIP:
                self._stream = gzip.GzipFile(fileobj=self._stream)
            yield from self._split()
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise self.broken(f"its compressed data is damaged or cut short ({error})") from error
        except (OSError, BotoCoreError) as error:
            raise self.broken(f"it could not be read on ({error})") from error

    def broken(self, why: str) -> BrokenFile:
        byte = self._passed + self._at
        return BrokenFile(f"{self.name}: after {self.number:,} records, at byte {byte:,}: {why}.")

    def _split(self) -> Iterator[Record]:
        self._more()
        self._at = len(BYTE_ORDER_MARK) if self._buffer.startswith(BYTE_ORDER_MARK) else 0
        first = self._next_letter()
        if first == b"[":
            self._at += 1
            yield from self._members()
            self._expect_end()
        elif first == b"{":
            yield from self._lines() if self._is_lines() else self._objects()
        elif first:
            raise self.broken("it holds no JSON of findings; an array, objects or lines of objects were expected")

    # -- the three forms ------------------------------------------------------------------------------------------

    def _members(self) -> Iterator[Record]:
        """The objects of an array whose bracket has been passed."""
        while (letter := self._next_letter(_BETWEEN)) != b"]":
            if letter != b"{":
                raise self.broken("the array does not end" if not letter else "a member of the array is no object")
            yield self._object()
        self._at += 1

    def _objects(self) -> Iterator[Record]:
        """Objects one after another, answers of GetFindings opened."""
        while letter := self._next_letter():
            if letter != b"{":
                raise self.broken("an object was expected")
            if opened := _FINDINGS.match(self._buffer, self._at):
                self._at = opened.end()
                yield from self._members()
                self._pass_rest_of_answer()
            else:
                yield self._object()

    def _lines(self) -> Iterator[Record]:
        while True:
            end = self._buffer.find(b"\n", self._at)
            if end < 0:
                if len(self._buffer) - self._at > LONGEST:
                    raise self.broken(f"a line has no end within {LONGEST:,} bytes")
                if self._more():
                    continue
            line = self._buffer[self._at : end if end >= 0 else None]
            if line.strip():
                self.number += 1
                yield Record(self.number, line)
            if end < 0:
                return
            self._at = end + 1

    def _is_lines(self) -> bool:
        """Whether the first line is an object by itself, and no answer that holds many."""
        while (end := self._buffer.find(b"\n", self._at)) < 0 and len(self._buffer) < LONGEST and self._more():
            pass
        if _FINDINGS.match(self._buffer, self._at):
            return False
        try:
            orjson.loads(self._buffer[self._at : end if end >= 0 else None])
        except orjson.JSONDecodeError:
            return False
        return True

    # -- the buffer -----------------------------------------------------------------------------------------------

    def _object(self) -> Record:
        """The object that begins here, whole."""
        depth, seen = 0, self._at
        while True:
            for found in _BRACE.finditer(self._buffer, seen):
                seen = found.end()
                depth += 1 if found[1] == b"{" else -1
                if not depth:
                    body = self._buffer[self._at : seen]
                    self._at = seen
                    self.number += 1
                    return Record(self.number, body)
            length = len(self._buffer) - self._at
            if length > LONGEST:
                raise self.broken(f"a record has no end within {LONGEST:,} bytes")
            seen -= self._at
            if not self._more():
                raise self.broken("the file ends in the middle of a record")
            seen += self._at

    def _pass_rest_of_answer(self) -> None:
        """What an answer says after its findings, up to its last brace."""
        depth = 1
        while depth:
            found = _BRACE.match(self._buffer, self._at)
            if found:
                depth += 1 if found[1] == b"{" else -1
                self._at = found.end()
            elif len(self._buffer) - self._at > LONGEST or not self._more():
                raise self.broken("the answer does not end")

    def _expect_end(self) -> None:
        if self._next_letter():
            raise self.broken("something follows the array")

    def _next_letter(self, between: re.Pattern[bytes] = _SPACE) -> bytes:
        """The next byte that is neither space nor in `between`; empty at the end of the file."""
        while True:
            passed = between.match(self._buffer, self._at)
            assert passed is not None
            self._at = passed.end()
            if self._at < len(self._buffer):
                return self._buffer[self._at : self._at + 1]
            if not self._more():
                return b""

    def _more(self) -> bool:
        """Forget what has been passed and read on; False at the end of the file."""
        block = self._stream.read1(BLOCK)
        self._passed += self._at
        self._buffer = self._buffer[self._at :] + block
        self._at = 0
        if self._most is not None and self._passed + len(self._buffer) > self._most:
            raise self.broken(f"unpacked, it has more than {self._most:,} bytes")
        return bool(block)


class _Counted(io.RawIOBase):
    """A stream that knows how much of it was read."""

    def __init__(self, stream: Any) -> None:
        self._stream, self.position = stream, 0

    def readable(self) -> bool:
        return True

    def readinto(self, space: Any) -> int:
        block = self._stream.read(len(space))
        space[: len(block)] = block
        self.position += len(block)
        return len(block)


@contextmanager
def opened(name: str) -> Iterator[FindingFile]:
    """The file of this name: a path, `-` for standard input, or s3://bucket/key. Raises BrokenFile."""
    try:
        if name == "-":
            yield FindingFile("standard input", sys.stdin.buffer, 0)
        elif name.startswith("s3://"):
            body, size = aws.s3_object(name)
            with body:
                yield FindingFile(name, body, size)
        else:
            path = Path(name)
            with path.open("rb", buffering=0) as stored:
                yield FindingFile(name, stored, path.stat().st_size)
    except (OSError, ClientError, BotoCoreError) as error:
        raise BrokenFile(f"{name}: it cannot be opened ({error}).") from error
