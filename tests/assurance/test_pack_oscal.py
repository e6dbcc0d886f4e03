"""The OSCAL of a pack: valid by trestle's models and by NIST's schemas, and every reference leads somewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from assurance.pack.contents import Contents
from assurance.pack.oscal import documents
from tests.assurance.contents_examples import example

SCHEMAS = Path(__file__).parents[2].parent / "shared/data/oscal/schemas_v1.2.3"
NAMES = {
    "catalog.json": "oscal_catalog_schema.json",
    "profile.json": "oscal_profile_schema.json",
    "ssp.json": "oscal_ssp_schema.json",
    "assessment-plan.json": "oscal_assessment-plan_schema.json",
    "assessment-results.json": "oscal_assessment-results_schema.json",
    "poam.json": "oscal_poam_schema.json",
}


@pytest.fixture(scope="module")
def contents() -> Contents:
    return example().contents


@pytest.fixture(scope="module")
def told(contents: Contents) -> dict[str, Any]:
    return {name: json.loads(content) for name, content in documents(contents).items()}


def members(value: Any, name: str) -> Iterator[Any]:
    """Every value of members of this name, however deep."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key == name:
                yield one
            yield from members(one, name)
    elif isinstance(value, list):
        for one in value:
            yield from members(one, name)


def understood(schema: str) -> str:
    """Python's patterns know no classes of Unicode; what we write needs none."""
    return schema.replace("\\\\p{L}", "[A-Za-z]").replace("\\\\p{N}", "[0-9]")


def test_each_document_is_there(told: dict[str, Any]) -> None:
    assert list(told) == list(NAMES)


def test_every_reference_leads_to_a_file_of_the_pack(contents: Contents, told: dict[str, Any]) -> None:
    there = {*told, *(f"../{one.file}" for one in contents.evidence if one.file)}
    assert {href for one in told.values() for href in members(one, "href")} <= there


def test_results_name_statements_of_the_catalogue_and_observations_of_their_own(told: dict[str, Any]) -> None:
    statements = {part["id"] for parts in members(told["catalog.json"], "parts") for part in parts}
    results = told["assessment-results.json"]
    assert {one["target-id"] for one in members(results, "target")} <= statements
    observed = {one["uuid"] for found in members(results, "observations") for one in found}
    assert set(members(results, "observation-uuid")) <= observed


def test_only_what_passes_is_satisfied(contents: Contents, told: dict[str, Any]) -> None:
    passing = sum(one.status_key == "passing" for one in contents.requirements)
    states = [one["status"]["state"] for one in members(told["assessment-results.json"], "target")]
    assert states.count("satisfied") == passing > 0


def test_the_same_contents_give_the_same_bytes(contents: Contents) -> None:
    assert documents(contents) == documents(contents)


@pytest.mark.parametrize("name", NAMES)
def test_nists_schema_takes_it(told: dict[str, Any], name: str) -> None:
    if not SCHEMAS.is_dir():
        pytest.skip(f"{SCHEMAS} is not there")
    schema = json.loads(understood((SCHEMAS / NAMES[name]).read_text(encoding="utf-8")))
    errors = jsonschema.Draft7Validator(schema).iter_errors(told[name])
    assert [f"{one.json_path}: {one.message[:200]}" for one in errors] == []
