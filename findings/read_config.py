"""Reading AWS Config: every result of every rule, or only of the rules that found something else.

A run between sweeps asks Config once what all rules found of all resources, compares it with
what is held, and reads the details of those rules alone that differ. Where Config does not keep
that summary, the rules' own compliance decides, and the nightly sweep finds the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.utils.translation import gettext as _

from findings import aws, config_held, config_places
from findings.aws import Service
from findings.aws_errors import NoWayIn, code_of, unreadable
from findings.config_held import Held
from findings.config_places import Outcome
from findings.connectors import config
from findings.connectors.config import Aggregate, Cell, Direct, Subject, Summary, Way
from findings.connectors.config_rules import Rule, RuleBook, rules_of
from findings.merge import Sweep, merge_inventory, merge_rules
from findings.models import ConfigRule, CoverageState, Scope
from findings.parallel import first, give_way, in_parallel
from findings.reading import CHUNK, Place, Reading, Row
from findings.staging import StagedResource

CELLS_AT_ONCE = 100
"""Rules after which what they found is merged where AWS's rates make us wait anyway."""
NOT_APPLICABLE = "NOT_APPLICABLE"
RULE_IS_GONE = "NoSuchConfigRuleException"
Answer = tuple[Cell, list[dict[str, Any]]]


def read(reading: Reading) -> Outcome:
    """Read the scope and the places it covers."""
    scope = reading.scope
    service = Service(reading.connection, "config", scope.region, scope.account)
    name = config.aggregator(service) if scope.covers.exists() else ""
    way: Way = Aggregate(service, name) if name else Direct(service)
    sources = config.aggregated_places(service, name) if name else {}
    places = [scope, *scope.covers.filter(retired_at=None)]
    complete = reading.sweep is not None
    config_places.look_at_recorders(reading, places, sources, all_of_them=complete)
    if complete:
        _read_everything(reading, way, places)
    else:
        _read_changes(reading, way, places)
    return config_places.outcome(reading, places, sources)


def _read_everything(reading: Reading, way: Way, places: list[Scope]) -> None:
    listed = _inventory(reading, way, places)
    book, matrix = RuleBook(_rules(reading, places)), way.matrix()
    summary = _summary(way)
    cells = {*matrix, *summary.results}
    config_places.count_rules(reading, places, {*cells, *book.rules})
    if NOT_APPLICABLE not in summary.words:
        cells |= book.rules.keys()  # neither matrix nor summary names rules that apply to nothing they looked at
    wanted = sorted(cell for cell in cells if _mark(cell) > reading.run.reached)
    _read_cells(reading, way, wanted, book, summary, listed)
    reading.finish()


def _mark(cell: Cell) -> str:
    """How far a sweep has come that has read this cell: they are read in this order."""
    return "\t".join(cell)


def _read_changes(reading: Reading, way: Way, places: list[Scope]) -> None:
    """Details of the rules that found something else than what is held; the rest is confirmed as it stands.

    Rules are listed anew where results show that one has come or gone, and where they never were.
    Where there is a summary, what neither it nor the details have any more is gone.
    """
    held = config_held.held(reading.connection, [(row.account, row.region) for row in places])
    matrix, summary = way.matrix(), _summary(way)
    speaks = bool(summary.results)
    differing = _differing(held, matrix, summary)
    if speaks:
        differing |= _of_what_is_gone(way, held, summary)
        reading.sweep = Sweep(reading.run, within=sorted(differing))
    book = RuleBook(held.rules())
    silent = held.results.keys() - matrix.keys() - summary.results.keys()
    turned = {cell[:2] for cell in differing if cell in silent or not book.knows(cell)}
    listed = set(ConfigRule.objects.filter(scope__in=places, valid_to=None).values_list("scope", flat=True))
    changed = [row for row in places if row.pk not in listed or (row.account, row.region) in turned]
    book.add(_rules(reading, changed))
    _read_cells(reading, way, sorted(differing), book, summary, held.resources)
    reading.finish()


def _differing(held: Held, matrix: Mapping[Cell, str], summary: Summary) -> set[Cell]:
    if summary.results:
        words = summary.words
        cells = {*held.results, *summary.results}
        found = {cell for cell in cells if held.said(cell, words) != summary.results.get(cell, {})}
    else:
        found = {cell for cell in held.results if held.compliance(cell) != matrix.get(cell, held.compliance(cell))}
    return found | (set(matrix) - set(held.results))


def _of_what_is_gone(way: Way, held: Held, summary: Summary) -> set[Cell]:
    """Rules that hold results of resources that are recorded no more, in words that the summary does not know."""
    spoken_of = {(*cell[:2], *key) for cell, results in summary.results.items() for key in results}
    quiet = {subject: cells for subject, cells in held.quiet(summary.words).items() if subject not in spoken_of}
    try:
        there = {subject for subject, _resource in config.resources_named(way, quiet)}
    except (ClientError, BotoCoreError):
        return set()  # the nightly sweep finds them
    return {cell for subject in quiet.keys() - there for cell in quiet[subject]}


def _summary(way: Way) -> Summary:
    """What Config keeps of all rules; nothing where it cannot be asked, which is not to be relied on."""
    try:
        return config.summary(way)
    except (ClientError, BotoCoreError):
        return Summary({}, {})


def _read_cells(
    reading: Reading,
    way: Way,
    cells: list[Cell],
    book: RuleBook,
    summary: Summary,
    known: dict[Subject, StagedResource],
) -> None:
    """Ask for the details of these rules, several at a time, and merge what they found while more are asked for."""
    waiting: list[Answer] = []
    found = 0
    with closing(in_parallel(partial(_details, way), cells, weigh=len)) as answers:
        for asked, answer in enumerate(zip(cells, answers, strict=True), 1):
            waiting.append(answer)
            found += len(answer[1])
            paced = reading.asker.waited and len(waiting) >= CELLS_AT_ONCE
            if paced or asked == len(cells) or found >= CHUNK:
                _merge(reading, way, waiting, book, summary, known)
                reading.reached(_mark(answer[0]), share=asked / (len(cells) + CELLS_AT_ONCE))
                waiting, found = [], 0


def _merge(
    reading: Reading,
    way: Way,
    answers: list[Answer],
    book: RuleBook,
    summary: Summary,
    known: dict[Subject, StagedResource],
) -> None:
    subjects = {config.subject_of(row, cell) for cell, rows in answers for row in rows}
    if strangers := subjects - known.keys():
        look_up(way, strangers, known)
    with first():
        rows = list(_staged(answers, book, summary, known))
    for begin in range(0, len(rows), CHUNK):
        reading.merge(rows[begin : begin + CHUNK])


def _details(way: Way, cell: Cell) -> list[dict[str, Any]]:
    """A rule's results; none where the rule has just been deleted."""
    give_way()
    try:
        return way.details(cell)
    except ClientError as error:
        if code_of(error) == RULE_IS_GONE:
            return []
        raise


def look_up(way: Way, strangers: set[Subject], known: dict[Subject, StagedResource]) -> None:
    """Name resources by their ARN where Config's inventory has them, else by their place and id."""
    try:
        known.update(config.resources_named(way, strangers))
    except (ClientError, BotoCoreError) as error:
        if unreadable(error).state == CoverageState.DENIED:
            raise
    for subject in strangers - known.keys():
        known[subject] = config.unlisted(subject)


def _staged(
    answers: Iterable[Answer],
    book: RuleBook,
    summary: Summary,
    known: Mapping[Subject, StagedResource],
) -> Iterator[Row]:
    for cell, rows in answers:
        rule = book.rule(cell, arn=summary.arns.get(cell, ""))
        for row in rows:
            subject = config.subject_of(row, cell)
            yield config.staged(row, rule, known[subject], subject)


def _inventory(reading: Reading, way: Way, places: list[Scope]) -> dict[Subject, StagedResource]:
    """Every resource that Config records, merged place by place."""
    listed: dict[Subject, StagedResource] = {}
    try:
        listed.update(config.resources(way))
    except (ClientError, BotoCoreError) as error:
        reading.remarks.append(
            _("Config's inventory could not be read. %(words)s") % {"words": unreadable(error).words}
        )
        return {}
    by_place: dict[Place, list[StagedResource]] = {(row.account, row.region): [] for row in places}
    for subject, resource in listed.items():
        by_place.setdefault(subject[:2], []).append(resource)
    for (account, region), resources in by_place.items():
        with reading.transaction() as at:
            merge_inventory(reading.connection, account, region, resources, at=at, complete=True)
    return listed


def _rules(reading: Reading, places: list[Scope]) -> list[Rule]:
    """The rules of these places, noted as those that are there now."""
    found = in_parallel(lambda place: _rules_there(reading, place), places)
    listed = {place.pk: rules for place, rules in zip(places, found, strict=True) if rules is not None}
    with reading.transaction() as at:
        merge_rules({key: {rule.name: rule.parameters for rule in rules} for key, rules in listed.items()}, at=at)
    return [rule for rules in listed.values() for rule in rules]


def _rules_there(reading: Reading, place: Scope) -> list[Rule] | None:
    """The rules of a place; None where its member role cannot be assumed, which the recorder's state says."""
    service = aws.member(reading.connection, place.account, "config", place.region)
    try:
        return rules_of(service)
    except NoWayIn:
        return None
    except ClientError as error:
        if place.read_through_id is None or unreadable(error).state != CoverageState.DENIED:
            raise
        return None
