"""A language for tests alone: every word that can be translated stands in marks, ⟦Findings⟧, and what does not
stand in them shows on the page. What the factories made is data, and is told apart by value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any

import pytest
from django.conf import settings
from django.db import models
from django.test.utils import override_settings
from django.utils import translation
from django.utils.translation import trans_real
from factory.django import DjangoModelFactory

CODE = "en-xa"
"""Django finds its formats under en, as those of the product's own language."""
SAID = {
    *("alt", "aria-description", "aria-label", "aria-roledescription", "aria-valuetext", "hx-confirm", "label"),
    *("placeholder", "title", "data-copied", "data-label", "data-offline", "data-refused", "data-tip"),
}
"""Attributes that people read or hear."""
SILENT = {"script", "style", "code", "kbd", "pre", "samp"}
"""Elements whose text is not language: code, keys, records as they were received."""


class Marked(trans_real.DjangoTranslation):
    """Django's own translation, whose catalogue holds every message."""

    def __init__(self) -> None:
        super().__init__(CODE)

    def gettext(self, message: str) -> str:
        said = message.rpartition(trans_real.CONTEXT_SEPARATOR)[2]
        return f"⟦{said}⟧" if said.strip() else said

    def ngettext(self, one: str, many: str, n: float) -> str:
        return self.gettext(one if n == 1 else many)


@contextmanager
def marked_language() -> Iterator[None]:
    """Requests that ask for CODE, and what runs inside, are answered in marks."""
    with override_settings(LANGUAGES=[*settings.LANGUAGES, (CODE, "Marked")]):
        vars(trans_real)["_translations"][CODE] = Marked()
        with translation.override(CODE):
            yield


# Data


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from _texts(one)


def data_of(row: models.Model) -> Iterator[str]:
    """Every text of a row that is not one of a choice's keys."""
    for field in row._meta.concrete_fields:
        if not getattr(field, "choices", None):
            yield from _texts(row.__dict__.get(field.attname))


class Data:
    """The texts that factories gave to what they made."""

    def __init__(self) -> None:
        self.texts: set[str] = set()

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """What factories make inside, and what they are told, is remembered."""
        create, generate = DjangoModelFactory._create.__func__, DjangoModelFactory._generate.__func__

        def _create(cls: Any, model_class: Any, *args: Any, **fields: Any) -> Any:
            row = create(cls, model_class, *args, **fields)
            self.texts.update(data_of(row))
            return row

        def _generate(cls: Any, strategy: Any, params: dict[str, Any]) -> Any:
            self.texts.update(text for text in _texts(params) if " " in text)  # a key of a choice has none
            return generate(cls, strategy, params)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(DjangoModelFactory, "_create", classmethod(_create))
            patch.setattr(DjangoModelFactory, "_generate", classmethod(_generate))
            yield

    def without(self, text: str) -> str:
        """The text without what is data, the longest first."""
        for one in sorted(self._worded(), key=len, reverse=True):
            if one in text:
                text = re.sub(rf"(?<!\w){re.escape(one)}(?!\w)", " ", text)
        return text

    def _worded(self) -> Iterator[str]:
        for text in self.texts:
            for line in {text, *text.splitlines()}:
                if any(letter.isalpha() for letter in line):
                    yield " ".join(line.split())


# What is read


class _Reader(HTMLParser):
    """Gathers what stands outside marks: the text between two tags, or one attribute, at a time."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.silent = 0
        self.depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag in SILENT:
            self.silent += 1
        for name in sorted(SAID & said.keys()):
            if said[name]:
                self._add(f"{tag} {name}", outside(str(said[name]))[0])
        if tag == "input" and said.get("type") in {"submit", "button", "reset"}:
            self._add(f"{tag} value", outside(str(said.get("value")))[0])
        if tag == "html" and said.get("lang") != CODE:
            self._add("html lang", str(said.get("lang")))

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT:
            self.silent -= 1

    def handle_data(self, data: str) -> None:
        if not self.silent:
            left, self.depth = outside(data, self.depth)
            self._add("", left)

    def _add(self, where: str, text: str) -> None:
        if text.strip():
            self.found.append(f"{where}␟{' '.join(text.split())}" if where else " ".join(text.split()))


def outside(text: str, depth: int = 0) -> tuple[str, int]:
    """What stands outside marks, and how many are open at its end."""
    left = []
    for letter in text:
        if letter == "⟦":
            depth += 1
            left.append(" ")
        elif letter == "⟧":
            depth -= 1
        elif depth <= 0:
            left.append(letter)
    return "".join(left), depth


def unmarked(page: str) -> list[str]:
    """What a person reads on a page (HTML) outside marks: data, and what nobody can translate."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.found if reader.depth == 0 else [*reader.found, "marks: a translated text was cut or taken apart"]


def is_language(text: str) -> bool:
    return any(letter.isalpha() for letter in text)
