"""The accounts and regions that loaded files speak of, and what may honestly be said of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from audit import clock
from findings import coverage
from findings.connectors.asff import CONTROL_PRODUCT, Rejected
from findings.merge import Made
from findings.models import CoverageState, Scope, Source
from findings.reading import Place, Row
from findings.staging import StagedFinding
from organisation.models import Account


@dataclass
class Window:
    """What was read of a file for one transaction.

    rows: without its findings once all is made of them.
    evaluated: place → the latest evaluation of a check there, None where there is none.
    accounts: the accounts of its findings → their names, empty where no record tells.
    made: what could be made of it ahead of its transaction.
    """

    rows: list[Row] = field(default_factory=list)
    evaluated: dict[Place, datetime | None] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    made: Made | None = None

    @property
    def findings(self) -> Iterator[StagedFinding]:
        return (row for row in self.rows if isinstance(row, StagedFinding))

    @property
    def set_aside(self) -> Iterator[Rejected]:
        return (row for row in self.rows if isinstance(row, Rejected))

    def add(self, row: Row, account_name: str) -> None:
        self.rows.append(row)
        if isinstance(row, Rejected):
            return
        place = (row.account, row.region)
        evaluated_at = row.evaluated_at if row.product_arn.endswith(CONTROL_PRODUCT) else None
        self.evaluated[place] = _later(self.evaluated.get(place), evaluated_at)
        if account_name or row.account not in self.accounts:
            self.accounts[row.account] = account_name


class LoadedPlaces:
    """What one load found: hub is the scope that the others are read through."""

    def __init__(self, hub: Scope) -> None:
        self._hub = hub
        self._evaluated: dict[Place, datetime | None] = {}
        self._accounts: dict[str, str] = {}

    def begin(self, window: Window, file: str) -> None:
        """With the first findings of a place it is known as loaded in part. In the transaction that merges them."""
        new = window.evaluated.keys() - self._evaluated.keys()
        for place, latest in window.evaluated.items():
            self._evaluated[place] = _later(self._evaluated.get(place), latest)
        untold = {key: name for key, name in window.accounts.items() if self._accounts.get(key) != name}
        self._accounts |= untold
        if new or untold:
            at = clock.now()
            _keep_accounts(untold, at=at)
            self._observe(new, _("Loaded in part from %(file)s. Load it again, to its end.") % {"file": file}, at=at)

    def end(self, names: Sequence[str], *, at: datetime) -> None:
        """Everything was loaded: places that AWS itself was never read of say from what they are known."""
        reason = _("Loaded from %(names)s on %(at)s UTC. AWS itself has not been read.") % {
            "names": ", ".join(names),
            "at": date_format(at, "d F Y, H:i"),
        }
        self._observe(self._evaluated, reason, at=at)

    def _observe(self, places: Collection[Place], reason: str, *, at: datetime) -> None:
        if not places:
            return
        held = Scope.objects.filter(connection=self._hub.connection, source=Source.SECURITY_HUB)
        known = {(scope.account, scope.region): scope for scope in held.locked()}
        made = [self._scope(place, at=at) for place in sorted(set(places) - known.keys())]
        Scope.objects.bulk_create(made)
        coverage.found(made, at=at)
        known |= {(scope.account, scope.region): scope for scope in made}
        loaded = [known[place] for place in places if _is_from_files(known[place])]
        for scope in loaded:
            scope.evaluated_at = _later(scope.evaluated_at, self._evaluated[scope.account, scope.region])
        Scope.objects.bulk_update(loaded, ["evaluated_at"])
        coverage.observe(loaded, CoverageState.STALE, reason, at=at)

    def _scope(self, place: Place, *, at: datetime) -> Scope:
        account, region = place
        return Scope(
            connection=self._hub.connection,
            account=account,
            region=region,
            source=Source.SECURITY_HUB,
            read_through=self._hub,
            since=at,
        )


def _is_from_files(scope: Scope) -> bool:
    """Whether AWS was never read there, is not being read, and has refused nothing."""
    return scope.read_at is None and scope.state in (CoverageState.NEVER, CoverageState.STALE)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)


def _keep_accounts(named: Mapping[str, str], *, at: datetime) -> None:
    """Accounts that nobody has told of yet, and names of those that had none."""
    Account.objects.bulk_create(
        [Account(account_id=key, name=name[:200], seen_at=at) for key, name in named.items()], ignore_conflicts=True
    )
    for key, name in named.items():
        if name:
            Account.objects.filter(account_id=key, name="").update(name=name[:200])
