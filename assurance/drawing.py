"""Samples: drawn from a frozen population, issued to those who are asked, and the result of each item."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assurance import sampling
from assurance.models import ControlTest, Population, Sample, SampleItem
from assurance.population_lines import STRATA, Line, read
from assurance.populations import needs_explaining
from assurance.sampling import Size
from assurance.subjects import source_of
from assurance.testing import begin_work, check_pieces, locked
from audit import clock, trail
from audit.words import of_the_organisation
from evidence import requests
from evidence.asked_people import everybody_asked
from evidence.capturing import storage
from evidence.models import Evidence, EvidenceRequest
from evidence.requests import Asking
from evidence.telling import tell
from organisation.models import Solution, User
from risks.refusals import Refused

Method = Sample.Method
Result = SampleItem.Result
DEVIATES = frozenset({Result.DEVIATION.value, Result.MISSING.value})
MOST_DRAWN = 2_000
MOST_SURE = Decimal("0.99")
"""Share of 1; to be surer, every item is tested."""


@dataclass(frozen=True)
class Design:
    """confidence, tolerable, expected: shares of 1. size: where another one than computed is taken, and why."""

    method: str
    strata: str = ""
    confidence: Decimal | None = None
    tolerable: Decimal | None = None
    expected: Decimal | None = None
    size: int | None = None
    size_because: str = ""


@transaction.atomic
def draw(population: Population, design: Design, *, by: User) -> Sample:
    """Once of each population, by a seed that is made at the draw and kept. Raises Refused."""
    test = locked(population.test, by=by)
    kept = Population.objects.select_for_update(of=("self",)).select_related("evidence").get(pk=population.pk)
    if Sample.objects.filter(population=kept).exists():
        raise Refused(_("A sample of it is drawn already; for another one, freeze the population anew."))
    if test.populations.first() != kept:
        raise Refused(_("A later population is frozen: draw from that one."))
    if needs_explaining(kept):
        raise Refused(_("Explain first where the population and what it was held against differ."))
    _design_makes_sense(design)
    lines = frozen(kept)
    size = size_of(kept.size, design)
    n = _asked_size(kept, design, size)
    seed = "" if design.method == Method.ALL else secrets.token_hex(16)
    taken = [lines[place] for place in _places(lines, design, n, seed)]
    if len(taken) > MOST_DRAWN:
        words = _("%(n)s items are more than anybody tests: draw a sample of them.") % {"n": f"{len(taken):,}"}
        raise Refused(words, "method")
    chance = design.method != Method.ALL
    made = Sample.objects.create(
        population=kept,
        method=design.method,
        seed=seed,
        strata=design.strata if design.method == Method.STRATIFIED else "",
        confidence=design.confidence if chance else None,
        tolerable=design.tolerable if chance else None,
        expected=design.expected if chance else None,
        size=len(taken),
        size_because=design.size_because,
        drawn_by=by,
        drawn_at=clock.now(),
    )
    SampleItem.objects.bulk_create(
        SampleItem(sample=made, number=number, key=one.key, label=one.label, stratum=_stratum(one, design.strata))
        for number, one in enumerate(taken, 1)
    )
    begin_work(test, by=by)
    trail.record(by, "control_test.sample_drawn", test, sample=made.public_id, items_sha256=digest_of(taken))
    return made


def digest_of(lines: Collection[Line]) -> str:
    """What the trail keeps of items that are not issued yet: SHA-256 of their keys, a line each."""
    return hashlib.sha256("\n".join(line.key for line in lines).encode()).hexdigest()


def frozen(population: Population) -> list[Line]:
    """The list as it was frozen, or none. Raises Refused."""
    try:
        with storage().open(population.evidence.stored_as) as file:
            raw: bytes = file.read()
    except OSError as missing:
        raise Refused(_("The file of the population is missing from the store: tell the administrators.")) from missing
    if hashlib.sha256(raw).hexdigest() != population.evidence.sha256:
        raise Refused(_("The file of the population is not the one that was frozen: its hash differs."))
    return read(raw)


def size_of(population: int, design: Design) -> Size:
    """What is computed for what is asked."""
    if design.method == Method.ALL or design.confidence is None or design.tolerable is None:
        return Size(population, 0)
    rates = {"tolerable": float(design.tolerable), "expected": float(design.expected or 0)}
    return sampling.size_for(population, confidence=float(design.confidence), **rates)


def allowed(sample: Sample) -> int | None:
    """Deviations with which it still shows what it was drawn for; None where every item was taken."""
    if sample.confidence is None or sample.tolerable is None:
        return None
    rates = {"tolerable": float(sample.tolerable), "expected": float(sample.expected or 0)}
    return sampling.size_for(sample.population.size, confidence=float(sample.confidence), **rates).allowed


def _design_makes_sense(design: Design) -> None:
    if design.method == Method.ALL:
        return
    if design.confidence is None:
        raise Refused(_("Say how sure it has to be."), "confidence")
    if design.tolerable is None:
        raise Refused(_("Say how many may deviate before it matters."), "tolerable")
    if (design.expected or 0) >= design.tolerable:
        words = _("If as many are expected to deviate as can be tolerated, no sample shows anything: test every item.")
        raise Refused(words, "expected")
    if design.method == Method.STRATIFIED and design.strata not in STRATA:
        raise Refused(_("Say by what it is divided."), "strata")


def _asked_size(population: Population, design: Design, computed: Size) -> int:
    if design.size is None or design.method == Method.ALL:
        return computed.items
    if design.size > population.size:
        raise Refused(_("The population has %(n)d items.") % {"n": population.size}, "size")
    if design.size != computed.items and not design.size_because.strip():
        words = _("Computed are %(n)d: say why it is another number.") % {"n": computed.items}
        raise Refused(words, "size_because")
    return design.size


def _places(lines: list[Line], design: Design, n: int, seed: str) -> list[int]:
    keys = [line.key for line in lines]
    if design.method == Method.RANDOM:
        return sampling.at_random(keys, n, seed)
    if design.method == Method.SYSTEMATIC:
        return sampling.systematic(len(lines), n, seed)
    if design.method == Method.STRATIFIED:
        strata = [_stratum(line, design.strata) for line in lines]
        if not any(strata):
            raise Refused(_("No item of the population says this."), "strata")
        return sampling.stratified(list(zip(keys, strata, strict=True)), n, seed)
    return list(range(len(lines)))


def _stratum(line: Line, field: str) -> str:
    return str(getattr(line, field))[:200] if field else ""


def asked_solutions(test: ControlTest) -> QuerySet[Solution]:
    """Of which the evidence of its items may be asked; none where that is said already."""
    rows: QuerySet[Solution] = test.engagement.solutions.all()
    return rows.none() if test.solution_id or test.control.solution_id else rows


def asked_people(test: ControlTest, by: User) -> QuerySet[User]:
    """Who may be asked for the evidence of its items."""
    about = test.solution or test.control.solution
    solutions = [about.pk] if about else test.engagement.solutions.values_list("pk", flat=True)
    return everybody_asked(frozenset(solutions), clock.now()).exclude(pk=by.pk)


@transaction.atomic
def issue(
    sample: Sample, *, assignee: User, due_on: date, what: str, by: User, solution: Solution | None = None
) -> list[str]:
    """Ask for the evidence of each item that is not tested yet: from now on those who are asked know of it.

    Returns the ids of the requests. Raises Refused.
    """
    test = locked(sample.population.test, by=by)
    kept = Sample.objects.select_for_update(of=("self",)).get(pk=sample.pk)
    if kept.issued_at:
        raise Refused(_("It is issued already."))
    items = list(kept.items.filter(result=Result.OPEN))
    if not items:
        raise Refused(_("Every item is tested already: there is nothing to ask for."))
    about, at = test.engagement, clock.now()
    made = [
        requests.keep(
            requests.checked(
                Asking(
                    title=f"{test.control.name[:120]}: {item.label[:70]}",
                    what=what,
                    assignee=assignee,
                    due_on=due_on,
                    solution=test.solution or solution,
                    control=test.control,
                    period=None if about.about_from == about.about_to else (about.about_from, about.about_to),
                    item=item.key,
                    source=source_of(about.public_id),
                ),
                by=by,
                at=at,
            )
        )
        for item in items
    ]
    kept.issued_by, kept.issued_at = by, at
    kept.save(update_fields=["issued_by", "issued_at"])
    trail.record(by, "control_test.sample_issued", test, sample=kept.public_id, seed=kept.seed, requests=len(made))
    with of_the_organisation():
        words = ngettext(
            "%(who)s asks for the evidence of %(n)d item of a sample: %(title)s",
            "%(who)s asks for the evidence of %(n)d items of a sample: %(title)s",
            len(made),
        ) % {"who": by.name, "n": len(made), "title": test.control.name}
    tell([assignee], made[0], words, by=by)
    return [one.public_id for one in made]


def requests_of(test: ControlTest, items: Collection[SampleItem], user: User) -> dict[str, EvidenceRequest]:
    """By key of an item: the request that was made for it last, of those that this person sees. One query."""
    seen = EvidenceRequest.objects.visible_to(user).filter(control=test.control_id)
    keys = [one.key for one in items]
    rows = seen.filter(source_kind="engagement", source_id=test.engagement.public_id, item__in=keys)
    return {one.item: one for one in rows.order_by("pk")}


@transaction.atomic
def keep_result(
    item: SampleItem, result: str, *, note: str = "", evidence: Collection[Evidence] = (), by: User
) -> SampleItem:
    """What was found of an item; it may be said again until the test is concluded. Raises Refused.

    Where its evidence is missing, it deviates: nothing takes its place.
    """
    test = locked(item.sample.population.test, by=by)
    kept = SampleItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
    if result == Result.OPEN:
        raise Refused(_("Say what was found."), "result")
    if result in DEVIATES and not note.strip():
        raise Refused(_("Say what deviates, or what is missing."), "note")
    check_pieces(test, evidence, by)
    kept.result, kept.note = result, note
    kept.tested_by, kept.tested_at = by, clock.now()
    kept.save(update_fields=["result", "note", "tested_by", "tested_at"])
    kept.evidence.set(evidence)
    trail.record(by, "control_test.item_tested", test, sample=kept.sample.public_id, number=kept.number)
    return kept
