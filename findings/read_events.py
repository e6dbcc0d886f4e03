"""Reading events: what messages of the queue tell becomes the same staged rows that a reading yields.

Nothing is written here, and no transaction is open: the names of rules and resources may have to be asked of AWS.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from django.db.models import Max
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from findings import aws, config_held
from findings.aws import Service
from findings.connectors import asff, config, events
from findings.connectors.asff import Rejected
from findings.connectors.config import Aggregate, Cell, Direct, Subject, Way
from findings.connectors.config_rules import Rule, RuleBook, rules_of
from findings.connectors.events import Evaluated, Imported
from findings.copies import places_of_config
from findings.discovery import TROUBLES
from findings.merge.sweep import SETTLING
from findings.models import Connection, Finding, Scope, Source, SyncRun
from findings.read_config import look_up
from findings.staging import StagedFinding, StagedResource, uid_of

LASTING = 600.0
"""Seconds for which the names of rules and the aggregator are kept."""
Place = tuple[str, str, str]
"""Account, region and source."""
Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Message:
    """id and handle: as SQS gives them. sent_at: when it entered the queue. received: how often it was handed out."""

    id: str
    handle: str
    body: str
    sent_at: datetime
    received: int


@dataclass(frozen=True)
class Known:
    """A place in use. swept_from: when the last complete sweep of it began."""

    scope: Scope
    swept_from: datetime | None

    @property
    def reader(self) -> int:
        """The scope whose reading covers it."""
        return self.scope.read_through_id or self.scope.pk


@dataclass
class Told:
    """What messages told. due: scopes to read now. unknown: it told of places that the connection does not read.

    outdated: findings that a complete reading after the event has told already.
    """

    rows: list[StagedFinding] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    due: set[int] = field(default_factory=set)
    unknown: bool = False
    outdated: int = 0


class EventReader:
    """Reads the events of one connection, and remembers for a while what its rules are called."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._forget()

    def _forget(self) -> None:
        self._book, self._asked = RuleBook(), set[tuple[str, str]]()
        self._aggregator: str | None = None
        self._kept_until = time.monotonic() + LASTING

    def told_by(self, messages: Sequence[Message]) -> Told:
        """What these messages tell, the earliest first. Raises botocore's errors, and the database's."""
        if time.monotonic() > self._kept_until:
            self._forget()
        parsed = [events.parsed(message.body, sent_at=message.sent_at) for message in messages]
        told = Told(rejected=[one for one in parsed if isinstance(one, Rejected)])
        self._findings(sorted(_of(Imported, parsed), key=lambda event: event.told_at), told)
        self._evaluations(sorted(_of(Evaluated, parsed), key=lambda event: event.told_at), told)
        return told

    def _findings(self, imported: list[Imported], told: Told) -> None:
        accounts = {str(record.get("AwsAccountId")) for event in imported for record in event.records}
        covered = places_of_config(self.connection, account__in=accounts) if imported else set()
        rows: list[StagedFinding] = []
        for event in imported:
            for record in event.records:
                row = asff.staged(record, covered_by_config=covered)
                if isinstance(row, Rejected):
                    told.rejected.append(row)
                else:
                    row.told_at = event.told_at
                    rows.append(row)
        places = self._places((row.account, row.region, Source.SECURITY_HUB) for row in rows)
        for row in rows:
            place = (row.account, row.region, Source.SECURITY_HUB)
            if self._is_new(place, row.told_at, places, told, row.raw):
                told.rows.append(row)

    def _evaluations(self, evaluated: list[Evaluated], told: Told) -> None:
        places = self._places((*event.cell[:2], Source.CONFIG) for event in evaluated)
        wanted: list[tuple[Evaluated, Subject]] = []
        for event in evaluated:
            place = (*event.cell[:2], Source.CONFIG)
            if not self._is_new(place, event.told_at, places, told, event.body):
                continue
            if event.row is None:
                told.due.add(places[place].reader)
            else:
                wanted.append((event, config.subject_of(event.row, event.cell)))
        self._learn_rules({event.cell for event, _ in wanted})
        resources = self._resources(wanted, places)
        for event, subject in wanted:
            assert event.row is not None
            row = config.staged(event.row, self._book.rule(event.cell, arn=event.arn), resources[subject], subject)
            row.told_at = event.told_at
            told.rows.append(row)

    def _places(self, wanted: Iterable[Place]) -> dict[Place, Known]:
        """What is known of these places, as far as they are in use."""
        wanted = set(wanted)
        if not wanted:
            return {}
        scopes = Scope.objects.filter(
            connection=self.connection,
            retired_at=None,
            account__in={account for account, _, _ in wanted},
            region__in={region for _, region, _ in wanted},
        )
        readers = {scope.read_through_id or scope.pk for scope in scopes}
        sweeps = SyncRun.objects.filter(scope__in=readers, kind=SyncRun.Kind.SWEEP, state=SyncRun.State.DONE)
        begun = Max(Coalesce("sweep__started_at", "started_at"))
        latest = dict(sweeps.values_list("scope").annotate(begun=begun).order_by())
        return {
            place: Known(scope, latest.get(scope.read_through_id or scope.pk))
            for scope in scopes
            if (place := (scope.account, scope.region, scope.source)) in wanted
        }

    def _is_new(
        self, place: Place, told_at: datetime | None, places: dict[Place, Known], told: Told, body: bytes
    ) -> bool:
        """Whether this place is read and has not been swept since; what is not known is set aside and looked for."""
        assert told_at is not None
        account, region, source = place
        known = places.get(place)
        if known is None:
            told.unknown = True
            reason = _(
                "It tells of %(label)s in account %(account)s, region %(region)s, which this connection"
                " does not read. Accounts and regions are looked for again; where the place is found, it is read whole."
            ) % {"label": Source(source).label, "account": account, "region": region}
            told.rejected.append(Rejected("", reason, body, kind=f"place {account} {region} {source}"))
            return False
        if known.swept_from is not None and told_at < known.swept_from - SETTLING:
            told.outdated += 1
            return False
        return True

    def _learn_rules(self, cells: set[Cell]) -> None:
        """What the rules of these cells are called: as they are held, else as their account says."""
        missing = {cell for cell in cells if not self._book.knows(cell)}
        if not missing:
            return
        held = Finding.objects.filter(
            connection=self.connection,
            source=Source.CONFIG,
            account__in={cell[0] for cell in missing},
            region__in={cell[1] for cell in missing},
            rule_name__in={cell[2] for cell in missing},
        ).order_by("account", "region", "rule_name")
        names = ("account", "region", "rule_name", "native_id", "check_ran__config_rule")
        for account, region, name, native_id, identifier in held.distinct(*names[:3]).values_list(*names):
            arn = native_id.split("|", 1)[0]
            if arn.startswith("arn:"):
                self._book.add([Rule(account, region, name, arn, identifier)])
        for place in {cell[:2] for cell in missing if not self._book.knows(cell)} - self._asked:
            self._asked.add(place)
            try:
                self._book.add(rules_of(aws.member(self.connection, place[0], "config", place[1])))
            except TROUBLES:
                continue

    def _resources(
        self, wanted: list[tuple[Evaluated, Subject]], places: dict[Place, Known]
    ) -> dict[Subject, StagedResource]:
        """The resources as they are held for the same finding, else as Config's inventory names them."""
        uids = {uid_of(Source.CONFIG, *event.cell, *subject[2:]): subject for event, subject in wanted}
        known = config_held.resources_of(uids)
        strangers: dict[int, set[Subject]] = defaultdict(set)
        for _uid, subject in wanted:
            if subject not in known:
                strangers[places[(*subject[:2], Source.CONFIG)].reader].add(subject)
        for reader, subjects in strangers.items():
            try:
                known |= look_up(self._way(Scope.objects.get(pk=reader)), subjects)
            except TROUBLES:
                known.update({subject: config.unlisted(subject) for subject in subjects})
        return known

    def _way(self, reader: Scope) -> Way:
        """To the inventory of this scope and of those that are read through it."""
        service = Service(self.connection, "config", reader.region, reader.account)
        if not reader.covers.exists():
            return Direct(service)
        if self._aggregator is None:
            self._aggregator = config.aggregator(service)
        return Aggregate(service, self._aggregator)


def _of(kind: type[Kind], parsed: Iterable[object]) -> list[Kind]:
    return [one for one in parsed if isinstance(one, kind)]
