"""Requirement by requirement: what the report says of each, and where a control is told in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from assurance.pack.contents import Contents, RequirementPart
from assurance.report.places import Places


def by_section(contents: Contents) -> list[tuple[str, list[RequirementPart]]]:
    """Sections in the order in which the framework first names them."""
    order = {section: number for number, section in enumerate(dict.fromkeys(r.section for r in contents.requirements))}
    ordered = sorted(contents.requirements, key=lambda one: order[one.section])
    return [(section, list(some)) for section, some in groupby(ordered, key=lambda one: one.section)]


def told_under(contents: Contents) -> dict[str, RequirementPart]:
    """Of each control the requirement under which it is told in full."""
    known = {one.id for one in contents.controls}
    told: dict[str, RequirementPart] = {}
    for _, some in by_section(contents):
        for requirement in some:
            for mapping in requirement.controls:
                if mapping.control in known:
                    told.setdefault(mapping.control, requirement)
    return told


def statements(contents: Contents) -> dict[str, str]:
    """What is said of the responsibility for several requirements: words → their number in the report."""
    counted = Counter(one.responsibility for _, some in by_section(contents) for one in some if one.responsibility)
    repeated = [said for said, n in counted.items() if n > 1]
    return {said: f"R{number}" for number, said in enumerate(repeated, 1)}


def sections(contents: Contents, told: Mapping[str, RequirementPart], places: Places) -> list[dict[str, Any]]:
    named = {one.id: one.name for one in contents.controls}
    stated = statements(contents)
    return [
        {
            "name": section or "Requirements",
            "anchor": f"section-{number}",
            "requirements": [_requirement(one, told, places, named, stated) for one in some],
        }
        for number, (section, some) in enumerate(by_section(contents))
    ]


def _requirement(
    one: RequirementPart,
    told: Mapping[str, RequirementPart],
    places: Places,
    named: Mapping[str, str],
    stated: Mapping[str, str],
) -> dict[str, Any]:
    """told: its control → the requirement under which that is told in full. stated: of `statements`."""
    statement = stated.get(one.responsibility, "")
    lines = one.responsibility.splitlines()
    return {
        "key": one.key,
        "title": one.title,
        "status_key": one.status_key,
        "status": one.status,
        "responsibility": [lines[0].rstrip(".")] if statement else lines,
        "statement": statement,
        "provider_reports": places.references(one.provider_reports),
        "controls": [
            {
                "id": mapping.control,
                "name": named.get(mapping.control, ""),
                "relation": mapping.relation,
                "anchor": places.of(mapping.control),
                "told_under": told[mapping.control].key if mapping.control in told else "",
            }
            for mapping in one.controls
        ],
        "told": list(dict.fromkeys(m.control for m in one.controls if told.get(m.control) is one)),
    }
