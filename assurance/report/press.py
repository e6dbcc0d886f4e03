"""Typst, in a process of its own: asked on its standard input, answers a PDF on its standard output.

What Typst takes for a report is much, and is given back with its process. Nothing of the portal is loaded here.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typst

HERE = Path(__file__).parent
TEMPLATES = ("main.typ", "look.typ", "front.typ", "controls.typ", "appendix.typ")
STANDARDS: list[typst.PDFStandard] = ["a-2a"]


def press(told: bytes, at: int) -> bytes:
    """told: the document as JSON. at: seconds since 1970 that the PDF is dated at."""
    files: Any = {name: (HERE / name).read_bytes() for name in TEMPLATES}
    files["contents.json"] = told
    made: bytes = typst.compile(files, format="pdf", ignore_system_fonts=True, pdf_standards=STANDARDS, timestamp=at)
    return made


if __name__ == "__main__":
    sys.stdout.buffer.write(press(sys.stdin.buffer.read(), int(sys.argv[1])))
