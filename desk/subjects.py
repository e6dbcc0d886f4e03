"""What people talk about and watch: things of any floor, by kind and public id. A floor registers its kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import Http404
from django.utils.translation import gettext as _

from organisation.models import Role, Solution, User
from organisation.permissions import OutOfReach, may


@dataclass(frozen=True)
class Subject:
    """url: the path of its page. owners: those who watch it unless they asked to stop. writers: the lines that
    comment on it; the others read.
    """

    kind: str
    public_id: str
    title: str
    url: str
    owners: tuple[User, ...] = ()
    solution: Solution | None = None
    writers: frozenset[str] = frozenset({Role.FIRST.value, Role.SECOND.value})


Found = Callable[[User, str], Subject | None]
"""What a public id names, or None (or Http404) where this person may not see it."""

_found: dict[str, Found] = {}


def register(kind: str, found: Found) -> None:
    """kind: the model's name, as the trail has it."""
    _found[kind] = found


def seen(kind: str, public_id: str, user: User) -> Subject | None:
    """The subject as this person may see it; None where there is none, or it is not theirs to see."""
    if kind not in _found or not may(user, "comment.view"):
        return None
    try:
        return _found[kind](user, public_id)
    except Http404:
        return None


def seen_or_404(kind: str, public_id: str, user: User) -> Subject:
    subject = seen(kind, public_id, user)
    if subject is None:
        raise Http404(f"There is no {kind} {public_id}, or it is not yours to see")
    return subject


def who_may_see(subject: Subject, people: Iterable[User]) -> list[User]:
    return [person for person in people if seen(subject.kind, subject.public_id, person)]


def writes(subject: Subject, user: User) -> bool:
    """Whether this person, who sees it, may comment on it."""
    return may(user, "comment.write") and bool(user.roles_today & subject.writers)


def require_writes(subject: Subject, user: User) -> None:
    """Raises PermissionDenied, in words."""
    if not writes(subject, user):
        who = " · ".join(str(role.label) for role in Role if role.value in subject.writers)
        raise OutOfReach(_("Here these comment: %(who)s. You may read, and watch it.") % {"who": who})
