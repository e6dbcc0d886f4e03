"""python -m sandbox export: a file of findings, as long as one likes."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.export import records
from sandbox.world import World
from tests.findings.readings import START

ROOT = Path(__file__).parents[2]


def export(*arguments: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "sandbox", "export", "--start", "2026-11-20", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False)


def test_the_same_seed_writes_the_same_lines() -> None:
    first, second = (export("--findings", 120, "--seed", 7) for _ in range(2))
    assert (first.returncode, first.stdout) == (0, second.stdout)
    found = [json.loads(line) for line in first.stdout.splitlines()]
    assert len({(row["ProductArn"], row["Id"]) for row in found}) == 120
    assert b"120 findings in" in first.stderr


@pytest.mark.parametrize(("form", "read"), [("array", lambda body: body), ("response", lambda body: body["Findings"])])
def test_other_forms_hold_the_same_findings(form: str, read: Callable[[Any], Any], tmp_path: Path) -> None:
    lines = [json.loads(line) for line in export("--findings", 50).stdout.splitlines()]
    out = tmp_path / "findings.json.gz"
    assert export("--findings", 50, "--form", form, "--out", out).returncode == 0
    assert read(json.loads(gzip.decompress(out.read_bytes()))) == lines


def test_a_longer_file_goes_on_in_other_accounts() -> None:
    world = World(seed=3, accounts=4, findings=200, start=int(START.timestamp() * 1000))
    once = len(world.findings)
    found = [json.loads(body) for body in records(world, "3", 3 * once)]
    assert len({row["Id"] for row in found}) == len(found) == 3 * once
    assert len({row["AwsAccountId"] for row in found}) == 3 * len({row["AwsAccountId"] for row in found[:once]})
    assert all(row["AwsAccountId"] in row["Id"] for row in found)


def test_a_life_of_some_days_changes_some_findings() -> None:
    before, after = (export("--findings", 300, "--days", days).stdout.splitlines() for days in (0, 2))
    assert len(set(after) - set(before)) > 0
