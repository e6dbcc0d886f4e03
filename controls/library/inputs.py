"""The public files that the library is made of, and the few that stand in sources/."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

from controls.imports.shapes import ReadSection

SOURCES = Path(__file__).parent / "sources"
HUB_CONTROLS = "controls/security_hub/security_hub_controls_merged.csv"
MANAGED_RULES = "controls/config_rule_mappings/niaid_managed_config_rules_severity.csv"
Line = tuple[str, str, str, str]
"""Key, title, mark and section of a requirement."""


class Input:
    """A folder of public files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        rows = self.rows(MANAGED_RULES)
        self.identifiers = {row["config_rule_name"]: row["source_identifier"] for row in rows}

    def raw(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def json(self, path: str) -> Any:
        return json.loads(self.raw(path))

    def rows(self, path: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.raw(path).decode("utf-8-sig"))))

    def sha256(self, path: str) -> str:
        return hashlib.sha256(self.raw(path)).hexdigest()

    def facts_of(self, path: str) -> dict[str, str]:
        return {"source_name": path.rpartition("/")[2], "source_sha256": self.sha256(path)}

    def identifier(self, rule: str) -> str:
        """A managed rule's identifier from its name; most, but not all, differ in letters only."""
        return self.identifiers.get(rule) or rule.upper().replace("-", "_")

    def hub_controls(self, standard: str) -> list[str]:
        """Ids of Security Hub's controls as documented in 2026: those of a standard, or every one."""
        rows = [row for row in self.rows(HUB_CONTROLS) if row["in_docs_2026"] == "1"]
        return [row["control_id"] for row in rows if standard in row["applicable_standards_2026"]]


def source(name: str) -> str:
    return (SOURCES / name).read_text(encoding="utf-8")


def facts_of_source(name: str) -> dict[str, str]:
    """Its first line says what it is."""
    text = source(name)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"source_name": text.partition("\n")[0].lstrip("# "), "source_sha256": digest}


def lines(name: str) -> tuple[list[ReadSection], list[Line]]:
    """Sections (`= path | title`) and requirements (`key | title | mark`, or keys by spaces) of a file in sources/."""
    sections: list[ReadSection] = []
    found: list[Line] = []
    path = ""
    for line in source(name).splitlines():
        parts = [part.strip() for part in line.lstrip("= ").split("|")]
        if line.startswith("="):
            path = parts[0]
            sections.append(ReadSection(path, path.rpartition("/")[2], parts[1]))
        elif len(parts) > 1:
            found.append((parts[0], parts[1], parts[2] if len(parts) > 2 else "", path))
        elif not line.startswith("#"):
            found += [(key, "", "", path) for key in line.split()]
    return sections, found
