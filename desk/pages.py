"""The pages of what nobody discusses (for the rest see desk.subjects), for whoever is told of it. A floor registers
its kinds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from audit.public_id import PublicId
from desk import subjects
from organisation.models import User
from organisation.permissions import may


@dataclass(frozen=True)
class Page:
    """name: of the address, which takes a public id. action: what opens it. rows: those that a person may see."""

    name: str
    action: str
    rows: Callable[[User], QuerySet[Any]]


_pages: dict[str, Page] = {}


def register(kind: str, page: Page) -> None:
    """kind: the model's name, as the trail has it."""
    _pages[kind] = page


def address_of(thing: PublicId, reader: User) -> str:
    """The path of the page that shows it to this reader; empty where none does."""
    kind = str(thing._meta.model_name)
    if found := subjects.seen(kind, thing.public_id, reader):
        return found.url
    page = _pages.get(kind)
    if page is None or not may(reader, page.action) or not page.rows(reader).filter(pk=thing.pk).exists():
        return ""
    return reverse(page.name, args=[thing.public_id])
