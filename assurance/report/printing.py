"""From the contents of a pack to the bytes of its report: the same contents, the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typst

from assurance.pack.contents import Contents
from assurance.report.document import document

HERE = Path(__file__).parent
TEMPLATES = ("main.typ", "look.typ", "front.typ", "controls.typ", "appendix.typ")
STANDARDS: list[typst.PDFStandard] = ["a-2a"]


def render(contents: Contents) -> bytes:
    """A PDF/A-2a, tagged, dated at the seal. Only fonts of Typst's wheel are used."""
    files: Any = {name: (HERE / name).read_bytes() for name in TEMPLATES}
    files["contents.json"] = json.dumps(document(contents)).encode()
    made: bytes = typst.compile(
        files,
        format="pdf",
        ignore_system_fonts=True,
        pdf_standards=STANDARDS,
        timestamp=int(contents.seal_time.timestamp()),
    )
    return made
