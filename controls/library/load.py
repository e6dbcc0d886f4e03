"""Reads data/ into the database. A second load of the same data changes nothing."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import transaction

from audit import clock
from controls import mapping_sets
from controls.imports import catalogues, packs
from controls.imports.shapes import ReadCatalogue, ReadPack, ReadRequirement, ReadRule, ReadSection
from controls.library import responsibilities
from controls.models import CheckReference, Framework, FrameworkVersion, Profile
from findings.models import Source

DATA = Path(__file__).parent / "data"
BY = "library"
FACTS = ("title", "publisher", "url", "licence", "key_word", "recognised_by", "mappings_note")


def load() -> Iterator[str]:
    """Take everything in, a transaction for each framework, set and pack. Yields the name of what it comes to."""
    checks()
    for path in sorted((DATA / "frameworks").glob("*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        yield str(told["name"])
        framework(told, path.with_suffix(".csv"))
    for told in json.loads((DATA / "sets.json").read_text(encoding="utf-8")):
        yield str(told["name"])
        mapping_set(told)
    for path in sorted((DATA / "packs").glob("*.json")):
        yield path.stem
        pack(path.stem, json.loads(path.read_text(encoding="utf-8")))
    yield responsibilities.load(DATA / "responsibility", by=BY).name


@transaction.atomic
def checks() -> None:
    made = [
        CheckReference(source=Source.SECURITY_HUB, key=row["control"], config_rule=row["config_rule"])
        for row in _rows(DATA / "checks.csv")
    ]
    CheckReference.objects.bulk_create(
        made, update_conflicts=True, unique_fields=["source", "key"], update_fields=["config_rule"]
    )


@transaction.atomic
def framework(told: dict[str, Any], rows: Path) -> None:
    """A version that somebody imported a file for is theirs: the library leaves it as it is."""
    known = Framework.objects.filter(key=told["key"]).first()
    about = {name: told[name] for name in FACTS}
    if known and any(getattr(known, name) != value for name, value in about.items()):
        Framework.objects.filter(pk=known.pk).update(**about)
    version = told["version"]
    target = catalogues.Target(
        framework=known,
        key=told["key"],
        name=told["name"],
        label=version["label"],
        published_on=catalogues.day_of(version["published_on"]),
        source_name=version["source_name"],
        source_sha256=version["source_sha256"],
    )
    if target.version and target.version.source_file_id:
        return
    read = ReadCatalogue(
        title=told["title"],
        version=version["label"],
        published_on=version["published_on"],
        sections=[ReadSection(*one) for one in told["sections"]],
        requirements=[_requirement(row) for row in _rows(rows)],
    )
    first = known is None or not known.versions.exclude(valid_from=None).exists()
    made = catalogues.apply(read, target, by=BY, make_current=first, about=about)
    for one in told["profiles"]:
        _profile(made, one)


def _requirement(row: dict[str, str]) -> ReadRequirement:
    return ReadRequirement(
        key=row["key"],
        label=row["label"],
        title=row["title"],
        section=row["section"],
        parent=row["parent"],
        native=row["native"],
        obligation=row["obligation"],
        classifications=row["classifications"].split(";") if row["classifications"] else [],
    )


def _profile(version: FrameworkVersion, told: dict[str, Any]) -> None:
    source = {"name": told["name"], "source_name": told["source_name"], "source_sha256": told["source_sha256"]}
    profile, _ = Profile.objects.get_or_create(
        version=version, key=told["key"], defaults={**source, "imported_at": clock.now()}
    )
    editions = version.editions.filter(native__in=told["natives"]).select_related("requirement")
    catalogues.select(profile, [one.requirement for one in editions])


def mapping_set(told: dict[str, Any]) -> None:
    rows = [
        mapping_sets.Row(row["requirement"], row["source"], row["check"], row["relation"], row["named"])
        for row in _rows(DATA / "mappings" / f"{told['key']}.csv")
    ]
    about = {name: value for name, value in told.items() if name not in {"framework", "published_on"}}
    published = mapping_sets.Published(**about, published_on=catalogues.day_of(told["published_on"]))
    mapping_sets.load(published, Framework.objects.get(key=told["framework"]), rows, by=BY)


def pack(key: str, told: dict[str, Any]) -> None:
    """A pack that somebody imported is theirs: the library leaves it as it is."""
    if packs.imported(key):
        return
    read = ReadPack(
        parameters=told["parameters"],
        conditions=told["conditions"],
        rules=[ReadRule(**rule) for rule in told["rules"]],
        remediations=told["remediations"],
    )
    said = {name: told[name] for name in ("publisher", "url", "licence", "stated_version")}
    packs.apply(
        read,
        key,
        Framework.objects.filter(key=told["framework"]).first(),
        source_name=told["source_name"],
        source_sha256=told["source_sha256"],
        by=BY,
        published={**said, "published_on": catalogues.day_of(told["published_on"])},
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
