"""What to change so that a check passes, in our own words; written by hand, one entry a check.

The texts stand in findings/data/fixes/*.toml, a table per check key with what, console, cli,
terraform, cloudformation and verify, and rules, the Config rules that ask the same. In commands <id>,
<arn>, <account> and <region> are the resource's own; other words in angle brackets are the
reader's to choose.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from django.utils.translation import gettext

from findings.models import Resource

FOLDER = Path(__file__).parent / "data" / "fixes"
IN_WORDS = ("what", "console", "verify")
"""What of a fix is language, the rest is code."""


class Asked(Protocol):
    """A check, as far as a fix needs to know it."""

    key: str
    config_rule: str


@dataclass(frozen=True)
class Fix:
    """what: the change in resource terms. verify: how to see that it took. cli: a command a line."""

    what: str
    console: str
    cli: str
    terraform: str
    cloudformation: str
    verify: str

    def on(self, resource: Resource | None) -> Fix:
        """The same with the resource's own names in the commands."""
        if resource is None:
            return self
        arn = resource.key if resource.key.startswith("arn:") else resource.native_id
        names = {
            "<id>": re.split(r"[:/]", resource.native_id)[-1],
            "<arn>": arn,
            "<account>": resource.account,
            "<region>": resource.region,
        }
        return replace(self, cli=_filled(self.cli, names), verify=_filled(self.verify, names))


def _filled(text: str, names: Mapping[str, str]) -> str:
    """Names come from AWS and end up in a shell: each is quoted where it needs to be."""
    return re.sub("|".join(names), lambda found: shlex.quote(names[found[0]]), text)


@lru_cache(maxsize=1)
def fixes() -> dict[str, Fix]:
    """Every fix by its check's key, and by the identifier of the Config rule that asks the same."""
    by_key: dict[str, Fix] = {}
    by_rule: dict[str, Fix] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for key, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            rules = entry.pop("rules", [])
            by_key[key] = Fix(**entry)
            by_rule |= dict.fromkeys(rules, by_key[key])
    return by_rule | by_key


def fix_for(check: Asked) -> Fix | None:
    """Ours for this check, in the reader's language; None where we have not written one."""
    found = fixes().get(check.key) or fixes().get(check.config_rule)
    return found and replace(found, **{name: gettext(getattr(found, name)) for name in IN_WORDS})
