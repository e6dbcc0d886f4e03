"""An assurance pack of a large size: how long it takes to make, in how much memory, and its report alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from django.conf import settings
from django.core.management import call_command

from assurance.models import Pack
from assurance.pack import freezing, making, steps
from assurance.report import render
from audit import clock
from benchmarks import history, people, processors
from benchmarks.estate import Estate
from controls import mapping_sets
from controls.models import CheckReference, Control, Edition, FrameworkVersion, Frequency, Mapping, MappingSet
from evidence import signing
from evidence.capturing import capture
from evidence.models import Evidence
from findings.models import Check, SyncRun
from organisation.models import Role, Solution, User

FRAMEWORK, BASELINE = "nist-800-53", "moderate"
FINDINGS, CONTROLS, FILES, FILE = 20_000, 300, 5_000, 50_000
"""How many of each, and the bytes of a file."""
TIMES = 3
"""How often the pack is made; the fastest counts."""


def build() -> dict[str, Any]:
    """An empty portal becomes one with evidence, and with packs asked for. asked: their keys, by what they are of."""
    signing.make_key(Path(settings.SIGNING_KEY_FILE))
    estate = Estate(FINDINGS, history.begun())
    people.seed(estate)
    history.read(history.connect(estate), estate, range(FINDINGS), SyncRun.Kind.SWEEP)
    call_command("load_library", verbosity=0)
    for one in MappingSet.objects.filter(framework__key=FRAMEWORK):
        mapping_sets.approve(one.mappings.proposed(), because="Measured with all of them", by="benchmark")
    whole = FrameworkVersion.objects.current(clock.now()).get(framework__key=FRAMEWORK)
    baseline = _baseline(whole)
    dice = Random(7)
    controls = _controls(dice, baseline)
    for number in range(FILES):
        _capture(number, dice, controls[number % CONTROLS])
    return {
        "findings": FINDINGS,
        "controls": CONTROLS,
        "files": FILES,
        "requirements": {"baseline": baseline.editions.count(), "whole": whole.editions.count()},
        "asked": {"baseline": [_ask(baseline) for _ in range(TIMES)], "whole": [_ask(whole)]},
    }


def _baseline(whole: FrameworkVersion) -> FrameworkVersion:
    """A version that asks what NIST's baseline selects: the same requirements, so that the same is mapped to them."""
    made = FrameworkVersion.objects.create(
        framework=whole.framework, label=f"{whole.label} {BASELINE}", source_name=whole.source_name,
        source_sha256=whole.source_sha256, imported_by="benchmark", imported_at=clock.now(),
    )  # fmt: skip
    rows = list(whole.editions.in_baseline(BASELINE).order_by("position"))
    for one in rows:
        one.pk, one.version = None, made
    Edition.objects.bulk_create(rows)
    return made


def _controls(dice: Random, version: FrameworkVersion) -> list[Control]:
    """Each mapped to one to three requirements of the version, and to two checks that were observed."""
    owners = list(User.objects.with_role(Role.FIRST, clock.now()))
    controls = Control.objects.bulk_create(_control(number, dice.choice(owners)) for number in range(CONTROLS))
    observed = Check.objects.filter(kind=Check.Kind.COMPLIANCE).order_by("key").values_list("source", "key")
    checks = list(mapping_sets.references_of(set(observed)).values())
    requirements = list(version.editions.order_by("position").values_list("requirement", flat=True))
    Mapping.objects.bulk_create(_mappings(dice, controls, requirements, checks))
    return controls


def _control(number: int, owner: User) -> Control:
    return Control(
        name=f"Access to system {number} is reviewed",
        objective="Nobody keeps access that they no longer need, and whoever reviews it answers for the list.",
        kind=Control.Kind.DETECTIVE,
        method=Control.Method.AUTOMATED,
        frequency=Frequency.QUARTERLY,
        procedure="Draw twenty-five people who left, and hold their last day against when their access ended.",
        owner=owner,
        added_by="benchmark",
        added_at=clock.now(),
    )


def _mappings(
    dice: Random, controls: list[Control], requirements: list[int], checks: list[CheckReference]
) -> Iterator[Mapping]:
    at = clock.now()
    told: dict[str, Any] = {
        "relation": Mapping.Relation.SUBSET, "state": Mapping.State.APPROVED, "proposed_by": "benchmark",
        "proposed_at": at, "approved_by": "benchmark", "approved_at": at, "approved_because": "Measured with it",
    }  # fmt: skip
    for number, control in enumerate(controls):
        for requirement in {requirements[number % len(requirements)], *dice.sample(requirements, number % 3)}:
            yield Mapping(control=control, requirement_id=requirement, **told)
        for check in dice.sample(checks, 2):
            yield Mapping(control=control, check_named=check, **told)


def _capture(number: int, dice: Random, control: Control) -> None:
    """As a person brings it."""
    at = clock.now()
    capture(
        [dice.randbytes(FILE)],
        kind=Evidence.Kind.REPORT,
        title=f"Access review {number}",
        file_name=f"access-review-{number}.pdf",
        effective_from=at - timedelta(days=30),
        effective_to=at,
        by=control.owner,
        controls=[control],
    )


def _ask(version: FrameworkVersion) -> int:
    """Of all solutions, as of now."""
    by = User.objects.get(email=people.EMAILS["third"])
    solutions = list(Solution.objects.order_by("pk"))
    pack = freezing.of_framework(version, solutions, about=None, by=by, enqueue=lambda key: None)
    return pack.pk


def made(pack_id: int) -> dict[str, Any]:
    """Make it as a worker does, in a process that does nothing else."""
    with processors.memory() as memory, processors.measured() as took:
        making.run(pack_id)
    pack = Pack.objects.get(pk=pack_id)
    assert pack.size, f"{pack} was not sealed"
    return {**took, **memory, "mb": round(pack.size / 1e6, 1), "files": pack.files.count()}


def set_report(pack_id: int) -> dict[str, Any]:
    """Set the report alone, of the contents of a pack that was made."""
    contents = steps.Making(Pack.objects.get(pk=pack_id)).contents
    with processors.memory() as memory, processors.measured() as took:
        report = render(contents)
    return {**took, **memory, "mb": round(len(report) / 1e6, 1)}
