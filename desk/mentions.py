"""People in a text: "@Ana Example". Picked from the list while typing, or typed as their name stands."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from audit import clock
from audit.history import rows_named
from desk.models import Watch
from desk.subjects import Subject, who_may_see
from organisation.models import Grant, NotAllowed, RoleAssignment, User

AT = re.compile(r"(?<!\w)@(\w[^\n@]*)")
MOST_WORDS = 6
MARKS = ".,;:!?)]}'\"’”…-"
LOOKED_AT, SUGGESTED = 40, 8


def mentioned_in(text: str, subject: Subject, picked: Iterable[str] = ()) -> dict[User, str]:
    """The people whom a text names, each as it names them. Raises NotAllowed.

    picked: public ids of people who were chosen from the list; those whom the text no longer names are passed over.
    """
    places = [_names_at(match[1]) for match in AT.finditer(text)]
    wanted = {name.lower() for names in places for name in names}
    if not wanted:
        return {}
    chosen = rows_named(User.objects.all(), {one.upper() for one in picked}).values()
    known = User.objects.active().annotate(lower=Lower("name")).filter(lower__in=wanted)
    people: dict[str, list[User]] = {}
    for person in [*chosen, *known]:
        people.setdefault(person.name.lower(), []).append(person)
    found: dict[User, str] = {}
    for names in places:
        as_written = next((name for name in names if name.lower() in people), None)
        if as_written:
            same = people[as_written.lower()]
            preferred = [one for one in same if one in chosen] or same
            found.setdefault(_one_of(preferred, as_written, subject), as_written)
    return found


def _names_at(rest: str) -> list[str]:
    """What the name after an @ may be, the longest first."""
    ends = [match.end() for match in re.finditer(r"\S+", rest)][:MOST_WORDS]
    names = [name for end in reversed(ends) for name in (rest[:end], rest[:end].rstrip(MARKS))]
    return list(dict.fromkeys(names))


def _one_of(people: list[User], name: str, subject: Subject) -> User:
    """Of the people with this name, the one who may see what it is about."""
    may = [one for one in who_may_see(subject, people) if one.is_active]
    if not may:
        raise NotAllowed(
            _("%(name)s may not see %(id)s, so nobody is told. Mention people who work on it or oversee it.")
            % {"name": name, "id": subject.public_id}
        )
    if len(set(may)) > 1:
        raise NotAllowed(_("Several people are called %(name)s: choose from the list as you type.") % {"name": name})
    return may[0]


def suggested(words: str, subject: Subject, *, but: User) -> list[User]:
    """A few people who may see the subject and one of whose names begins with this; those nearest to it first."""
    if not words:
        return []
    at = clock.now()
    begins = Q(name__istartswith=words) | Q(name__icontains=f" {words}")
    holds = RoleAssignment.objects.in_force(at).filter(person=OuterRef("pk"))
    watches = Watch.objects.about(subject.kind, subject.public_id).filter(person=OuterRef("pk"))
    grants = Grant.objects.in_force(at).filter(person=OuterRef("pk"), solution=subject.solution)
    people = User.objects.active().filter(begins, Exists(holds)).exclude(pk=but.pk)
    nearest = people.annotate(watches_it=Exists(watches), works_on_it=Exists(grants))
    found: list[User] = []
    for person in nearest.order_by("-watches_it", "-works_on_it", "name", "pk")[:LOOKED_AT]:
        found += who_may_see(subject, [person])
        if len(found) == SUGGESTED:
            break
    return found
