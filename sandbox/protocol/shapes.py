"""Checks of values against botocore shapes, compiled once to closures: what comes in, and what goes out."""

from __future__ import annotations

import base64
import binascii
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from botocore.model import ListShape, MapShape, Shape, StructureShape

from sandbox.protocol.errors import BadOutputError

Reader = Callable[[Any, str], Any]
Writer = Callable[[Any, str], Any]


class InvalidValueError(Exception):
    """A parameter that the input shape refuses. path: dotted, as in Filters.UpdatedAt[0].Start."""

    def __init__(self, path: str, problem: str, *, kind: str = "invalid") -> None:
        super().__init__(f"{path or 'Request'}: {problem}")
        self.kind = kind


def member_name(name: str, shape: Shape) -> str:
    return str(shape.serialization.get("name", name))


@lru_cache(maxsize=512)
def _pattern(source: str) -> re.Pattern[str] | None:
    """The model's pattern, or None where it is written in a dialect that Python's re does not read."""
    try:
        return re.compile(source)
    except re.error:
        return None


class Checks:
    """Readers and writers of one service. timestamps: the protocol's default format.

    A shape may hold itself: while it is built, what stands for it asks for it again. Nobody else may
    be given that, hence the lock.
    """

    def __init__(self, timestamps: str) -> None:
        self.timestamps = timestamps
        self._building = threading.RLock()
        self._readers: dict[str, Reader] = {}
        self._writers: dict[str, Writer] = {}

    def reader(self, shape: Shape) -> Reader:
        """A function (wire value, path) -> checked value; raises InvalidValueError."""
        with self._building:
            if shape.name not in self._readers:
                self._readers[shape.name] = lambda value, path: self._readers[shape.name](value, path)
                self._readers[shape.name] = self._build_reader(shape)
            return self._readers[shape.name]

    def writer(self, shape: Shape) -> Writer:
        """A function (result value, path) -> wire value; raises BadOutputError."""
        key = f"{shape.name}:{shape.serialization.get('timestampFormat', '')}"
        with self._building:
            if key not in self._writers:
                self._writers[key] = lambda value, path: self._writers[key](value, path)
                self._writers[key] = self._build_writer(shape)
            return self._writers[key]

    def _build_reader(self, shape: Shape) -> Reader:
        if isinstance(shape, StructureShape):
            return self._read_structure(shape)
        if isinstance(shape, ListShape):
            return self._read_list(shape)
        if isinstance(shape, MapShape):
            return self._read_map(shape)
        return _scalar_reader(shape)

    def _read_structure(self, shape: StructureShape) -> Reader:
        members = {member_name(name, member): (name, self.reader(member)) for name, member in shape.members.items()}
        required = list(shape.required_members)

        def read(value: Any, path: str) -> Any:
            if getattr(shape, "is_document_type", False):
                return value
            if not isinstance(value, dict):
                raise InvalidValueError(path, "a structure is expected", kind="serialization")
            result = {}
            for key, item in value.items():
                if key not in members:
                    raise InvalidValueError(_join(path, key), "unknown parameter")
                if item is not None:
                    name, reader = members[key]
                    result[name] = reader(item, _join(path, key))
            if missing := [name for name in required if name not in result]:
                raise InvalidValueError(_join(path, missing[0]), "missing required parameter", kind="missing")
            return result

        return read

    def _read_list(self, shape: ListShape) -> Reader:
        reader, low, high = self.reader(shape.member), shape.metadata.get("min"), shape.metadata.get("max")

        def read(value: Any, path: str) -> Any:
            if not isinstance(value, list):
                raise InvalidValueError(path, "a list is expected", kind="serialization")
            _check_range(len(value), low, high, path, "number of items")
            return [reader(item, f"{path}[{index}]") for index, item in enumerate(value)]

        return read

    def _read_map(self, shape: MapShape) -> Reader:
        key_reader, value_reader = self.reader(shape.key), self.reader(shape.value)

        def read(value: Any, path: str) -> Any:
            if not isinstance(value, dict):
                raise InvalidValueError(path, "a map is expected", kind="serialization")
            return {key_reader(k, f"{path} key"): value_reader(v, _join(path, str(k))) for k, v in value.items()}

        return read

    def _build_writer(self, shape: Shape) -> Writer:
        if isinstance(shape, StructureShape):
            return self._write_structure(shape)
        if isinstance(shape, ListShape):
            return self._write_list(shape)
        if isinstance(shape, MapShape):
            return self._write_map(shape)
        if shape.type_name == "timestamp":
            return _timestamp_writer(shape.serialization.get("timestampFormat", self.timestamps))
        return _scalar_writer(shape)

    def _write_structure(self, shape: StructureShape) -> Writer:
        members = {name: (member_name(name, member), self.writer(member)) for name, member in shape.members.items()}
        required = list(shape.required_members)

        def write(value: Any, path: str) -> Any:
            if not isinstance(value, dict):
                raise BadOutputError(f"{path}: a structure is expected, not {type(value).__name__}")
            result = {}
            for key, item in value.items():
                if key not in members:
                    raise BadOutputError(f"{_join(path, key)}: not a member of {shape.name}")
                name, writer = members[key]
                result[name] = writer(item, key)
            for name in required:
                if name not in value:
                    raise BadOutputError(f"{_join(path, name)}: required by {shape.name}")
            return result

        return write

    def _write_list(self, shape: ListShape) -> Writer:
        writer, low, high = self.writer(shape.member), shape.metadata.get("min"), shape.metadata.get("max")

        def write(value: Any, path: str) -> Any:
            if not isinstance(value, list):
                raise BadOutputError(f"{path}: a list is expected, not {type(value).__name__}")
            if (low is not None and len(value) < low) or (high is not None and len(value) > high):
                raise BadOutputError(f"{path}: {len(value)} items, allowed {low}..{high}")
            return [item if isinstance(item, orjson.Fragment) else writer(item, path) for item in value]

        return write

    def _write_map(self, shape: MapShape) -> Writer:
        key_writer, value_writer = self.writer(shape.key), self.writer(shape.value)

        def write(value: Any, path: str) -> Any:
            if not isinstance(value, dict):
                raise BadOutputError(f"{path}: a map is expected, not {type(value).__name__}")
            return {key_writer(k, path): value_writer(v, path) for k, v in value.items()}

        return write


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _check_range(size: float, low: float | None, high: float | None, path: str, what: str) -> None:
    if low is not None and size < low:
        raise InvalidValueError(path, f"{what} {size} is below the minimum {low}")
    if high is not None and size > high:
        raise InvalidValueError(path, f"{what} {size} is above the maximum {high}")


def _scalar_reader(shape: Shape) -> Reader:
    kind = shape.type_name
    if kind in ("string", "char"):
        return _string_reader(shape)
    if kind in ("integer", "long", "float", "double"):
        return _number_reader(shape, whole=kind in ("integer", "long"))
    return {"boolean": _read_boolean, "timestamp": _read_timestamp, "blob": _read_blob}[kind]


def _string_reader(shape: Shape) -> Reader:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    enum = frozenset(shape.metadata.get("enum") or ())
    pattern = _pattern(shape.metadata["pattern"]) if "pattern" in shape.metadata else None

    def read(value: Any, path: str) -> Any:
        if not isinstance(value, str):
            raise InvalidValueError(path, "a string is expected", kind="serialization")
        if enum and value not in enum:
            raise InvalidValueError(path, f"{value!r} is not one of {sorted(enum)}")
        _check_range(len(value), low, high, path, "length")
        if pattern is not None and not pattern.search(value):
            raise InvalidValueError(path, f"{value!r} does not match {pattern.pattern}")
        return value

    return read


def _number_reader(shape: Shape, *, whole: bool) -> Reader:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")

    def read(value: Any, path: str) -> Any:
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise InvalidValueError(path, "a number is expected", kind="serialization")
        _check_range(value, low, high, path, "value")
        return value

    return read


def _read_boolean(value: Any, path: str) -> Any:
    if not isinstance(value, bool):
        raise InvalidValueError(path, "a boolean is expected", kind="serialization")
    return value


def _read_timestamp(value: Any, path: str) -> datetime:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        moment = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        raise InvalidValueError(path, f"{value!r} is not a timestamp", kind="serialization") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read_blob(value: Any, path: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise InvalidValueError(path, "base64 is expected", kind="serialization") from None


def _timestamp_writer(style: str) -> Writer:
    def write(value: Any, path: str) -> Any:
        if not isinstance(value, datetime):
            raise BadOutputError(f"{path}: a datetime is expected, not {value!r}")
        if style == "iso8601":
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return round(value.timestamp(), 3)

    return write


def _scalar_writer(shape: Shape) -> Writer:
    types: dict[str, tuple[type, ...]] = {
        "string": (str,),
        "char": (str,),
        "integer": (int,),
        "long": (int,),
        "float": (int, float),
        "double": (int, float),
        "boolean": (bool,),
        "blob": (str, bytes),
    }
    allowed = types[shape.type_name]
    enum = frozenset(shape.metadata.get("enum") or ())
    low, high = shape.metadata.get("min"), shape.metadata.get("max")

    def write(value: Any, path: str) -> Any:
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise BadOutputError(f"{path}: {shape.type_name} expected, not {value!r}")
        if enum and value not in enum:
            raise BadOutputError(f"{path}: {value!r} is not one of {sorted(enum)}")
        if low is not None or high is not None:
            size = len(value) if isinstance(value, str | bytes) else value
            if (low is not None and size < low) or (high is not None and size > high):
                raise BadOutputError(f"{path}: {value!r} is outside {low}..{high}")
        return base64.b64encode(value).decode() if isinstance(value, bytes) else value

    return write
