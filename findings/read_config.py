"""Reading AWS Config: every result of every rule, or only of the rules that found something else.

It goes from account to account. A run between sweeps asks Config what all rules found of all resources
of one, compares it with what is held, and reads the details of those rules alone that differ. Where Config
does not keep that summary, the rules' own compliance decides, and the nightly sweep finds the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
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
from findings.merging import Merging, merging
from findings.models import ConfigRule, CoverageState, Scope, Source
from findings.parallel import give_way, in_parallel
from findings.reading import CHUNK, Place, Reached, Reading
from findings.staging import StagedResource, uid_of

CELLS_AT_ONCE = 100
"""Rules after which what they found is merged where AWS's rates make us wait anyway."""
ACCOUNTS_AT_ONCE = 2
NOT_APPLICABLE = "NOT_APPLICABLE"
RULE_IS_GONE = "NoSuchConfigRuleException"
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule whose details are asked for. known: resources of its account. share: of the reading, once it is read."""

    cell: Cell
    arn: str
    known: Mapping[Subject, StagedResource]
    share: float


@dataclass(frozen=True)
class Listed:
    """What Config has of an account. unread: why its inventory could not be read. summary: None where it is silent."""

    account: str
    resources: dict[Subject, StagedResource]
    unread: str
    summary: Summary | None


def read(reading: Reading) -> Outcome:
    """Read the scope and the places it covers, an account at a time: memory grows with the largest alone."""
    scope = reading.scope
    service = Service(reading.connection, "config", scope.region, scope.account)
    name = config.aggregator(service) if scope.covers.exists() else ""
    way: Way = Aggregate(service, name) if name else Direct(service)
    sources = config.aggregated_places(service, name) if name else {}
    places = [scope, *scope.covers.filter(retired_at=None)]
    complete = reading.sweep is not None
    config_places.look_at_recorders(reading, places, sources, all_of_them=complete)
    matrix: dict[str, dict[Cell, str]] = defaultdict(dict)
    for cell, word in way.matrix().items():
        matrix[cell[0]][cell] = word
    accounts = sorted({row.account for row in places} | {account for account, _region in sources} | matrix.keys())
    if complete:
        _read_everything(reading, way, places, accounts, matrix)
    else:
        _read_changes(reading, way, places, accounts, matrix)
    return config_places.outcome(reading, places, sources)


def _read_everything(
    reading: Reading, way: Way, places: list[Scope], accounts: list[str], matrix: Mapping[str, Mapping[Cell, str]]
) -> None:
    book, words = RuleBook(_rules(reading, places)), _words(way)
    reached = reading.run.reached
    accounts = [account for account in accounts if account >= reached.partition("\t")[0]]

    def asked() -> Iterator[Asked]:
        listing = in_parallel(partial(_listed, way, words), accounts, weigh=_weight, at_once=ACCOUNTS_AT_ONCE)
        with closing(listing) as answers:
            for done, listed in enumerate(answers):
                there = [row for row in places if row.account == listed.account]
                known, summary = _known(reading, listed, there), listed.summary or Summary({}, {})
                rules = book.of(listed.account)
                cells = {*matrix.get(listed.account, ()), *summary.results}
                config_places.count_rules(reading, there, cells | rules)
                if NOT_APPLICABLE not in words:
                    cells |= rules  # neither matrix nor summary names rules that apply to nothing they looked at
                wanted = sorted(cell for cell in cells if _mark(cell) > reached)
                for number, cell in enumerate(wanted, 1):
                    share = (done + number / len(wanted)) / len(accounts)
                    yield Asked(cell, summary.arns.get(cell, ""), known, share)

    _read_cells(reading, way, asked(), book)
    reading.finish()


def _mark(cell: Cell) -> str:
    """How far a sweep has come that has read this cell: they are read in this order."""
    return "\t".join(cell)


def _listed(way: Way, words: Collection[str], account: str) -> Listed:
    """Raises no error of AWS: what cannot be listed is looked up where it is met."""
    resources: dict[Subject, StagedResource] = {}
    unread = ""
    try:
        resources.update(config.resources(way, account))
    except (ClientError, BotoCoreError) as error:
        resources, unread = {}, unreadable(error).words
    return Listed(account, resources, unread, _summary(way, words, account))


def _weight(listed: Listed) -> int:
    return len(listed.resources) + sum(map(len, listed.summary.results.values() if listed.summary else ()))


def _known(reading: Reading, listed: Listed, places: list[Scope]) -> dict[Subject, StagedResource]:
    """Merge what is recorded in the places of an account. Returns its resources by what findings need of them."""
    if listed.unread:
        remark = _("Config's inventory could not be read. %(words)s") % {"words": listed.unread}
        if remark not in reading.remarks:
            reading.remarks.append(remark)
        return {}
    by_place: dict[Place, list[StagedResource]] = {(row.account, row.region): [] for row in places}
    for subject, resource in listed.resources.items():
        by_place.setdefault(subject[:2], []).append(resource)
    some: dict[Place, list[StagedResource]] = {}
    for number, (place, resources) in enumerate(by_place.items(), 1):
        some[place] = resources
        if number == len(by_place) or sum(map(len, some.values())) >= CHUNK:
            with reading.transaction() as at:
                merge_inventory(some, at=at)
            some = {}
    return {subject: StagedResource(row.key, *_place_of(subject)) for subject, row in listed.resources.items()}


def _place_of(subject: Subject) -> tuple[str, str, str, str]:
    account, region, type_, resource_id = subject
    return type_, resource_id, account, region


def _read_changes(
    reading: Reading, way: Way, places: list[Scope], accounts: list[str], matrix: Mapping[str, Mapping[Cell, str]]
) -> None:
    """Details of the rules that found something else than what is held; the rest is confirmed as it stands.

    Rules are listed anew where results show that one has come or gone, and where they never were.
    Where there is a summary, what neither it nor the details have any more is gone.
    """
    words, book = _words(way), RuleBook()
    differing: dict[Cell, str] = {}
    gone_within: list[Cell] = []
    turned: set[Place] = set()
    summaries = in_parallel(
        lambda account: (account, _summary(way, words, account)), accounts, weigh=_size, at_once=ACCOUNTS_AT_ONCE
    )
    with closing(summaries) as answers:
        for account, told in answers:
            there, summary = matrix.get(account, {}), told or Summary({}, {})
            regions = [row.region for row in places if row.account == account]
            held = config_held.held(reading.connection, account, regions)
            found = _differing(held, there, told, words)
            if told is not None:
                found |= _of_what_is_gone(way, held, told, words)
                gone_within += found
            silent = held.results.keys() - there.keys() - summary.results.keys()
            book.add(held.rules())
            turned |= {cell[:2] for cell in found if cell in silent or not book.knows(cell)}
            differing |= {cell: summary.arns.get(cell, "") for cell in sorted(found)}
    if words:
        reading.sweep = Sweep(reading.run, within=sorted(gone_within))
    listed = set(ConfigRule.objects.filter(scope__in=places, valid_to=None).values_list("scope", flat=True))
    changed = [row for row in places if row.pk not in listed or (row.account, row.region) in turned]
    book.add(_rules(reading, changed))
    asked = (Asked(cell, arn, {}, number / len(differing)) for number, (cell, arn) in enumerate(differing.items(), 1))
    _read_cells(reading, way, asked, book)
    reading.finish()


def _size(answer: tuple[str, Summary | None]) -> int:
    return sum(map(len, answer[1].results.values())) if answer[1] else 0


def _differing(held: Held, matrix: Mapping[Cell, str], summary: Summary | None, words: Collection[str]) -> set[Cell]:
    if summary is not None:
        cells = {*held.results, *summary.results}
        found = {cell for cell in cells if held.said(cell, words) != summary.results.get(cell, {})}
    else:
        found = {cell for cell in held.results if held.compliance(cell) != matrix.get(cell, held.compliance(cell))}
    return found | (matrix.keys() - held.results.keys())


def _of_what_is_gone(way: Way, held: Held, summary: Summary, words: Collection[str]) -> set[Cell]:
    """Rules that hold results of resources that are recorded no more, in words that the summary does not know."""
    spoken_of = {(*cell[:2], *key) for cell, results in summary.results.items() for key in results}
    quiet = {subject: cells for subject, cells in held.quiet(words).items() if subject not in spoken_of}
    try:
        there = {subject for subject, _resource in config.resources_named(way, quiet)}
    except (ClientError, BotoCoreError):
        return set()  # the nightly sweep finds them
    return {cell for subject in quiet.keys() - there for cell in quiet[subject]}


def _words(way: Way) -> frozenset[str]:
    """None where Config cannot be asked, which is not to be relied on."""
    try:
        return config.words(way)
    except (ClientError, BotoCoreError):
        return frozenset()


def _summary(way: Way, words: Collection[str], account: str) -> Summary | None:
    """What Config keeps of all rules of an account; None where it keeps none, or cannot be asked."""
    try:
        return config.summary(way, account) if words else None
    except (ClientError, BotoCoreError):
        return None


def _read_cells(reading: Reading, way: Way, cells: Iterable[Asked], book: RuleBook) -> None:
    """Ask for the details of these rules, several at a time, and merge what they found while more are asked for."""
    waiting: list[tuple[Asked, Rows]] = []
    found = 0
    asking = in_parallel(partial(_details, way), cells, weigh=lambda answer: len(answer[1]))
    with closing(asking) as answers, merging(reading) as merged:
        for answer in answers:
            waiting.append(answer)
            found += len(answer[1])
            if found >= CHUNK or (reading.asker.waited and len(waiting) >= CELLS_AT_ONCE):
                _give(reading, merged, way, waiting, book)
                waiting, found = [], 0
        if waiting:
            _give(reading, merged, way, waiting, book)


def _give(reading: Reading, merged: Merging, way: Way, answers: list[tuple[Asked, Rows]], book: RuleBook) -> None:
    met = [(asked, row, config.subject_of(row, asked.cell)) for asked, rows in answers for row in rows]
    strangers = {(asked.cell, subject) for asked, _row, subject in met if subject not in asked.known}
    named = _named(way, strangers) if strangers else {}
    rules = {asked.cell: book.rule(asked.cell, arn=asked.arn) for asked, _rows in answers}
    for begin in range(0, len(met) or 1, CHUNK):
        staged = (
            config.staged(row, rules[asked.cell], asked.known.get(subject) or named[subject], subject)
            for asked, row, subject in met[begin : begin + CHUNK]
        )
        is_last = begin + CHUNK >= len(met)
        reached = Reached(_mark(answers[-1][0].cell), answers[-1][0].share) if is_last else None
        merged.give(staged, partial(reading.merge, reached=reached))


def _named(way: Way, strangers: set[tuple[Cell, Subject]]) -> dict[Subject, StagedResource]:
    """The resources as they are held, else as Config names them. Cell: of the rule that met them."""
    known = config_held.resources_of(
        {uid_of(Source.CONFIG, *cell, *subject[2:]): subject for cell, subject in strangers}
    )
    unknown = {subject for _cell, subject in strangers} - known.keys()
    return known | look_up(way, unknown) if unknown else known


def _details(way: Way, asked: Asked) -> tuple[Asked, Rows]:
    """A rule's results; none where the rule has just been deleted."""
    give_way()
    try:
        return asked, way.details(asked.cell)
    except ClientError as error:
        if code_of(error) == RULE_IS_GONE:
            return asked, []
        raise


def look_up(way: Way, strangers: set[Subject]) -> dict[Subject, StagedResource]:
    """Resources named by their ARN where Config's inventory has them, else by their place and id."""
    found: dict[Subject, StagedResource] = {}
    try:
        found.update(config.resources_named(way, strangers))
    except (ClientError, BotoCoreError) as error:
        if unreadable(error).state == CoverageState.DENIED:
            raise
    return found | {subject: config.unlisted(subject) for subject in strangers - found.keys()}


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
