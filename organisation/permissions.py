"""Who may do what: one table, read by pages, API and tests alike. What is not named is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied

from organisation.models import Role, User

FIRST, SECOND, THIRD = Role.FIRST.value, Role.SECOND.value, Role.THIRD.value
EXTERNAL, ADMINISTRATOR = Role.EXTERNAL.value, Role.ADMINISTRATOR.value
EVERYBODY = {FIRST, SECOND, THIRD, EXTERNAL, ADMINISTRATOR}
LINES = {FIRST, SECOND, THIRD, EXTERNAL}

MAY: dict[str, set[str]] = {
    "home.view": EVERYBODY,
    "notice.view": EVERYBODY,
    "job.view": EVERYBODY,
    "preference.change": EVERYBODY,
    "finding.view": LINES,
    "posture.view": LINES,
    "coverage.view": {FIRST, SECOND, THIRD, ADMINISTRATOR},
    "connection.view": {SECOND, THIRD, ADMINISTRATOR},
    "connection.manage": {ADMINISTRATOR},
    "connection.sync": {SECOND, ADMINISTRATOR},
    "solution.view": EVERYBODY,
    "solution.manage": {SECOND, ADMINISTRATOR},
    "person.view": {SECOND, THIRD, ADMINISTRATOR},
    "person.manage": {ADMINISTRATOR},
    "trail.view": {THIRD},
}

View = TypeVar("View", bound=Callable[..., Any])


def may(user: object, action: str) -> bool:
    """Whether a role held today allows `action`."""
    return (
        isinstance(user, User) and user.is_active and bool(user.roles_today & MAY.get(action, set()))
    )


def require(user: object, action: str, *, author: User | None = None) -> None:
    """Raise PermissionDenied unless a role held today may act, and not on its own work."""
    if not may(user, action) or (author is not None and user == author):
        raise PermissionDenied(action)


def permitted(action: str) -> Callable[[View], View]:
    """Name the action that a view stands for; `deny_by_default` refuses whoever may not do it."""
    if action not in MAY:
        raise LookupError(f"{action} is not in the permission table")

    def mark(view: View) -> View:
        view.action = action  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """A view that needs no log-in. Each one is listed in the test of the permission table."""
    view.action = None  # type: ignore[attr-defined]
    return view
