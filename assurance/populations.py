"""Populations: listed, held against a source that is independent of the checks, frozen and hashed before any draw."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from assurance.configurations import configurations
from assurance.models import ControlTest, Population
from assurance.population_lines import Ground, Line, Source, lines_of, listed_in
from assurance.testing import begin_work, locked
from audit import clock, trail
from audit.words import kept
from controls.models import Control
from evidence.capturing import capture
from evidence.models import Evidence
from findings.models import Check, Resource
from organisation.models import Account, SolutionAccount, User
from risks.refusals import Refused

Against = Population.Against
MOST_NAMED = 200
"""Of the items that one of the two sources lacks; the others are counted."""


@dataclass(frozen=True)
class Wanted:
    """listed, other: files, of a list that is brought and of one that it is held against."""

    source: str
    against: str = ""
    listed: bytes = b""
    other: bytes = b""


@dataclass(frozen=True)
class Difference:
    """Names of what only one of the two has, in order."""

    only_here: tuple[str, ...] = ()
    only_there: tuple[str, ...] = ()


@transaction.atomic
def freeze(test: ControlTest, wanted: Wanted, *, by: User) -> Population:
    """The list goes into the locker as it is now; what came before it stays there. Raises Refused."""
    held = locked(test, by=by)
    _can_be_listed(held, wanted)
    at = clock.now()
    ground = Ground.of(held, now=at)
    if ground.begin >= ground.at and wanted.source in (Source.CHECKS, Source.CHANGES, Source.CONFIGURATIONS):
        raise Refused(_("A moment is audited, and this source needs a period: take the resources."), "source")
    lines = lines_of(ground, wanted.source, wanted.listed)
    found = _held_against(ground, lines, wanted)
    evidence = capture(
        (line.written() for line in lines),
        kind=Evidence.Kind.WORKING_PAPER,
        title=kept("Population of %(id)s") % {"id": held.public_id},
        file_name=f"{held.public_id} population.jsonl",
        effective_from=ground.begin,
        effective_to=ground.at,
        confidentiality=Evidence.Confidentiality.RESTRICTED,
        media_type="application/x-ndjson",
        by=by,
    )
    made = Population.objects.create(
        test=held,
        source=wanted.source,
        against=wanted.against,
        against_evidence=_kept(held, ground, wanted, by) if wanted.other else None,
        at=ground.at,
        known_at=ground.known_at,
        size=len(lines),
        evidence=evidence,
        only_here=list(found.only_here[:MOST_NAMED]),
        only_there=list(found.only_there[:MOST_NAMED]),
        only_here_count=len(found.only_here),
        only_there_count=len(found.only_there),
        frozen_by=by,
        frozen_at=at,
    )
    begin_work(held, by=by)
    if wanted.source == Source.CONFIGURATIONS:
        held.configuration = configurations(held.control, ground.begin, ground.at)[-1].sha256
        held.save_version(read=held.version)
    trail.record(by, "control_test.population_frozen", held, evidence=evidence.public_id, sha256=evidence.sha256)
    return made


def sources_of(control: Control) -> list[Population.Source]:
    """Of what people do, a list is brought: no check sees it."""
    return [Source.IMPORTED] if control.is_manual else list(Source)


def _can_be_listed(test: ControlTest, wanted: Wanted) -> None:
    if wanted.source not in sources_of(test.control):
        raise Refused(_("People work this control, and no check sees what they do: bring a list."), "source")
    if wanted.source == Source.IMPORTED and not wanted.listed:
        raise Refused(_("Choose the file of the list."), "listed")
    if wanted.against == Against.IMPORTED and not wanted.other:
        raise Refused(_("Choose the file of the other list."), "other")


def _kept(test: ControlTest, ground: Ground, wanted: Wanted, by: User) -> Evidence:
    """The list that the population was held against."""
    return capture(
        [wanted.other],
        kind=Evidence.Kind.WORKING_PAPER,
        title=kept("List that the population of %(id)s was held against") % {"id": test.public_id},
        file_name=f"{test.public_id} list",
        effective_from=ground.begin,
        effective_to=ground.at,
        confidentiality=Evidence.Confidentiality.RESTRICTED,
        by=by,
    )


def latest(test: ControlTest) -> Population:
    """From which a sample is drawn. Raises Refused."""
    found = test.populations.first()
    if found is None:
        raise Refused(_("Freeze its population first."))
    return found


@transaction.atomic
def explain(population: Population, words: str, *, by: User) -> None:
    """Why one source has what the other lacks, said once before the draw. Raises Refused."""
    locked(population.test, by=by)
    kept = Population.objects.select_for_update().get(pk=population.pk)
    if kept.explained:
        raise Refused(_("It is explained already; freeze the population anew to say something else."))
    if not needs_explaining(kept):
        raise Refused(_("Nothing of its population needs to be explained."))
    if not words.strip():
        raise Refused(_("Say where the difference comes from, and whether the list is complete all the same."), "words")
    kept.explained = words
    kept.save(update_fields=["explained"])
    trail.record(by, "control_test.population_explained", population.test, evidence=kept.evidence.public_id)


def needs_explaining(population: Population) -> bool:
    """Before a sample is drawn: where the two differ, or where it was held against nothing."""
    differs = population.only_here_count or population.only_there_count or not population.against
    return bool(differs and not population.explained)


def _held_against(ground: Ground, lines: Collection[Line], wanted: Wanted) -> Difference:
    if wanted.against == Against.ORGANIZATIONS:
        return _with_organizations(ground, lines)
    if wanted.against == Against.INVENTORY:
        return _with_inventory(ground, lines)
    if wanted.against == Against.IMPORTED:
        return _with_list(lines, wanted.other)
    return Difference()


def _with_organizations(ground: Ground, lines: Collection[Line]) -> Difference:
    """By account: those of the items, and those where the solutions lived that Organizations lists as in use."""
    here = {line.account for line in lines if line.account}
    listed = Account.objects.exclude(seen_at=None)
    lived = SolutionAccount.objects.in_force(ground.at).filter(solution__in=ground.solutions)
    there = set(
        listed.filter(pk__in=lived.values("account"), state__in=["", "ACTIVE"]).values_list("account_id", flat=True)
    )
    known = set(listed.filter(account_id__in=here).values_list("account_id", flat=True))
    return Difference(tuple(sorted(here - known)), tuple(sorted(there - here)))


def _with_inventory(ground: Ground, lines: Collection[Line]) -> Difference:
    """By resource: those of the items, and those of the same types that Config's inventory had then."""
    here = {line.resource for line in lines if line.resource}
    types = {line.type for line in lines if line.type}
    for some in Check.objects.filter(pk__in=ground.checks).values_list("resource_types", flat=True):
        types |= {one for one in some if one.startswith("AWS::")}
    then = Q(gone_at=None) | Q(gone_at__gt=ground.at)
    inventory = Resource.objects.filter(then, type__in=types, first_seen_at__lte=ground.at)
    inventory = inventory.exclude(in_inventory_at=None)
    ours = inventory.filter(solutions__overlap=list(ground.solutions))
    there = set(ours.values_list("key", flat=True))
    known = there | set(inventory.filter(key__in=here - there).values_list("key", flat=True))
    return Difference(tuple(sorted(here - known)), tuple(sorted(there - here)))


def _with_list(lines: Collection[Line], raw: bytes) -> Difference:
    """By key; an item is known by the key of its resource, too. Raises Refused."""
    try:
        there = {line.key for line in listed_in(raw)}
    except Refused as no:
        raise Refused(str(no), "other") from no
    names = [{line.key, line.resource, line.label} - {""} for line in lines]
    here = {one for some in names for one in some}
    lacking = [line.key for line, some in zip(lines, names, strict=True) if not some & there]
    return Difference(tuple(sorted(lacking)), tuple(sorted(there - here)))
