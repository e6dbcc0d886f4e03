"""From the contents of a pack to the bytes of its report: the same contents, the same bytes."""

from __future__ import annotations

import subprocess
import sys

import orjson

from assurance.pack.contents import Contents
from assurance.report import press
from assurance.report.document import document

PATIENCE = 600
"""Seconds."""


class NotSet(Exception):
    """Typst refused the document."""


def render(contents: Contents) -> bytes:
    """A PDF/A-2a, tagged, dated at the seal. Only fonts of Typst's wheel are used. Raises NotSet."""
    return typeset(orjson.dumps(document(contents)), int(contents.seal_time.timestamp()))


def typeset(told: bytes, at: int) -> bytes:
    """In a process of its own. told: the document as JSON. at: seconds since 1970. Raises NotSet."""
    command = [sys.executable, "-P", press.__file__, str(at)]
    done = subprocess.run(command, input=told, capture_output=True, check=False, timeout=PATIENCE)
    if done.returncode:
        raise NotSet(done.stderr.decode(errors="replace")[-2000:])
    return done.stdout
