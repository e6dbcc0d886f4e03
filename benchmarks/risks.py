"""A register of ten thousand risks: what its pages take, and what bringing it up to now takes."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import timedelta
from random import Random
from typing import Any

from django.urls import NoReverseMatch, reverse

from audit import clock
from benchmarks import people
from benchmarks.addresses import Page, queries
from organisation import demo as organisation_demo
from organisation.models import Role, Solution, User
from risks import demo, standing
from risks.models import Assessment, Category, Matrix, Risk

RISKS = 10_000
ASSESSED = 0.95
CLOSED = 0.1
PAGES = (
    ("register", "second", "risks:register"),
    ("register, of one's own", "first", "risks:register"),
    ("heat map", "second", "risks:heat_map"),
    ("heat map, of one's own", "first", "risks:heat_map"),
    ("heat map by inherent level", "second", "risks:heat_map?by=inherent"),
    ("heat map of yesterday", "second", "risks:heat_map?as_of="),
    ("appetite", "second", "risks:appetite"),
)
SOLUTIONS = ("payments", "customer-portal", "data-platform", "hr-systems", "shared-platform", "foundation")


def build() -> dict[str, Any]:
    """An empty portal becomes one with a register; what is measured inside, and which pages are to be measured."""
    told = [
        {"id": f"{n:012}", "name": f"{key}-prod", "state": "ACTIVE", "ou_path": "Root", "solution": key}
        for n, key in enumerate(SOLUTIONS, 1)
    ]
    organisation_demo.seed({"accounts": told}, organisation_demo.new_passwords())
    demo.seed()
    _register(Random(5))
    seconds = {"refresh_s": _seconds(standing.refresh), "follow_dates_s": _seconds(standing.follow_dates)}
    cookies = people.cookies()
    return {"risks": RISKS, **seconds, "cookies": cookies, "pages": _pages(cookies)}


def _register(dice: Random) -> None:
    matrix = Matrix.objects.get()
    solutions, categories = list(Solution.objects.all()), list(Category.objects.all())
    owners = list(User.objects.with_role(Role.FIRST, clock.now()))
    second = User.objects.with_role(Role.SECOND, clock.now())[0]
    at = clock.now() - timedelta(days=1)
    risks = Risk.objects.bulk_create(_risk(n, dice, solutions, categories, owners, second) for n in range(RISKS))
    Assessment.objects.bulk_create(
        Assessment(
            risk=risk, kind=kind, matrix=matrix, likelihood=row, impact=column, level=matrix.level_of(row, column),
            because="Stated in a workshop", proposed_by=risk.owner, proposed_at=at, confirmed_by=risk.owner,
            confirmed_at=at,
        )
        for risk in risks
        if dice.random() < ASSESSED
        for kind in Assessment.Kind.values
        for row, column in [(dice.randrange(5), dice.randrange(5))]
    )  # fmt: skip


def _risk(n: int, dice: Random, solutions: Any, categories: Any, owners: Any, second: User) -> Risk:
    at = clock.now() - timedelta(days=2)
    closed: dict[str, Any] = {"closure_proposed_at": at, "closed_at": at, "closed_by": second}
    return Risk(
        title=f"Keys leak from system {n}", cause="Long-lived keys lie in build servers", event="Somebody copies them",
        consequence="Customers' data is read by strangers", solution=dice.choice(solutions),
        category=dice.choice(categories), owner=dice.choice(owners), added_by="benchmark", added_at=at,
        **(closed if dice.random() < CLOSED else {}),
    )  # fmt: skip


def _seconds(verb: Any) -> float:
    began = time.monotonic()
    verb()
    return round(time.monotonic() - began, 2)


def _pages(cookies: dict[str, str]) -> list[dict[str, Any]]:
    """Those that are built."""
    found = []
    yesterday = (clock.now() - timedelta(hours=12)).strftime("%Y-%m-%dT%H:%M")
    for name, line, address in PAGES:
        named, _, asked = address.partition("?")
        try:
            path = reverse(named)
        except NoReverseMatch:
            continue
        query = f"?{asked}{yesterday if asked == 'as_of=' else ''}" if asked else ""
        page = Page(name, line, path + query)
        found.append({**asdict(page), "queries": queries(page, cookies[line])})
    return found
