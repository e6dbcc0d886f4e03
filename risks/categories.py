"""How the organisation sorts its risks: categories added, changed, retired and re-opened."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from audit import clock, trail
from organisation.models import NotAllowed, User
from risks.models import Category


@transaction.atomic
def add(*, name: str, description: str = "", by: User | str) -> Category:
    """Raises NotAllowed where another one has the name."""
    _free(name)
    made = Category.objects.create(name=name, description=description, added_at=clock.now())
    trail.record(by, "category.added", made, name=name, description=description)
    return made


@transaction.atomic
def change(category: Category, *, name: str, description: str, read: int, by: User | str) -> None:
    """Raises StaleRow, and NotAllowed where another one has the name."""
    if category.retired_at:
        raise NotAllowed(_("It is retired: re-open it first."))
    _free(name, category)
    before = {"name": category.name, "description": category.description}
    after = {"name": name, "description": description}
    category.name, category.description = name, description
    category.save_version(read=read)
    changed = {key: [before[key], after[key]] for key in after if before[key] != after[key]}
    if changed:
        trail.record(by, "category.changed", category, changed=changed)


@transaction.atomic
def retire(category: Category, *, because: str, read: int, by: User | str) -> None:
    """No new risk is sorted there; those that are stay. Raises StaleRow, NotAllowed."""
    if category.retired_at:
        raise NotAllowed(_("It is retired already."))
    category.retired_at = clock.now()
    category.save_version(read=read)
    trail.record(by, "category.retired", category, because=because)


@transaction.atomic
def reopen(category: Category, *, because: str, read: int, by: User | str) -> None:
    """Raises StaleRow, NotAllowed."""
    if category.retired_at is None:
        raise NotAllowed(_("It is not retired."))
    was = {"at": category.retired_at.isoformat()}
    category.retired_at = None
    category.save_version(read=read)
    trail.record(by, "category.reopened", category, because=because, was_retired=was)


def _free(name: str, but: Category | None = None) -> None:
    if Category.objects.named(name).exclude(pk=but.pk if but else 0).exists():
        raise NotAllowed(_("Another category has this name; a retired one keeps its own."))
