"""OSCAL catalogs and profiles in JSON, through compliance-trestle's models."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from pydantic import TypeAdapter, ValidationError
from trestle.oscal.catalog import Catalog
from trestle.oscal.profile import Profile

from controls.imports.refusals import Problem, Refused, refused
from controls.imports.shapes import ReadCatalogue, ReadProfile, ReadRequirement, ReadSection

INSERTED = re.compile(r"\{\{\s*insert:\s*param,\s*([^\s}]+)\s*\}\}")
UNION_BRANCH = re.compile(r"[A-Z]\w*")
GUIDANCE = {"guidance", "overview"}
LEFT_OUT = {"assessment-objective", "assessment-method", "objective", "assessment"}
DEEPEST = 60
CATALOG: TypeAdapter[Any] = TypeAdapter(Catalog)
PROFILE: TypeAdapter[Any] = TypeAdapter(Profile)


def read_catalogue(document: Any) -> ReadCatalogue:
    """document: {"catalog": …}. Raises Refused with the JSON pointer of each problem."""
    catalogue: Any = _validated(CATALOG, document, "catalog")
    sections: list[ReadSection] = []
    requirements: list[ReadRequirement] = []
    for group in catalogue.groups or []:
        _read_group(group, "", sections, requirements)
    for control in catalogue.controls or []:
        requirements += _read_control(control, "", "")
    keys: set[str] = set()
    for one in requirements:
        if one.key in keys:
            raise refused(_("The catalog has %(key)s twice.") % {"key": one.key}, "/catalog")
        keys.add(one.key)
    if not requirements:
        raise refused(_("The catalog has no controls."), "/catalog")
    metadata = catalogue.metadata
    return ReadCatalogue(metadata.title, str(metadata.version), _day(metadata), sections, requirements)


def read_profile(document: Any) -> ReadProfile:
    """document: {"profile": …}. Raises Refused, also for a selection by pattern."""
    profile: Any = _validated(PROFILE, document, "profile")
    natives: list[str] = []
    every = False
    for number, one in enumerate(profile.imports):
        if getattr(one, "include_all", None) is not None:
            every = True
        for choice in getattr(one, "include_controls", None) or []:
            if choice.matching:
                raise refused(
                    _("Selecting by pattern is not supported; resolve the profile to ids."),
                    f"/profile/imports/{number}/include-controls",
                )
            natives += [str(getattr(one, "root", one)) for one in choice.with_ids or []]
    metadata = profile.metadata
    return ReadProfile(metadata.title, str(metadata.version), _day(metadata), list(dict.fromkeys(natives)), every)


def _validated(form: TypeAdapter[Any], document: Any, name: str) -> Any:
    """As trestle's model, past its own summary of errors, which names no place."""
    try:
        return form.validate_python(document[name])
    except ValidationError as error:
        raise Refused(*_problems(error, name)) from error
    except RecursionError as error:
        raise refused(_("Nested deeper than %(deepest)s levels.") % {"deepest": DEEPEST}, f"/{name}") from error


def _problems(error: ValidationError, name: str) -> Iterator[Problem]:
    """One for each place. Of the forms that a place may have, what is said of the one that got furthest."""
    found: dict[str, str] = {}
    for one in error.errors(include_url=False, include_input=False):
        steps = [str(step) for step in one["loc"] if not UNION_BRANCH.fullmatch(str(step))]
        found.setdefault("/".join(["", name, *steps]), one["msg"])
    for place, reason in found.items():
        if reason.startswith("Extra inputs") and any(other.startswith(f"{place}/") for other in found):
            continue
        yield Problem(place, f"{reason}.")


def _day(metadata: Any) -> str:
    """The day of publication; where the file does not say, none: when it was edited is another thing."""
    return str(metadata.published or "")[:10]


def _read_group(
    group: Any, above: str, sections: list[ReadSection], requirements: list[ReadRequirement], depth: int = 0
) -> None:
    if depth > DEEPEST:
        raise refused(_("Groups are nested deeper than %(deepest)s levels.") % {"deepest": DEEPEST}, "/catalog/groups")
    label = (_label(group) or group.id or group.title).upper()
    path = f"{above}/{label}".strip("/")
    sections.append(ReadSection(path, label, group.title))
    for inner in getattr(group, "groups", None) or []:
        _read_group(inner, path, sections, requirements, depth + 1)
    for control in getattr(group, "controls", None) or []:
        requirements += _read_control(control, path, "")


def _read_control(control: Any, section: str, parent: str) -> Iterator[ReadRequirement]:
    if any(prop.name == "status" and prop.value.lower() == "withdrawn" for prop in control.props or []):
        return
    key = _label(control) or control.id
    parameters = {one.id: one for one in control.params or []}
    parts = control.parts or []
    yield ReadRequirement(
        key=key,
        label=key,
        title=control.title,
        section=section,
        parent=parent,
        native=control.id,
        text="\n".join(_prose([p for p in parts if p.name not in GUIDANCE | LEFT_OUT], parameters)),
        guidance="\n".join(_prose([p for p in parts if p.name in GUIDANCE], parameters)),
        parameters=[_parameter(one) for one in parameters.values()],
    )
    for inner in control.controls or []:
        yield from _read_control(inner, section, key)


def _label(thing: Any) -> str:
    """The label that people say: of several, not the one of SP 800-53A."""
    labels = [prop for prop in thing.props or [] if prop.name == "label"]
    usual = [prop for prop in labels if prop.class_ not in {"sp800-53a", "zero-padded"}]
    return (usual or labels)[0].value.rstrip(".") if labels else ""


def _parameter(parameter: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"id": parameter.id, "label": parameter.label or ""}
    if choices := _choices(parameter):
        told["choices"] = choices
    return told


def _choices(parameter: Any) -> list[str]:
    """trestle has two forms of a parameter; only one of them may have a selection."""
    select = getattr(parameter, "select", None)
    return list(select.choice or []) if select else []


def _prose(parts: list[Any], parameters: dict[str, Any], indent: int = 0) -> Iterator[str]:
    for part in parts:
        label = next((prop.value for prop in part.props or [] if prop.name == "label"), "")
        words = INSERTED.sub(lambda found: _inserted(found[1], parameters), part.prose or "")
        if words:
            yield f"{'   ' * indent}{label} {words}".rstrip() if label else f"{'   ' * indent}{words}"
        yield from _prose(part.parts or [], parameters, indent + bool(words))


def _inserted(name: str, parameters: dict[str, Any], depth: int = 0) -> str:
    parameter = parameters.get(name)
    if parameter is None or depth > 5:
        return f"[{name}]"
    choices = [
        INSERTED.sub(lambda found: _inserted(found[1], parameters, depth + 1), choice) for choice in _choices(parameter)
    ]
    if choices:
        return f"[Selection: {'; '.join(choices)}]"
    return f"[{parameter.label or name}]"
