"""What is published of requirements and the checks that show them: pairs of ids, as facts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from controls.library.inputs import Input, source

Pair = tuple[str, str, str, str, str]
"""Requirement, source and key of a check, the requirement's id as it is written there, type of relation."""
PART = "intersects"
PUBLISHER = "Amazon Web Services"


def mapping_sets(files: Input) -> Iterator[tuple[dict[str, Any], list[Pair]]]:
    """What each set is, as load.py takes it, and its pairs."""
    for told in json.loads(source("sets.json")):
        pairs = list(READERS[told.pop("read_as")](files, told))
        about = {name: value for name, value in told.items() if name not in {"file", "among"}}
        yield about | {"publisher": PUBLISHER, "source_sha256": files.sha256(told["file"])}, pairs


def _pci(files: Input, told: dict[str, Any]) -> Iterator[Pair]:
    for row in files.rows(told["file"]):
        rule = files.identifier(row["config_rule_identifier_kebab"])
        yield row["pci_dss_4_0_control_id"], "config", rule, "", PART


def _security_hub(files: Input, told: dict[str, Any]) -> Iterator[Pair]:
    for row in files.rows(told["file"]):
        if row["framework"] == told["among"]:
            yield row["requirement_id"], "security_hub", row["control_id"], "", PART


def _guard(files: Input, told: dict[str, Any]) -> Iterator[Pair]:
    for row in files.rows(told["file"]):
        if row["ruleset_file"] == told["among"]:
            said = row["control_id"]
            yield _requirement(told["framework"], said), "config", row["guard_rule"].upper(), said, PART


def _requirement(framework: str, said: str) -> str:
    """The requirement that an id of the registry lies in: AC-2i.2 is of AC-2, AC-3(12)(a) of AC-3(12)."""
    if framework == "essential-eight":
        return said.replace("_", " ")
    found = re.match(r"[A-Z]{2}-\d+(\(\d+\))?", said) if framework == "nist-800-53" else None
    return found[0] if found else said


def _itself(files: Input, told: dict[str, Any]) -> Iterator[Pair]:
    for control in files.hub_controls(told["among"]):
        yield control, "security_hub", control, "", "equal"


READERS = {"pci": _pci, "security_hub": _security_hub, "guard": _guard, "itself": _itself}
