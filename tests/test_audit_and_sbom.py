"""`make audit` never takes "unknown" for "no vulnerability"; both read what is locked."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("status", "says", "ends", "told"),
    [
        (0, "No known vulnerabilities found", 0, "ok      requirements/product.txt: no known vulnerability"),
        (1, "Found 1 known vulnerability in 1 package", 1, "FAILED  requirements/product.txt"),
        (1, "ERROR: Could not connect to PyPI's vulnerability feed", 2, "the advisory service cannot be reached"),
        (1, "ERROR: Dependency not found on PyPI and could not be audited", 2, "nothing was audited"),
        (1, "urllib3.exceptions.NameResolutionError: Name resolution failed", 2, "That is no pass"),
        (1, "Traceback: something else", 2, "the audit itself failed"),
    ],
)
def test_an_audit_passes_fails_or_says_that_it_does_not_know(
    tmp_path: Path, status: int, says: str, ends: int, told: str
) -> None:
    tool = tmp_path / "pip-audit"
    tool.write_text(f'#!/bin/sh\necho "{says}" >&2\nexit {status}\n')
    tool.chmod(0o755)
    answer = subprocess.run(
        ["sh", ROOT / ".ci" / "audit"],
        env={"AUDIT": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (answer.returncode, told in answer.stdout + answer.stderr) == (ends, True)


@pytest.mark.parametrize("lock", ["product", "demo", "develop", "audit"])
def test_every_lock_has_versions_and_hashes_and_names_no_registry(lock: str) -> None:
    content = (ROOT / "requirements" / f"{lock}.txt").read_text()
    packages = re.findall(r"^[a-z0-9].*", content, re.MULTILINE)
    assert all(re.match(r"[a-z0-9.-]+==\S+.*\\$", one) for one in packages)
    assert content.count("--hash=sha256:") >= len(packages)
    assert "://" not in content
