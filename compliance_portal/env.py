"""Values from the environment: the only module that reads it. Table: docs/settings.md."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def optional(name: str, default: str = "") -> str:
    """The value of NAME, or of the file that NAME_FILE names; `default` where neither is set."""
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text(encoding="utf-8").strip()
    return os.environ.get(name) or default


def required(name: str, why: str) -> str:
    """The value of NAME. Raises ImproperlyConfigured, saying what to set and why."""
    if value := optional(name):
        return value
    raise ImproperlyConfigured(f"Set {name} ({why}); see docs/settings.md.")


def flag(name: str, default: bool = False) -> bool:
    """Whether NAME is 1, true, yes or on."""
    return optional(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def whole_number(name: str, default: int) -> int:
    """NAME as a whole number. Raises ImproperlyConfigured where it is none."""
    value = optional(name, str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}; see docs/settings.md.")
    return int(value)


def share(name: str, default: str) -> float:
    """NAME as a number from 0 on, such as 0.5. Raises ImproperlyConfigured where it is none."""
    value = optional(name, default)
    if not value.replace(".", "", 1).isdecimal():
        raise ImproperlyConfigured(f"{name} must be a number such as 0.5, not {value!r}; see docs/settings.md.")
    return float(value)


def words(name: str, default: str = "") -> list[str]:
    """NAME split at commas."""
    return [word.strip() for word in optional(name, default).split(",") if word.strip()]
