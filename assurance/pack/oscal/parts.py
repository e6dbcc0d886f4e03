"""What the OSCAL documents of a pack have in common."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from trestle.oscal import OSCAL_VERSION

from assurance.pack.contents import Contents, EvidencePart, RequirementPart
from risks.oscal_names import OURS, line, uuid_of

Document = dict[str, Any]
OF_A_RESULT = {"auditor": "Auditor", "control-owner": "Control owner"}


def name_of(contents: Contents, what: str) -> str:
    """The uuid of something of this pack."""
    return uuid_of(f"{contents.id}/{what}")


def moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def metadata(contents: Contents, title: str) -> Document:
    return {
        "title": line(title),
        "last-modified": moment(contents.seal_time),
        "version": line(contents.id),
        "oscal-version": OSCAL_VERSION,
        "roles": [{"id": key, "title": title} for key, title in OF_A_RESULT.items()],
        "parties": [
            {
                "uuid": uuid_of("portal"),
                "type": "organization",
                "name": line(contents.organisation or "The organisation"),
            }
        ],
    }


def prop(name: str, value: object) -> Document:
    return {"name": name, "ns": OURS, "value": line(str(value))}


def props(**said: object) -> list[Document]:
    """Those that say something."""
    return [prop(name.replace("_", "-"), value) for name, value in said.items() if value not in ("", None)]


def token(text: str) -> str:
    """An OSCAL token of any key: AC-2(1) becomes ac-2.1."""
    plain = re.sub(r"[^a-z0-9.-]+", ".", text.lower().replace("(", ".")).strip(".-")
    return plain if plain[:1].isalpha() else f"r-{plain}"


def control_ids(contents: Contents) -> dict[str, str]:
    """Public id of each requirement → its id in the catalogue; two keys that look alike stay two."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for one in contents.requirements:
        wanted = token(one.key)
        found[one.id] = wanted if wanted not in taken else token(f"{one.key}.{one.id}")
        taken.add(found[one.id])
    return found


def statement(control_id: str) -> str:
    return f"{control_id}_smt"


def origin() -> list[Document]:
    return [{"actors": [{"type": "tool", "actor-uuid": uuid_of("portal")}]}]


def reviewed() -> Document:
    return {"control-selections": [{"include-all": {}}]}


def resource(contents: Contents, one: EvidencePart) -> Document:
    """A piece of evidence: its file in the pack, or its digest alone."""
    made: Document = {
        "uuid": name_of(contents, one.id),
        "title": line(one.title),
        "description": line(f"{one.kind}. {one.source}. {one.why_not_embedded}"),
        "props": props(id=one.id, sha256=one.sha256, size=one.size),
    }
    if one.file:
        hashes = [{"algorithm": "SHA-256", "value": one.sha256}]
        made["rlinks"] = [{"href": f"../{one.file}", "media-type": one.media_type, "hashes": hashes}]
    return made


def back_matter(contents: Contents) -> Document:
    return (
        {"back-matter": {"resources": [resource(contents, one) for one in contents.evidence]}}
        if contents.evidence
        else {}
    )


def titled(one: RequirementPart) -> str:
    return line(one.title or one.key)
