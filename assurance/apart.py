"""A script in a process of its own, for what needs large libraries for a moment: their memory goes with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PATIENCE = 600
"""Seconds."""


class Failed(Exception):
    """The script ended with a failure; the words are its last."""


def run(script: Path, *arguments: str, told: bytes) -> bytes:
    """What it answers on its standard output, when it is told that on its standard input. Raises Failed.

    script: one that needs nothing of the portal.
    """
    command = [sys.executable, "-P", str(script), *arguments]
    done = subprocess.run(command, input=told, capture_output=True, check=False, timeout=PATIENCE)
    if done.returncode:
        raise Failed(done.stderr.decode(errors="replace")[-2000:])
    return done.stdout
