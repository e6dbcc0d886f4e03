"""The administrator's home: is everything connected, does everybody have a role, what is not set up yet."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import clock
from findings.coverage_figures import CoverageFigures
from findings.models import Connection, CoverageState, Scope
from organisation.models import Account, Role, RoleAssignment, Solution, User

FIRST_FEW = 10


@dataclass(frozen=True)
class Connected:
    connection: Connection
    coverage: CoverageFigures

    @property
    def state(self) -> str:
        """never: neither tested nor read yet; failed: a step of its last test; disabled: switched off."""
        if not self.connection.enabled:
            return "disabled"
        if not self.connection.tested_at:
            return "done" if self.coverage.counts[CoverageState.FRESH] else "never"
        steps = self.connection.test_report
        return "done" if all(step.get("ok") for step in steps) else "failed"

    @property
    def words(self) -> str:
        return {
            "disabled": _("Switched off"),
            "never": _("Not tested"),
            "failed": _("Test failed"),
            "done": _("Works"),
        }[self.state]


@dataclass(frozen=True)
class Missing:
    """Something to set up. door: the name of the page where; query: what it shows there."""

    words: str
    why: str
    door: str


@dataclass(frozen=True)
class Administration:
    connections: list[Connected]
    roleless: list[User]
    roleless_count: int
    missing: list[Missing]


def administration() -> Administration:
    """A fixed number of queries; nothing about findings, which an administrator does not see."""
    at = clock.now()
    without = User.objects.without_role(at).order_by("name", "pk")
    connections = connected()
    count = without.count()
    return Administration(connections, list(without[:FIRST_FEW]), count, missing(connections))


def connected() -> list[Connected]:
    """Every connection, with the states of its scopes. Two queries."""
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    scopes = Scope.objects.filter(retired_at=None).values_list("connection", "state")
    for connection, state, n in scopes.annotate(n=Count("pk")).order_by():
        counts[connection][state] = n
    return [Connected(one, CoverageFigures(counts[one.pk])) for one in Connection.objects.all()]


def missing(connections: list[Connected]) -> list[Missing]:
    """What stands between this installation and a full picture, most pressing first."""
    at = clock.now()
    roles = RoleAssignment.objects.in_force(at).filter(person__is_active=True)
    held = set(roles.values_list("role", flat=True).distinct())
    solutions = Solution.objects.in_use(at)
    solution_count = solutions.count()
    ownerless = solutions.without_owner(at).count()
    unclaimed = Account.objects.unclaimed(at).count()
    found = []
    if not connections:
        found.append(
            Missing(_("Connect AWS"), _("Nothing can be observed without a connection."), "findings:connections")
        )
    untested = sum(one.state == "never" for one in connections)
    if untested:
        words = ngettext("Test %(n)d connection", "Test %(n)d connections", untested) % {"n": untested}
        found.append(
            Missing(words, _("It was never tried out; nothing is read through it yet."), "findings:connections")
        )
    if not settings.SIGNING_KEY_FILE:
        words, why = _("Set a signing key"), _("Without one no head of the trail is kept and no pack is sealed.")
        found.append(Missing(words, why, "evidence:trail_heads"))
    for role in (Role.FIRST, Role.SECOND, Role.THIRD):
        if role.value not in held:
            words = _("Give somebody the role “%(role)s”") % {"role": role.label}
            found.append(Missing(words, _("Nobody holds it today, so nobody can do its part."), "organisation:people"))
    if not solution_count:
        words = _("Add the first solution")
        found.append(
            Missing(words, _("Findings reach people through the solutions they own."), "organisation:solutions")
        )
    if ownerless:
        words = ngettext("Name an owner for %(n)d solution", "Name owners for %(n)d solutions", ownerless)
        found.append(Missing(words % {"n": ownerless}, _("Nobody answers for it."), "organisation:solutions"))
    if unclaimed:
        words = ngettext("Assign %(n)d account to a solution", "Assign %(n)d accounts to solutions", unclaimed)
        why = _("What is found there belongs to no solution and reaches no first line.")
        found.append(Missing(words % {"n": unclaimed}, why, "organisation:accounts"))
    return found


def administrators() -> list[User]:
    """Whom to ask for a role, by name."""
    return list(User.objects.active().with_role(Role.ADMINISTRATOR, clock.now()).order_by("name", "pk"))
