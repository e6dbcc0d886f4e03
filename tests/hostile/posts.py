"""What a view asks a form for, learnt from the view itself, and posts that fill it with hostile values."""

from __future__ import annotations

import html
import random
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from urllib.parse import quote

from django import forms
from django.db import connection
from django.http import QueryDict

from tests.hostile.values import SPELT

WRITES = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM|COPY)\s+\"?(\w+)", re.IGNORECASE)
SAVEPOINT = re.compile(r'(SAVEPOINT|ROLLBACK TO SAVEPOINT|RELEASE SAVEPOINT) "(\w+)"')


@dataclass
class Asked:
    """names: read from what was sent. fitting: the fields of forms, with a value that fits. models: those that name a
    row.
    """

    names: set[str] = field(default_factory=set)
    fitting: dict[str, Any] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)


@contextmanager
def asking() -> Iterator[Asked]:
    """What is read of a query or a form meanwhile."""
    asked = Asked()
    begin = forms.BaseForm.__init__

    def begun(form: Any, *args: Any, **kwargs: Any) -> None:
        begin(form, *args, **kwargs)
        for name, one in form.fields.items():
            full = form.add_prefix(name)
            asked.names.add(full)
            if isinstance(one, forms.ModelChoiceField):
                asked.models.add(full)
            if isinstance(one, forms.FileField):
                asked.files.add(full)
            else:
                asked.fitting[full] = _fitting(form, name, one)

    def reading(named: str) -> Any:
        real = getattr(QueryDict, named)

        def read(query: Any, name: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(name, str):
                asked.names.add(name)
            return real(query, name, *args, **kwargs)

        return mock.patch.object(QueryDict, named, read)

    with ExitStack() as meanwhile:
        meanwhile.enter_context(mock.patch.object(forms.BaseForm, "__init__", begun))
        for named in ("get", "getlist", "__getitem__", "__contains__"):
            meanwhile.enter_context(reading(named))
        yield asked


def _fitting(form: Any, name: str, one: forms.Field) -> Any:
    """A value that this field takes, as text or a list of texts; "" where none is known."""
    if choices := [str(value) for value, _ in _flat(getattr(one, "choices", ()))]:
        first = next(filter(None, choices), "")
        return [first] if isinstance(one, forms.MultipleChoiceField | forms.ModelMultipleChoiceField) else first
    initial = form.get_initial_for_field(one, name)
    if initial not in (None, ""):
        return [str(part) for part in initial] if isinstance(initial, list | tuple) else str(initial)
    for kind, value in FITTING.items():
        if isinstance(one, kind):
            return value
    return "Words that fit."


FITTING: dict[type[forms.Field], str] = {
    forms.DateTimeField: "2026-12-31T12:00",
    forms.DateField: "2026-12-31",
    forms.IntegerField: "1",
    forms.BooleanField: "on",
    forms.EmailField: "somebody@example.org",
    forms.URLField: "https://example.org/",
}


def _flat(choices: Any) -> Iterator[tuple[Any, Any]]:
    for value, label in choices:
        if isinstance(label, list | tuple):
            yield from _flat(label)
        else:
            yield value, label


class Written:
    """The tables that were written to and not rolled back, as connection.execute_wrapper sees them."""

    def __init__(self) -> None:
        self.marks: list[tuple[str, str]] = []

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        said = sql if isinstance(sql, str) else ""
        if kept := SAVEPOINT.match(said):
            what, name = kept.groups()
            if what == "SAVEPOINT":
                self.marks.append(("savepoint", name))
            elif what == "ROLLBACK TO SAVEPOINT":
                self.marks = self.marks[: self.marks.index(("savepoint", name)) + 1]
        elif table := WRITES.match(said):
            self.marks.append(("table", table[2]))
        return execute(sql, params, many, context)

    @property
    def tables(self) -> set[str]:
        return {name for what, name in self.marks if what == "table"}


@contextmanager
def watching_writes() -> Iterator[Written]:
    written = Written()
    with connection.execute_wrapper(written):
        yield written


FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL | re.IGNORECASE)
INPUT = re.compile(r"<(input|button|select|textarea)\b([^>]*)>(.*?)(?=<input|<button|<select|<textarea|$)", re.DOTALL)
ATTRIBUTE = re.compile(r'([\w:-]+)="([^"]*)"')


def rendered(page: str, url: str) -> dict[str, str]:
    """The names, with their values, of what the page's forms post to `url`."""
    found: dict[str, str] = {}
    for head, inside in FORM.findall(page):
        said = dict(ATTRIBUTE.findall(head))
        if said.get("method", "").lower() == "post" and said.get("action", "") in ("", url):
            for _, attributes, rest in INPUT.findall(inside):
                has = dict(ATTRIBUTE.findall(attributes))
                if has.get("name") and has["name"] != "csrfmiddlewaretoken":
                    option = re.search(r'<option value="([^"]+)"', rest)
                    value = has.get("value") or (option[1] if option else "")
                    found.setdefault(html.unescape(has["name"]), html.unescape(value))
    return found


@dataclass(frozen=True)
class Post:
    """fields: each name with what stands in the body for it, percent-encoded."""

    fields: tuple[tuple[str, str], ...]

    @property
    def body(self) -> str:
        return "&".join(f"{quote(name)}={spelt}" for name, spelt in self.fields)


def fitting(asked: Asked) -> list[tuple[str, str]]:
    """Every field with a value that fits."""
    pairs: list[tuple[str, str]] = []
    for name in sorted(asked.names | asked.fitting.keys()):
        values = asked.fitting.get(name, "")
        pairs += [(name, quote(one)) for one in (values if isinstance(values, list) else [values])]
    return pairs


def hostile_posts(asked: Asked, chance: random.Random, count: int) -> Iterator[Post]:
    """What fits, NUL everywhere, nothing or everything twice; then `count` times one field, or each, is hostile."""
    fits = fitting(asked)
    yield Post(tuple(fits))
    yield Post(tuple((name, "a%00b") for name, _ in fits))
    yield chance.choice([Post(()), Post((*fits, *fits))])
    for _ in range(count if fits else 0):
        chosen = {chance.choice(fits)[0]} if chance.random() < 0.7 else {name for name, _ in fits}
        yield Post(tuple((name, chance.choice(SPELT) if name in chosen else spelt) for name, spelt in fits))
