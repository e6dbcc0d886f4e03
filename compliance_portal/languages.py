"""The languages in which the portal can be read: its own, and those with a compiled catalogue in locale/."""

from __future__ import annotations

from pathlib import Path

from django.conf.locale import LANG_INFO
from django.utils.translation import to_language

OWN = "en-gb"


def installed(folder: Path) -> list[tuple[str, str]]:
    """Code and name, in the language itself, of each: docs/translating.md tells how one is added."""
    catalogues = sorted(folder.glob("*/LC_MESSAGES/django.mo"))
    codes = [to_language(one.parent.parent.name) for one in catalogues]
    return [(OWN, "English"), *((code, _name(code)) for code in codes if code != OWN)]


def _name(code: str) -> str:
    known = LANG_INFO.get(code) or LANG_INFO.get(code.partition("-")[0]) or {}
    return str(known.get("name_local", code)).capitalize()
