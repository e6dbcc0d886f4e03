"""The library's frameworks in a portal with a past: their mappings adopted before it began."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.db.models import Count
from django.test import Client
from django.urls import reverse

from audit import clock
from benchmarks.history import days_back
from controls import mapping_sets, proposing, rollup
from controls.models import Edition, Framework, FrameworkVersion, Mapping, MappingSet
from findings.models import Check, FindingSpan
from organisation.models import User

LARGEST = ("nist-800-53", "nzism")
CHANGES = 3


def seed() -> None:
    """Load the library and adopt every set as of the first day that is known. A kept database has them already."""
    if Framework.objects.exists():
        return
    began = FindingSpan.objects.earliest("recorded_at").recorded_at
    days_back((clock.now() - began).days)
    call_command("load_library", verbosity=0)
    for found in MappingSet.objects.all():
        mapping_sets.approve(found.mappings.proposed(), because="Measured with all of them", by="benchmark")
    days_back(0)


def rolled_up() -> dict[str, Any]:
    """How long it takes to work out every requirement's standing in every solution, and again with nothing changed."""
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        rollup.roll_up()
        seconds.append(round(time.perf_counter() - started, 3))
    return {"first_seconds": seconds[0], "again_seconds": seconds[1]}


def changed(cookie: str) -> dict[str, Any]:
    """How long after the commit of a mapping's approval each page that shows it has been read with it in it.

    In seconds, each page from the commit on by itself, and all of them one after the other. Three changes.
    """
    version = versions()[0]
    requirement = most_shown(version).requirement
    pages = {
        "requirement": reverse("controls:requirement", args=[requirement.public_id]),
        "framework": reverse("controls:framework", args=[version.framework.public_id]),
        "frameworks": reverse("controls:frameworks"),
        "frameworks by solution": reverse("controls:posture"),
    }
    browser = Client()
    browser.cookies["sessionid"] = cookie
    slowest: dict[str, float] = dict.fromkeys(pages, 0.0)
    longest = 0.0
    failing = Check.objects.filter(kind=Check.Kind.COMPLIANCE).exclude(
        key__in=requirement.mappings.open().exclude(check_named=None).values("check_named__key")
    )
    for check in failing.order_by("pk")[:CHANGES]:
        for path in pages.values():
            browser.get(path)
        by = User.objects.get(email="jonas@example.org")
        named = next(iter(mapping_sets.references_of({(check.source, check.key)}).values()))
        proposing.propose(requirement, named, relation="subset", rationale="Measured", by=by)
        rows = Mapping.objects.filter(requirement=requirement, check_named=named, state=Mapping.State.PROPOSED)
        mapping_sets.approve(rows, because="Measured", by="benchmark")
        committed = time.perf_counter()
        for name, path in pages.items():
            began = time.perf_counter()
            answer = browser.get(path)
            assert answer.status_code == 200
            assert name != "requirement" or check.key in answer.content.decode()
            slowest[name] = max(slowest[name], time.perf_counter() - began)
        longest = max(longest, time.perf_counter() - committed)
        mapping_sets.end(Mapping.objects.filter(requirement=requirement, check_named=named).open(), because="x", by=by)
    return {"slowest": {name: round(one, 3) for name, one in slowest.items()}, "all_seconds": round(longest, 3)}


def versions() -> list[FrameworkVersion]:
    """The current ones of the largest frameworks."""
    current = FrameworkVersion.objects.current(clock.now()).filter(framework__key__in=LARGEST)
    return list(current.select_related("framework").order_by("framework__key"))


def most_shown(version: FrameworkVersion) -> Edition:
    """The requirement with the most mappings to checks."""
    return version.editions.asked().annotate(n=Count("requirement__mappings")).latest("n", "pk")


def half_a_year_ago() -> str:
    """The day, or the first whole day that is known where that is later."""
    first = FindingSpan.objects.earliest("recorded_at").recorded_at + timedelta(days=1)
    return max(clock.now() - timedelta(days=180), first).date().isoformat()
