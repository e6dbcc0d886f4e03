"""What was asked, and of which system: catalogue, profile and a minimal system security plan."""

from __future__ import annotations

from itertools import groupby

from assurance.pack.contents import Contents, ControlPart, RequirementPart
from assurance.pack.oscal.parts import Document, control_ids, metadata, name_of, props, statement, titled, token
from assurance.report.requirements import by_section
from risks.oscal_names import line, uuid_of


def catalog(contents: Contents) -> Document:
    """Ids and short titles alone: the text of a framework is its publisher's."""
    ids = control_ids(contents)
    groups = [
        {
            "id": token(f"section.{number}"),
            "title": line(section or "Requirements"),
            "controls": [_control(one, ids[one.id]) for one in some],
        }
        for number, (section, some) in enumerate(by_section(contents), 1)
    ]
    title = f"{contents.framework.name}, {contents.framework_version}: ids and short titles"
    made: Document = {"uuid": name_of(contents, "catalog"), "metadata": metadata(contents, title)}
    return {"catalog": {**made, **({"groups": groups} if groups else {})}}


def _control(one: RequirementPart, control_id: str) -> Document:
    return {
        "id": control_id,
        "title": titled(one),
        "props": [{"name": "label", "value": line(one.key)}, *props(id=one.id)],
        "parts": [{"id": statement(control_id), "name": "statement", "prose": titled(one)}],
    }


def profile(contents: Contents) -> Document:
    return {
        "profile": {
            "uuid": name_of(contents, "profile"),
            "metadata": metadata(contents, f"{contents.framework.name}: what is in scope"),
            "imports": [{"href": "catalog.json", "include-all": {}}],
        }
    }


def system_security_plan(contents: Contents) -> Document:
    """As much of a plan as an assessment needs to name the systems and the controls that exist."""
    ids = control_ids(contents)
    systems = [_system(contents, one.id, one.name) for one in contents.solutions]
    implemented = [_implemented(contents, one, ids[one.id]) for one in contents.requirements]
    named = ", ".join(one.name for one in contents.solutions)
    return {
        "system-security-plan": {
            "uuid": name_of(contents, "ssp"),
            "metadata": metadata(contents, f"System security plan of {named}, minimal"),
            "import-profile": {"href": "profile.json"},
            "system-characteristics": {
                "system-ids": [
                    {"identifier-type": "https://ietf.org/rfc/rfc4122", "id": uuid_of(one.id)}
                    for one in contents.solutions
                ],
                "system-name": line(named),
                "description": line(f"What is audited: {named}."),
                "system-information": {
                    "information-types": [{"title": "Not stated", "description": "The portal does not keep it."}]
                },
                "status": {"state": "operational"},
                "authorization-boundary": {"description": "The accounts and resources of the solutions."},
            },
            "system-implementation": {
                "users": [{"uuid": uuid_of("user/owner"), "title": "Control owner"}],
                "components": [*systems, *(_component(contents, one) for one in contents.controls)],
            },
            "control-implementation": {
                "description": "The controls that the organisation mapped to each requirement.",
                "implemented-requirements": implemented
                or [{"uuid": name_of(contents, "none"), "control-id": "not-stated", "remarks": "None is in scope."}],
            },
        }
    }


def _system(contents: Contents, public_id: str, name: str) -> Document:
    return {
        "uuid": name_of(contents, public_id),
        "type": "this-system",
        "title": line(name),
        "description": line(name),
        "props": props(id=public_id),
        "status": {"state": "operational"},
    }


def _component(contents: Contents, one: ControlPart) -> Document:
    return {
        "uuid": name_of(contents, one.id),
        "type": "process-procedure",
        "title": line(one.name),
        "description": line(one.objective),
        "props": props(id=one.id, method=one.method, frequency=one.frequency, owner=one.owner),
        "status": {"state": "operational"},
    }


def _implemented(contents: Contents, one: RequirementPart, control_id: str) -> Document:
    made: Document = {
        "uuid": name_of(contents, f"implements/{one.id}"),
        "control-id": control_id,
        "props": props(status=one.status, responsibility=one.responsibility),
    }
    components = [
        {
            "component-uuid": name_of(contents, key),
            "uuid": name_of(contents, f"implements/{one.id}/{key}"),
            "description": line("; ".join(mapping.relation for mapping in some)),
        }
        for key, some in groupby(sorted(one.controls, key=lambda m: m.control), key=lambda m: m.control)
        if any(control.id == key for control in contents.controls)
    ]
    if not made["props"]:
        del made["props"]
    return {**made, **({"by-components": components} if components else {})}
