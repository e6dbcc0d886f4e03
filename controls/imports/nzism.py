"""NZISM's official XML: chapter, section, subsection, block, paragraph; a paragraph with a cid is a control."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser
from django.utils.translation import gettext as _

from controls.imports.refusals import Problem, Refused, refused
from controls.imports.shapes import ReadCatalogue, ReadRequirement, ReadSection

TITLE = "New Zealand Information Security Manual"
OBLIGATIONS = {"must": "must", "must not": "must_not", "should": "should", "should not": "should_not"}
TAGS = ("chapter", "section", "subsection", "block", "paragraph")
NUMBERED = re.compile(r"^(\d+(?:\.\d+)*)\.\s+(.*)$", re.DOTALL)
DEEPEST = 20


def read(raw: bytes) -> ReadCatalogue:
    """Raises Refused with the line of each problem. Entities and external references are never followed.

    It is read as the UTF-8 that it is: an encoding that it names could be any codec that Python has.
    """
    reader = _Reader()
    parser: Any = DefusedXMLParser(target=reader, encoding="utf-8", forbid_dtd=True)
    reader.parser = parser.parser
    try:
        parser.feed(raw)
        parser.close()
    except ParseError as error:
        line, column = error.position
        raise refused(
            _("Not well-formed XML: %(msg)s.") % {"msg": error.msg},
            _("line %(line)s, column %(column)s") % {"line": line, "column": column + 1},
        ) from error
    except DefusedXmlException as error:
        line = parser.parser.CurrentLineNumber
        raise refused(
            _("A document type or an entity is declared; neither is accepted."), _("line %(line)s") % {"line": line}
        ) from error
    if reader.problems:
        raise Refused(*reader.problems)
    if not reader.requirements:
        raise refused(_("The XML has no paragraph with a cid: it is not the NZISM's."), _("line 1"))
    return ReadCatalogue(TITLE, "", "", reader.sections, reader.requirements)


class _Reader:
    """Receives the elements as they are read; no tree is built."""

    parser: Any

    def __init__(self) -> None:
        self.sections: list[ReadSection] = []
        self.requirements: list[ReadRequirement] = []
        self.problems: list[Problem] = []
        self.open: list[tuple[str, dict[str, str], int]] = []
        self.words: list[str] = []
        self.keys: set[str] = set()
        self.paths: set[str] = set()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        if not self.open and tag != "xml":
            raise refused(
                _("The root element is <%(tag)s>; NZISM's XML has <xml>.") % {"tag": tag},
                _("line %(line)s") % {"line": line},
            )
        if len(self.open) >= DEEPEST:
            raise refused(
                _("Nested deeper than %(deepest)s levels.") % {"deepest": DEEPEST}, _("line %(line)s") % {"line": line}
            )
        self.open.append((tag, attributes, line))
        if tag in {"chapter", "section"}:
            self._begin_section()
        self.words = []

    def data(self, words: str) -> None:
        if self.open and self.open[-1][0] == "paragraph":
            self.words.append(words)

    def end(self, tag: str) -> None:
        _, attributes, line = self.open[-1]
        if tag == "paragraph" and "cid" in attributes:
            self._take(attributes, line)
        self.open.pop()

    def close(self) -> None:
        """The parser asks for it at the end."""

    def _title(self, *tags: str) -> str:
        return next((told.get("title", "").strip() for tag, told, _ in reversed(self.open) if tag in tags), "")

    def _path(self) -> str:
        return "/".join(_split(told.get("title", ""))[0] for tag, told, _ in self.open if tag in {"chapter", "section"})

    def _begin_section(self) -> None:
        path = self._path()
        if path not in self.paths:
            self.paths.add(path)
            label, title = _split(self.open[-1][1].get("title", ""))
            self.sections.append(ReadSection(path, label, title))

    def _take(self, told: dict[str, str], line: int) -> None:
        place = _("line %(line)s") % {"line": line}
        cid, label = told["cid"].strip(), told.get("title", "").strip().rstrip(".")
        obligation = OBLIGATIONS.get(told.get("compliance", "").strip().lower())
        if not cid.isdecimal():
            self.problems.append(
                Problem(
                    place,
                    _("The cid of %(label)s is no number: %(cid)s.")
                    % {"label": label or _("a paragraph"), "cid": repr(cid)},
                )
            )
        elif cid in self.keys:
            self.problems.append(Problem(place, _("CID %(cid)s is there twice.") % {"cid": cid}))
        elif not label:
            self.problems.append(Problem(place, _("CID %(cid)s has no paragraph number.") % {"cid": cid}))
        elif obligation is None:
            said = told.get("compliance", "")
            self.problems.append(
                Problem(
                    place,
                    _("CID %(cid)s has the compliance %(said)s, none of %(obligations)s.")
                    % {"cid": cid, "said": repr(said), "obligations": list(OBLIGATIONS)},
                )
            )
        else:
            self.keys.add(cid)
            classes = [one.strip() for one in told.get("classification", "").split(",") if one.strip()]
            self.requirements.append(
                ReadRequirement(
                    key=cid,
                    label=label,
                    title=self._title("block") or _split(self._title("section"))[1],
                    section=self._path(),
                    native=cid,
                    text=plain("".join(self.words)),
                    obligation=obligation,
                    classifications=classes,
                )
            )


def _split(title: str) -> tuple[str, str]:
    """ "16.1. Identification" → ("16.1", "Identification")."""
    found = NUMBERED.match(title.strip())
    return (found[1], found[2].strip()) if found else (title.strip(), title.strip())


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attributes: object) -> None:
        if tag in {"p", "br", "tr", "div", "ul", "ol", "li"}:
            self.words.append("\n– " if tag == "li" else "\n")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def plain(html: str) -> str:
    """The words of some HTML, a line for each paragraph and item."""
    parser = _Plain()
    parser.feed(html)
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.words).split("\n"))
    return "\n".join(line for line in lines if line and line != "–")
