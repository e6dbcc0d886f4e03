"""The library's frameworks in a portal with a past: their mappings adopted before it began."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.db.models import Count

from audit import clock
from benchmarks.history import days_back
from controls import mapping_sets, rollup
from controls.models import Edition, Framework, FrameworkVersion, MappingSet
from findings.models import FindingSpan

LARGEST = ("nist-800-53", "nzism")


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
