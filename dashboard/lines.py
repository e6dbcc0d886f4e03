"""Whose glasses: the line whose home is shown, of the lines that the reader holds."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied

from organisation.middleware import Request
from organisation.models import Role, User


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    current: bool


def line_of(request: Request) -> str:
    """The line asked for by `?line=`, else the reader's first. Raises PermissionDenied for a line not held."""
    line = request.GET.get("line") or request.user.line
    if line not in request.user.roles_today:
        raise PermissionDenied("home.view")
    return line


def choices(user: User, line: str) -> list[Choice]:
    """The lines to switch between; empty for who holds one."""
    held = [role for role in Role if role.value in user.roles_today]
    return [Choice(role.value, str(role.label), role.value == line) for role in held] if len(held) > 1 else []
