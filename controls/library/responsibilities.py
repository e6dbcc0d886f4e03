"""Reads data/responsibility: who does what by service type and area, and which areas requirements are about.

What the files say anew takes the place of what they said before; what people stated stays in front of both.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Model

from audit import clock, trail
from controls.models import Area, AreaRule, Framework, Party, Responsibility, ResponsibilitySet, ServiceType

FILES = ("services.toml", "requirements.toml")
FACTS = ("because", "source_name", "source_url", "source_on", "is_reading")
Facts = dict[str, Any]


@transaction.atomic
def load(folder: Path, *, by: str) -> ResponsibilitySet:
    """Rules of frameworks that are not taken in are left out. Raises KeyError or ValueError on a name unknown."""
    raw = [(folder / name).read_bytes() for name in FILES]
    services, requirements = (tomllib.loads(one.decode()) for one in raw)
    digest = hashlib.sha256(b"".join(raw)).hexdigest()
    told = services["set"]
    frameworks = {one.key: one for one in Framework.objects.all()}
    about = {"name": told["name"], "version": told["version"], "note": told["note"], "source_sha256": digest}
    made, is_new = ResponsibilitySet.objects.get_or_create(
        key=told["key"], defaults={**about, "loaded_at": clock.now()}
    )
    wanted = dict(_rules(requirements["rules"], services["sources"], frameworks))
    counts = {
        "responsibilities": _replace(Responsibility, _statements(services), made),
        "area_rules": _replace(AreaRule, wanted, made),
    }
    if is_new or any(counts.values()) or made.source_sha256 != digest:
        ResponsibilitySet.objects.filter(pk=made.pk).update(**about, loaded_at=clock.now())
        trail.record(by, "responsibility_set.loaded", made, version=told["version"], **counts)
    return made


def _statements(told: dict[str, Any]) -> dict[tuple[Any, ...], Facts]:
    """(service, area) → what is said; a service's own words before its family's, these before every service's."""
    families = told["families"]
    found: dict[tuple[Any, ...], Facts] = {}
    for position, one in enumerate(told["services"]):
        service = _service(one, position)
        own = {name: value for name, value in one.items() if name in Area.values}
        for area, said in {**families["every"], **families.get(one.get("family"), {}), **own}.items():
            facts = _facts(said, told["sources"])
            found[service.pk, str(Area(area))] = {**facts, "party": str(Party(said["party"]))}
    return found


def _service(told: dict[str, Any], position: int) -> ServiceType:
    said = {
        "name": told["name"],
        "note": told.get("note", ""),
        "resource_types": told.get("types", []),
        "may_be": told.get("may_be", []),
        "position": position,
    }
    return ServiceType.objects.update_or_create(key=told["key"], defaults=said)[0]


def _rules(
    told: list[dict[str, Any]], sources: dict[str, list[str]], frameworks: dict[str, Framework]
) -> Iterator[tuple[tuple[Any, ...], Facts]]:
    for one in told:
        framework = frameworks.get(one["framework"])
        if framework is None:
            continue
        facts = {**_facts(one, sources), "areas": [str(Area(area)) for area in one["areas"]]}
        for kind, names in (("requirement", one.get("requirements", [])), ("section", one.get("sections", []))):
            for name in names:
                yield (framework.pk, kind, name), facts


def _facts(said: dict[str, Any], sources: dict[str, list[str]]) -> Facts:
    name = said.get("from") or said.get("reading_of", "")
    title, url, on = sources[name] if name else ("", "", "")
    return {
        "because": said["why"],
        "source_name": title,
        "source_url": url,
        "source_on": date.fromisoformat(on) if on else None,
        "is_reading": "from" not in said,
    }


KEYS: dict[type[Model], tuple[tuple[str, ...], str]] = {
    Responsibility: (("service_id", "area"), "party"),
    AreaRule: (("framework_id", "kind", "name"), "areas"),
}
"""What a statement is about, and what it says of it."""


def _replace(model: type[Model], wanted: dict[tuple[Any, ...], Facts], made: ResponsibilitySet) -> int:
    """What is new or differs is stated from now on; what is no longer said ends. Answers how many changed."""
    key, said = KEYS[model]
    at = clock.now()
    rows: Any = model._default_manager
    held = {
        tuple(getattr(one, name) for name in key): one for one in rows.filter(responsibility_set=made, replaced_at=None)
    }
    same = {
        about
        for about, one in held.items()
        if wanted.get(about) == {name: getattr(one, name) for name in (*FACTS, said)}
    }
    gone = [one.pk for about, one in held.items() if about not in same]
    rows.filter(pk__in=gone).update(replaced_at=at)
    new = [about for about in wanted if about not in same]
    rows.bulk_create(
        [
            model(**dict(zip(key, about, strict=True)), **wanted[about], responsibility_set=made, stated_at=at)
            for about in new
        ],
        batch_size=500,
    )
    return len({*new, *(about for about in held if about not in same)})
