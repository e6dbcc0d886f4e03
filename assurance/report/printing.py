"""From the contents of a pack to the bytes of its report: the same contents, the same bytes."""

from __future__ import annotations

from pathlib import Path

import orjson

from assurance import apart
from assurance.pack.contents import Contents
from assurance.report.document import document

PRESS = Path(__file__).with_name("press.py")


def render(contents: Contents) -> bytes:
    """A PDF/A-2a, tagged, dated at the seal. Only fonts of Typst's wheel are used. Raises apart.Failed."""
    return typeset(orjson.dumps(document(contents)), int(contents.seal_time.timestamp()))


def typeset(told: bytes, at: int) -> bytes:
    """In a process of its own. told: the document as JSON. at: seconds since 1970. Raises apart.Failed."""
    return apart.run(PRESS, str(at), told=told)
