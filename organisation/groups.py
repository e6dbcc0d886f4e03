"""What the groups of the identity provider give: a line, and parts in solutions. What people gave by hand stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from audit import clock, trail
from audit.models import TrailEntry
from audit.words import kept, of_the_organisation
from organisation.models import Grant, GroupMapping, NotAllowed, Role, RoleAssignment, Solution, User

PROVIDER = gettext_noop("identity provider")
"""Who gave what a group gives, in `granted_by` and on the trail."""
AT_ODDS = "person.groups_at_odds"
GONE = gettext_noop("No group of theirs gives it any longer")

Tell = Callable[[User, str], None]
_told: list[Tell] = []


def on_at_odds(tell: Tell) -> None:
    """Call `tell(person, what is the matter)` where the groups of a person say what cannot be."""
    if tell not in _told:
        _told.append(tell)


def given_again(granted_by: str) -> str:
    """What to know before one ends by hand what a group gave; "" for what people gave."""
    if granted_by != PROVIDER:
        return ""
    return _("A group gave it, and gives it again at their next log-in, unless they leave the group or it is ended.")


def stands_for_something(groups: Iterable[str]) -> bool:
    return GroupMapping.objects.in_force(clock.now()).naming(groups).exists()


@transaction.atomic
def bring_in_line(person: User, groups: Iterable[str]) -> None:
    """What `groups` give begins, and what they gave and no longer give ends.

    A person stands on one line: one given by hand stays; else the one they stand on, where a group still gives it;
    else the first in the order of Role. Parts in solutions are for the first line. Nobody gets what they mapped.
    """
    User.objects.select_for_update().get(pk=person.pk)
    mapped = GroupMapping.objects.in_force(clock.now()).naming(groups).exclude(added_by=person.public_id)
    _line(person, list(mapped.lines().order_by("id")), clock.now())
    at = clock.now()  # the line began a moment ago
    is_first = person.role_assignments.in_force(at).filter(role=Role.FIRST).exists()
    _solutions(person, list(mapped.solutions(at).select_related("solution").order_by("id")) if is_first else [], at)


def _line(person: User, mapped: list[GroupMapping], at: datetime) -> None:
    group_of = {mapping.role: mapping.group for mapping in reversed(mapped)}
    said = [role.value for role in Role if role in group_of]
    held = person.role_assignments.not_ended(at).first()
    if held and (held.granted_by != PROVIDER or held.role in said):
        wanted = held.role
    else:
        wanted = said[0] if said else ""
        if held and not _ended(person, held):
            wanted = held.role
        elif wanted:
            person.give_role(wanted, reason=_of(group_of[wanted]), by=PROVIDER)
    if said and (len(said) > 1 or said[0] != wanted):
        _tell(person, said, wanted)


def _ended(person: User, held: RoleAssignment) -> bool:
    try:
        held.end(reason=kept(GONE), by=PROVIDER)
    except NotAllowed as refusal:
        trail.record(PROVIDER, AT_ODDS, person, groups_say=[], stays=held.role, because=str(refusal))
        return False
    return True


def _tell(person: User, said: list[str], stands_on: str) -> None:
    """On the trail at each log-in; to the administrators once, for as long as it stays the same."""
    detail = {"groups_say": said, "stays": stands_on}
    before = TrailEntry.objects.about("user", person.public_id).filter(action=AT_ODDS).last_first().first()
    trail.record(PROVIDER, AT_ODDS, person, **detail)
    if before and before.detail == detail:
        return
    with of_the_organisation():
        words = _("%(name)s: groups of the identity provider give %(lines)s; the person stands on: %(line)s.") % {
            "name": person.name,
            "lines": ", ".join(str(Role(role).label) for role in said),
            "line": Role(stands_on).label,
        }
    for tell in _told:
        tell(person, words)


def _solutions(person: User, mapped: list[GroupMapping], at: datetime) -> None:
    """The stronger part where two groups give one; none beside what people gave for the same solution."""
    wanted: dict[Solution, GroupMapping] = {}
    for mapping in mapped:
        assert mapping.solution
        known = wanted.get(mapping.solution)
        if known is None or (known.kind, mapping.kind) == (Grant.Kind.MEMBER, Grant.Kind.OWNER):
            wanted[mapping.solution] = mapping
    for grant in person.grants.managed().not_ended(at).select_related("solution"):
        mapping = wanted.get(grant.solution)  # type: ignore[assignment]
        if grant.granted_by != PROVIDER or (mapping and mapping.kind == grant.kind):
            wanted.pop(grant.solution, None)
        else:
            grant.end(reason=kept(GONE), by=PROVIDER)
    for solution, mapping in wanted.items():
        Grant.give(solution, person, kind=mapping.kind, reason=_of(mapping.group), by=PROVIDER)


def _of(group: str) -> str:
    return kept("In the group “%(group)s”") % {"group": group}
