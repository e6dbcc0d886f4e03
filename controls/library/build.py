"""Makes data/ anew from public sources: python -m controls.library.build FOLDER.

FOLDER holds controls/, oscal/, guard/ and conformance_packs/ (see docs/frameworks.md#library); what no
file there has comes from sources/ beside this module. Run by hand when a source has a new edition.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from controls.imports import content, pack
from controls.imports.shapes import ReadRequirement
from controls.library.frameworks import frameworks
from controls.library.inputs import HUB_CONTROLS, Input
from controls.library.mappings import PUBLISHER, mapping_sets

DATA = Path(__file__).parent / "data"
COLUMNS = ("key", "label", "title", "section", "parent", "native", "obligation", "classifications")
PACKS = {
    "Operational-Best-Practices-for-NZISM-Foundation.yaml": ("nzism", "3.9"),
    "Operational-Best-Practices-for-NZISM-Extension.yaml": ("nzism", "3.9"),
    "Operational-Best-Practices-for-NZISM-NZTransition.yaml": ("nzism", "3.9"),
    "Operational-Best-Practices-for-NIST-800-53-rev-5.yaml": ("", ""),
    "Operational-Best-Practices-for-PCI-DSS-v4.0-including-global-resourcetypes.yaml": ("", ""),
    "Operational-Best-Practices-for-CIS-AWS-v1.4-Level1.yaml": ("", ""),
    "Operational-Best-Practices-for-CIS-AWS-v1.4-Level2.yaml": ("", ""),
}
"""The packs that ship: the framework whose ids their rules name, and of which version."""
PUBLISHED = {
    "publisher": PUBLISHER,
    "url": "https://github.com/awslabs/aws-config-rules/tree/b54d4a6/aws-config-conformance-packs",
    "licence": "CC0-1.0",
    "published_on": "2026-04-09",
}


def build(folder: Path) -> None:
    files = Input(folder)
    for name in ("frameworks", "mappings", "packs"):  # data/responsibility is written by hand
        shutil.rmtree(DATA / name, ignore_errors=True)
        (DATA / name).mkdir(parents=True)
    for about, asks in frameworks(files):
        sections = [[one.path, one.label, one.title] for one in asks.sections]
        _write_json(f"frameworks/{about['key']}", {**about, "sections": sections, "profiles": list(asks.profiles)})
        _write_csv(f"frameworks/{about['key']}", COLUMNS, map(_cells, asks.requirements))
    sets = list(mapping_sets(files))
    _write_json("sets", [about for about, _ in sets])
    for about, pairs in sets:
        _write_csv(f"mappings/{about['key']}", ("requirement", "source", "check", "named", "relation"), pairs)
    _write_csv("checks", ("control", "config_rule"), _rules(files))
    for name, (framework, version) in PACKS.items():
        _write_json(
            f"packs/{Path(name).stem}", _pack(files, name) | {"framework": framework, "stated_version": version}
        )


def _cells(one: ReadRequirement) -> tuple[str, ...]:
    classes = ";".join(one.classifications or ())
    return one.key, one.label, one.title or "", one.section, one.parent, one.native, one.obligation or "", classes


def _rules(files: Input) -> Iterable[tuple[str, str]]:
    """The Config rule that each Security Hub control rests on, where one is known."""
    for row in files.rows(HUB_CONTROLS):
        rule = row["config_rule_oscal_2026"] or row["config_rule_docs_2023"]
        if rule in files.identifiers:
            yield row["control_id"], files.identifier(rule)


def _pack(files: Input, name: str) -> dict[str, Any]:
    """A template's facts; its descriptions are left out."""
    path = f"conformance_packs/{name}"
    read = pack.read(content.recognise(files.raw(path)).text)
    return {
        **PUBLISHED,
        **files.facts_of(path),
        "parameters": [{**one, "description": ""} for one in read.parameters],
        "conditions": read.conditions,
        "remediations": read.remediations,
        "rules": [{**vars(rule), "description": ""} for rule in read.rules],
    }


def _write_json(name: str, told: Any) -> None:
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    (DATA / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


def _write_csv(name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with (DATA / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
