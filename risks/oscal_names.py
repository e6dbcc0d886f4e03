"""How OSCAL documents of the portal name things: by uuid5 of our public ids, so that the next one names the same."""

from __future__ import annotations

from uuid import UUID, uuid5

NAMESPACE = UUID("6f2b5f0e-64a5-5d0c-9d3c-2f7c1c0f6a57")
OURS = "https://compliance-portal.example/ns/oscal"
"""The name of our own properties and facets."""


def uuid_of(name: str) -> str:
    """Of anything with a name of ours, e.g. R-41, or poam/S-1."""
    return str(uuid5(NAMESPACE, name))


def line(text: str) -> str:
    """OSCAL's strings are one line, with no space around."""
    return " ".join(text.split()) or "–"
