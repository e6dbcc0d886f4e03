"""The people and solutions of the demo, made by the ordinary verbs from what the sandbox says of its estate."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from audit import clock
from organisation import ownership
from organisation.models import Account, Delegation, Grant, Role, Solution, User
from organisation.models.dated import ends

SETUP = "demo set-up"
TAG_KEY = "solution"
SHARED = "shared"
WORDS = {
    "payments": ("Payments", "Takes card payments and settles them with the banks."),
    "customer-portal": ("Customer portal", "Where customers log in, order and see their invoices."),
    "data-platform": ("Data platform", "Collects the events of all systems and reports on them."),
    "hr-systems": ("HR systems", "Payroll, leave and recruiting."),
    "shared-platform": ("Shared platform", "Network, DNS, build and artefacts that all solutions use."),
    "foundation": ("Foundation", "The organisation's management, security and log accounts."),
}


@dataclass(frozen=True)
class DemoPerson:
    name: str
    email: str
    role: Role
    owns: tuple[str, ...] = ()
    is_shown: bool = False


PEOPLE = (
    DemoPerson("Ana Ferreira", "ana@example.org", Role.FIRST, ("payments", "customer-portal"), True),
    DemoPerson("Jonas Lindqvist", "jonas@example.org", Role.SECOND, is_shown=True),
    DemoPerson("Aroha Ngata", "aroha@example.org", Role.SECOND),
    DemoPerson("Miriam Okafor", "miriam@example.org", Role.THIRD, is_shown=True),
    DemoPerson("Hana Sato", "hana@example.org", Role.THIRD),
    DemoPerson("Tom Becker", "tom@example.org", Role.ADMINISTRATOR, is_shown=True),
    DemoPerson("Wei Zhang", "wei@example.org", Role.FIRST, ("data-platform",)),
    DemoPerson("Lucía Romero", "lucia@example.org", Role.FIRST, ("hr-systems",)),
    DemoPerson("Piotr Nowak", "piotr@example.org", Role.FIRST, ("shared-platform", "foundation")),
)


@transaction.atomic
def seed(world: Mapping[str, Any], passwords: Mapping[str, str]) -> None:
    """Make what is not there yet. world: GET /_sandbox/world. passwords: by e-mail address."""
    solutions = _solutions(world["accounts"])
    for person in PEOPLE:
        if User.objects.filter(email=person.email).exists():
            continue
        made = User.add(name=person.name, email=person.email, password=passwords[person.email], by=SETUP)
        made.give_role(person.role, reason="Demo", by=SETUP)
        for key in person.owns:
            if key in solutions:
                Grant.give(solutions[key], made, kind=Grant.Kind.OWNER, reason="Answers for it", by=SETUP)


def _solutions(accounts: list[dict[str, Any]]) -> dict[str, Solution]:
    """Each has its own accounts; the shared platform's are shared by tag between all of them."""
    by_solution: dict[str, list[Account]] = defaultdict(list)
    for told in accounts:
        by_solution[told["solution"] or SHARED].append(_account(told))
    shared = by_solution.pop(SHARED, []) + by_solution.get("shared-platform", [])
    made: dict[str, Solution] = {}
    for key, own in by_solution.items():
        name, description = WORDS.get(key, (key.replace("-", " ").capitalize(), ""))
        made[key] = _solution(key, name, description, own, shared)
    return made


def _account(told: Mapping[str, Any]) -> Account:
    said = {"name": told["name"], "state": told["state"], "ou_path": told["ou_path"]}
    return Account.objects.get_or_create(account_id=told["id"], defaults=said)[0]


def _solution(key: str, name: str, description: str, own: list[Account], shared: list[Account]) -> Solution:
    found = Solution.objects.named(name).first()
    if found is not None:
        return found
    solution = Solution.add(name=name, description=description, by=SETUP)
    for account in own:
        if account not in shared:
            ownership.add_account(solution, account, whole=True, by=SETUP)
    for account in shared:
        ownership.add_account(solution, account, whole=False, by=SETUP)
    ownership.add_tag_rule(solution, key=TAG_KEY, value=key, by=SETUP)
    return solution


def new_passwords() -> dict[str, str]:
    """One for each person of the demo, easy to type."""
    return {person.email: "-".join(secrets.token_hex(2) for _ in range(4)) for person in PEOPLE}


@transaction.atomic
def seed_leave() -> bool:
    """Lucía goes on leave, and Ana stands in for her. Whether it was still to be done."""
    away = User.objects.filter(email="lucia@example.org").first()
    instead = User.objects.filter(email="ana@example.org").first()
    if away is None or instead is None or Delegation.objects.exists():
        return False
    last = ends(timezone.localdate(clock.now()) + timedelta(days=12))
    Delegation.give(away, instead, since=None, until=last, reason="Annual leave", by=away)
    return True
