"""A read conformance pack against the one that is known under its name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import PurePath
from typing import Any

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from audit import clock, trail
from controls.imports.differences import Difference, between, entry
from controls.imports.refusals import refused
from controls.imports.shapes import ReadPack, ReadRule
from controls.mapping_sets import Published, Row, load
from controls.models import PROCESS_CHECK, Framework, Pack, PackRule, PackVersion, SourceFile
from findings.models import Source
from organisation.models import User

TOLD = (
    "name", "owner", "identifier", "condition", "inputs", "resource_types", "frequency", "description",
    "controls", "states", "policy",
)  # fmt: skip
AROUND = ("parameters", "conditions", "remediations")


def key_of(file_name: str) -> str:
    """The template's name, whatever its ending."""
    key = PurePath(file_name.replace("\\", "/")).stem[:200]
    if not key:
        raise refused(_("The file has no name."))
    return key


def imported(key: str) -> bool:
    """Whether the current version of the pack came as somebody's file."""
    current = PackVersion.objects.current(clock.now()).filter(pack__key=key)
    return current.exclude(source_file=None).exists()


def framework_of(read: ReadPack, asked: Mapping[str, Any]) -> Framework | None:
    """Whose ids the rules name: as asked for, else by what the descriptions call them. Raises Refused."""
    if key := str(asked.get("framework") or ""):
        found = Framework.objects.filter(key=key).first()
        if found is None:
            raise refused(_("There is no framework %(key)s.") % {"key": key})
        return found
    return Framework.objects.filter(key_word=read.key_word).first() if read.key_word else None


def difference(read: ReadPack, key: str, framework: Framework | None) -> Difference:
    known = PackVersion.objects.current(clock.now()).filter(pack__key=key).first()
    rules = {rule.logical_id: rule for rule in known.rules.all()} if known else {}
    found = Difference()
    if known is None:
        found.about["pack"] = ["", key]
    else:
        found.about = between({name: getattr(known, name) for name in AROUND}, _around(read))
        if framework != known.framework:
            found.about["framework"] = [str(known.framework or ""), str(framework or "")]
    for rule in read.rules:
        before = rules.get(rule.logical_id)
        if before is None:
            found.added.append(entry(rule.logical_id, rule.name, rule.identifier))
        elif what := between({name: getattr(before, name) for name in TOLD}, _told(rule)):
            found.changed.append(entry(rule.logical_id, rule.name, rule.identifier) | {"what": what})
        else:
            found.unchanged += 1
    told = {rule.logical_id for rule in read.rules}
    found.withdrawn = [
        entry(rule.logical_id, rule.name, rule.identifier) for rule in rules.values() if rule.logical_id not in told
    ]
    return found


def _told(rule: ReadRule) -> dict[str, Any]:
    told: dict[str, Any] = {name: getattr(rule, name) for name in TOLD}
    lists = {name: list(told[name]) for name in ("resource_types", "controls")}
    return told | lists | {"inputs": dict(rule.inputs), "states": [dict(one) for one in rule.states]}


def _around(read: ReadPack) -> dict[str, Any]:
    return {
        "parameters": [dict(one) for one in read.parameters],
        "conditions": dict(read.conditions),
        "remediations": [dict(one) for one in read.remediations],
    }


@transaction.atomic
def apply(
    read: ReadPack,
    key: str,
    framework: Framework | None,
    *,
    source_name: str,
    source_sha256: str,
    by: User | str,
    source_file: SourceFile | None = None,
    published: Mapping[str, Any] | None = None,
) -> PackVersion:
    """A version of the pack as the template says; what its rules name of the framework is proposed.

    published: publisher, url, licence, published_on of the template, where they are known.
    """
    at = clock.now()
    said = dict(published or {})
    publisher = str(said.get("publisher", ""))
    pack, _ = Pack.objects.get_or_create(
        key=key, defaults={"name": key.replace("-", " "), "publisher": publisher, "added_at": at}
    )
    Pack.objects.select_for_update().get(pk=pack.pk)
    changes = difference(read, key, framework)
    known = pack.versions.current(at).first()
    if known and changes.is_empty:
        return known
    if known:
        known.valid_to = at
        known.save(update_fields=["valid_to"])
    version = PackVersion.objects.create(
        pack=pack,
        framework=framework,
        source_name=source_name[:300],
        source_sha256=source_sha256,
        source_file=source_file,
        published_on=said.get("published_on"),
        imported_by=by if isinstance(by, str) else by.public_id,
        valid_from=at,
        **_around(read),
    )
    rules = [
        PackRule(version=version, position=position, logical_id=rule.logical_id, **_told(rule))
        for position, rule in enumerate(read.rules)
    ]
    PackRule.objects.bulk_create(rules)
    trail.record(by, "pack.imported", version, **changes.counts, pack=key, sha256=source_sha256)
    if framework:
        _propose(version, read, framework, said, by)
    return version


def _propose(
    version: PackVersion, read: ReadPack, framework: Framework, said: Mapping[str, Any], by: User | str
) -> None:
    rows = rows_of(read)
    key = slugify(f"pack-{version.pack.key}")[:200]
    on: date | None = said.get("published_on")
    published = Published(
        key=key,
        name=f"{version.pack.name}: rules and the ids they name",
        publisher=str(said.get("publisher", "") or "the imported template"),
        source_sha256=version.source_sha256,
        url=str(said.get("url", "")),
        licence=str(said.get("licence", "")),
        published_on=on,
        stated_version=str(said.get("stated_version", "")),
        note=_("The template names ids and no type of relation."),
    )
    if rows:
        load(published, framework, rows, by=by, pack_version=version)


def rows_of(read: ReadPack) -> list[Row]:
    """What the rules of a pack say of a framework: each id of `Controls`, with what the description states of it.

    Process checks and own rules are left out: no check of ours answers them.
    """
    rows = []
    for rule in read.rules:
        if not rule.identifier or rule.identifier == PROCESS_CHECK:
            continue
        stated = {one["key"]: one for one in rule.states}
        for key in dict.fromkeys([*rule.controls, *stated]):
            told = stated.get(key, {})
            rows.append(
                Row(
                    requirement=key,
                    source=Source.CONFIG.value,
                    check=rule.identifier,
                    label=told.get("label", ""),
                    obligation=told.get("obligation", ""),
                )
            )
    return rows
