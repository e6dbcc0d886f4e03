"""Sections that floors above add to a page of a floor below: a provider each, registered when its app is ready."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from organisation.middleware import Request


@dataclass(frozen=True)
class Panel:
    """template: rendered with `panel`, which is `content`."""

    template: str
    content: Any


Provider = Callable[[Request, Any], Panel | None]
"""What it adds to the page of a subject, or None where it has nothing to say to this reader."""

_providers: dict[str, list[Provider]] = defaultdict(list)


def provide(page: str, provider: Provider) -> None:
    """page: "solution", "control", "requirement", "check", "finding" or "preferences" (a User): what it is given."""
    if provider not in _providers[page]:
        _providers[page].append(provider)


def panels(page: str, request: Request, subject: Any) -> list[Panel]:
    return [made for provider in _providers[page] if (made := provider(request, subject))]
