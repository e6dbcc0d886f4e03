"""Who watches something, and telling them."""

from __future__ import annotations

from collections.abc import Iterable

from audit import clock
from desk.models import Notice, Watch
from desk.notices import notify
from desk.subjects import Subject, who_may_see
from organisation.models import User

Because = Watch.Because


def watch(subject: Subject, person: User) -> None:
    _said(subject, person, watches=True)


def unwatch(subject: Subject, person: User) -> None:
    """Until they ask to watch it again; writing, owning or being mentioned does not begin it anew."""
    _said(subject, person, watches=False)


def _said(subject: Subject, person: User, *, watches: bool) -> None:
    Watch.objects.update_or_create(
        kind=subject.kind,
        subject=subject.public_id,
        person=person,
        defaults={"watches": watches, "because": Because.ASKED, "since": clock.now()},
    )


def begin(subject: Subject, people: Iterable[User], because: Watch.Because) -> None:
    """They watch it from now on, but for those who asked to stop."""
    at = clock.now()
    rows = [
        Watch(kind=subject.kind, subject=subject.public_id, person=person, because=because, since=at)
        for person in people
    ]
    Watch.objects.bulk_create(rows, ignore_conflicts=True)


def watchers(subject: Subject) -> list[User]:
    """By name: who began and who owns it, but for those who asked to stop. One query."""
    said = Watch.objects.about(subject.kind, subject.public_id).select_related("person")
    watches = {one.person: one.watches for one in said}
    people = dict.fromkeys(subject.owners, True) | watches
    return sorted((one for one, does in people.items() if does and one.is_active), key=lambda one: (one.name, one.pk))


def tell(
    subject: Subject, kind: str, text: str, *, by: User | None = None, but: Iterable[User] = (), place: str = ""
) -> list[Notice]:
    """A notice of this kind to everybody who watches it and may see it, except who did it and `but`.

    place: of its page, e.g. "#discussion".
    """
    spared = {by, *but}
    people = who_may_see(subject, [one for one in watchers(subject) if one not in spared])
    return notify(people, kind, text, url=f"{subject.url}{place}", subject=subject.public_id, by=by)
