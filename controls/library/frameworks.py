"""What each framework of the library asks, from its public file: ids and short titles, no prose."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from controls.imports import content, nzism, oscal
from controls.imports.shapes import ReadRequirement, ReadSection
from controls.library.inputs import HUB_CONTROLS, Input, facts_of_source, lines, source

NONE_SHIPPED = (
    "The public data that this library is made of has no mapping of its requirements to checks of AWS Config "
    "or Security Hub: none is shipped."
)
HIPAA_OBLIGATION = {"R": "required", "A": "addressable", "": ""}
BASELINE_RELEASES = {"high": "5.1.1+u2", "privacy": "5.2.0"}


@dataclass(frozen=True)
class Asks:
    """facts: source_name and source_sha256. profiles: key, name, natives and their own facts."""

    facts: dict[str, str]
    sections: Sequence[ReadSection]
    requirements: Sequence[ReadRequirement]
    profiles: Sequence[dict[str, Any]] = field(default_factory=list)


def frameworks(files: Input) -> Iterator[tuple[dict[str, Any], Asks]]:
    """What each is, as load.py takes it, and what it asks."""
    for told in json.loads(source("frameworks.json")):
        asks = READERS[told.pop("read_as")](files, told)
        about = {name: value for name, value in told.items() if name not in {"file", "standard"}}
        about["mappings_note"] = about["mappings_note"] or NONE_SHIPPED
        about["version"] |= asks.facts
        yield about, asks


def _nzism(files: Input, told: dict[str, Any]) -> Asks:
    read = nzism.read(files.raw(told["file"]))
    return Asks(files.facts_of(told["file"]), read.sections, [_without_prose(one) for one in read.requirements])


def _nist(files: Input, told: dict[str, Any]) -> Asks:
    read = oscal.read_catalogue(content.recognise(files.raw(told["file"])).document)
    found = [_without_prose(one) for one in read.requirements]
    added = [
        ReadRequirement(key, key, title, "IA", "" if key == "IA-13" else "IA-13", _native(key))
        for key, title, _, _ in lines("nist_5.1.1_added.txt")[1]
    ]
    after = max(number for number, one in enumerate(found) if one.section == "IA") + 1
    return Asks(
        files.facts_of(told["file"]), read.sections, [*found[:after], *added, *found[after:]], _baselines(files)
    )


def _baselines(files: Input) -> list[dict[str, Any]]:
    found = []
    for key in ("low", "moderate"):
        path = f"oscal/nist_800-53_rev5/NIST_SP-800-53_rev5_{key.upper()}-baseline_profile.json"
        read = oscal.read_profile(files.json(path))
        found.append(_baseline(key, read.version, list(read.natives)) | files.facts_of(path))
    digest = facts_of_source("nist_baselines.txt")["source_sha256"]
    for part in source("nist_baselines.txt").split("\n= ")[1:]:
        head, _, body = part.partition("\n")
        key = head.partition(" | ")[0]
        release = BASELINE_RELEASES[key]
        facts = {"source_name": f"NIST OSCAL profile, {release}", "source_sha256": digest}
        found.append(_baseline(key, release, body.split()) | facts)
    return found


def _baseline(key: str, release: str, natives: list[str]) -> dict[str, Any]:
    return {"key": key, "name": f"{key.capitalize()} baseline ({release})", "natives": natives}


def _security_hub(files: Input, told: dict[str, Any]) -> Asks:
    ids = files.hub_controls(told["standard"])
    services = dict.fromkeys(one.partition(".")[0] for one in ids)
    return Asks(
        files.facts_of(HUB_CONTROLS),
        [ReadSection(service, service, service) for service in services],
        [ReadRequirement(one, one, "", one.partition(".")[0]) for one in ids],
    )


def _cis(files: Input, told: dict[str, Any]) -> Asks:
    sections: dict[str, ReadSection] = {}
    requirements = []
    rows = files.json(told["file"])["Requirements"]
    for row in sorted(rows, key=lambda one: [int(part) for part in one["Id"].split(".")]):
        number, _, title = row["Attributes"][0]["Section"].partition(" ")
        sections.setdefault(number, ReadSection(number, number, title))
        requirements.append(ReadRequirement(row["Id"], row["Id"], "", number))
    return Asks(files.facts_of(told["file"]), list(sections.values()), requirements)


def _written(files: Input, told: dict[str, Any]) -> Asks:
    sections, found = lines(told["file"])
    known = {key for key, _, _, _ in found}
    requirements = []
    for key, title, mark, section in found:
        above = key.rpartition(".")[0]
        parent = above if above in known else ""
        requirements.append(ReadRequirement(key, key, title, section, parent, key, obligation=HIPAA_OBLIGATION[mark]))
    return Asks(facts_of_source(told["file"]), sections, requirements)


READERS = {"nzism": _nzism, "nist": _nist, "security_hub": _security_hub, "cis": _cis, "written": _written}


def _without_prose(one: ReadRequirement) -> ReadRequirement:
    return replace(one, text=None, guidance=None, parameters=None)


def _native(key: str) -> str:
    return key.lower().replace("(", ".").replace(")", "")
