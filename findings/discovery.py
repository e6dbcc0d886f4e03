"""What there is to read: accounts, regions, and through which scope each of them is read.

Each step that AWS refuses leaves a sentence in the connection's test report and falls back to
what is known without it; only who we are has to be answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from django.db import transaction
from django.utils.translation import gettext as _

from audit import clock
from findings import aws, coverage, retirement
from findings.aws_errors import EndlessPages, NoWayIn, Unreadable, service_off, unreadable
from findings.connectors import config, organizations, security_hub
from findings.connectors.config import Aggregated
from findings.connectors.organizations import ListedAccount
from findings.connectors.security_hub import Aggregation
from findings.models import Connection, CoverageState, Scope, Source
from findings.models.coverage import ScopeQuerySet
from organisation.models import Account

log = structlog.get_logger(__name__)
Answer = TypeVar("Answer")
Place = tuple[str, str]
TROUBLES = (ClientError, BotoCoreError, NoWayIn, EndlessPages)
REPORT = "Discovery: "
AGAIN_AFTER = timedelta(hours=6)


@dataclass
class Estate:
    """What a connection was found to reach. off: places where Security Hub is not on, and why."""

    accounts: list[ListedAccount]
    regions: list[str]
    aggregation: Aggregation
    aggregated: dict[Place, Aggregated]
    members: dict[str, dict[str, str] | None] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)


def due(connection: Connection, *, at: datetime) -> bool:
    return connection.discovered_at is None or at - connection.discovered_at >= AGAIN_AFTER


def discover(connection: Connection) -> None:
    """Find accounts, regions and coverage. Raises ClientError where AWS does not know us at all."""
    aws.caller(connection)
    estate = _look(connection)
    found_off = _security_hub_off(connection, estate)
    with transaction.atomic():
        at = clock.now()
        _keep_accounts(estate.accounts, at=at)
        _keep_scopes(connection, estate, found_off, at=at)
        kept = [step for step in connection.test_report if not step["step"].startswith(REPORT)]
        Connection.objects.filter(pk=connection.pk).update(discovered_at=at, test_report=[*kept, *estate.notes])
    retirement.end_unreadable(connection)
    connection.refresh_from_db(fields=["discovered_at", "test_report"])


def _look(connection: Connection) -> Estate:
    notes: list[dict[str, Any]] = []
    hub = connection.hub_account
    in_use = Scope.objects.filter(connection=connection, retired_at=None)

    def ask(step: str, question: Callable[[], Answer], otherwise: Answer) -> Answer:
        try:
            return question()
        except TROUBLES as error:
            why = unreadable(error)
            log.warning("discovery.unanswered", connection=connection.public_id, step=step, why=why.words)
            notes.append({"step": f"{REPORT}{step}", "ok": None, "words": why.words})
            return otherwise

    accounts = ask(
        _("accounts of the organisation"),
        lambda: list(organizations.accounts(aws.hub(connection, "organizations"))),
        _accounts_held(in_use),
    )
    if hub not in {account.account_id for account in accounts}:
        accounts.append(ListedAccount(hub))
    regions: list[str] = ask(_("regions"), lambda: organizations.open_regions(aws.hub(connection, "account")), [])
    aggregation = ask(
        _("Security Hub's regions"),
        lambda: security_hub.aggregation(aws.hub(connection, "securityhub"), regions),
        Aggregation(connection.home_region, frozenset({connection.home_region})),
    )
    if not regions:
        regions = sorted({*aggregation.linked, *in_use.values_list("region", flat=True)})
    if connection.home_region not in regions:
        regions.append(connection.home_region)
    aggregated: dict[Place, Aggregated] = ask(_("Config's aggregator"), lambda: _aggregated(connection), {})
    estate = Estate(accounts, regions, aggregation, aggregated, notes=notes)
    for region in regions:
        step = _("members of Security Hub in %(region)s") % {"region": region}
        estate.members[region] = ask(step, partial(_members, connection, region), None)
    return estate


def _accounts_held(in_use: ScopeQuerySet) -> list[ListedAccount]:
    """The accounts that are read already, as they were last listed."""
    rows = Account.objects.filter(account_id__in=in_use.values("account"))
    return [ListedAccount(row.account_id, row.name, row.email, row.state, row.ou_path) for row in rows]


def _aggregated(connection: Connection) -> dict[Place, Aggregated]:
    service = aws.hub(connection, "config")
    name = config.aggregator(service)
    return config.aggregated_places(service, name) if name else {}


def _members(connection: Connection, region: str) -> dict[str, str] | None:
    """Members of the hub in a region; None where the hub itself is off there."""
    try:
        return security_hub.members(aws.hub(connection, "securityhub", region))
    except ClientError as error:
        if service_off(error):
            return None
        raise


def _security_hub_off(connection: Connection, estate: Estate) -> dict[Place, Unreadable | None]:
    """Places that are no member of the hub: why Security Hub cannot be read there, None where it can."""
    found: dict[Place, Unreadable | None] = {}
    for account in estate.accounts:
        for region in estate.regions if account.in_use else ():
            members = estate.members.get(region)
            if members is None and account.account_id != connection.hub_account:
                continue
            if members is not None and members.get(account.account_id, "").upper() == "ENABLED":
                continue
            found[account.account_id, region] = _hub_there(connection, account.account_id, region)
    return found


def _hub_there(connection: Connection, account: str, region: str) -> Unreadable | None:
    try:
        security_hub.describe(aws.member(connection, account, "securityhub", region))
    except TROUBLES as error:
        return unreadable(error)
    return None


def _keep_accounts(accounts: list[ListedAccount], *, at: datetime) -> None:
    Account.objects.bulk_create(
        [
            Account(
                account_id=row.account_id,
                name=row.name[:200],
                email=row.email,
                state=row.state,
                ou_path=row.ou_path[:500],
                seen_at=at,
            )
            for row in accounts
        ],
        update_conflicts=True,
        unique_fields=["account_id"],
        update_fields=["name", "email", "state", "ou_path", "seen_at"],
    )


def _keep_scopes(
    connection: Connection, estate: Estate, found_off: dict[Place, Unreadable | None], *, at: datetime
) -> None:
    """One scope per account in use, region and source; those that are no longer there are retired."""
    known = {
        (scope.account, scope.region, scope.source): scope
        for scope in Scope.objects.filter(connection=connection).locked()
    }
    through: dict[tuple[str, str, str], tuple[str, str, str] | None] = {}
    for account in estate.accounts:
        for region in estate.regions if account.in_use else ():
            place = (account.account_id, region)
            through[(*place, Source.SECURITY_HUB)] = _read_hub_through(connection, estate, place, found_off)
            through[(*place, Source.CONFIG)] = _read_config_through(connection, estate, place)
    fresh = [
        Scope(
            connection=connection,
            account=account,
            region=region,
            source=source,
            since=at,
            due_at=at,
            sweep_due=True,
        )
        for account, region, source in through
        if (account, region, source) not in known
    ]
    Scope.objects.bulk_create(fresh)
    known |= {(scope.account, scope.region, scope.source): scope for scope in fresh}
    for key, reader in through.items():
        known[key].read_through = known[reader] if reader else None
    Scope.objects.bulk_update(known.values(), ["read_through"])
    coverage.found(fresh, at=at)
    retirement.restore([known[key] for key in through if known[key].retired_at], at=at)
    lost = [scope for key, scope in known.items() if key not in through and scope.retired_at is None]
    states = {account.account_id: account.state for account in estate.accounts}
    retirement.retire(lost, states, estate.regions, at=at)
    _turn_on_and_off(known, found_off, at=at)


def _read_hub_through(
    connection: Connection, estate: Estate, place: Place, found_off: dict[Place, Unreadable | None]
) -> tuple[str, str, str] | None:
    """The scope whose reading covers this place's Security Hub; None where it is read directly."""
    account, region = place
    hub, home = connection.hub_account, connection.home_region
    outside = account != hub and place in found_off
    if outside and getattr(found_off[place], "state", None) != CoverageState.DISABLED:
        return None
    is_linked = region in estate.aggregation.linked and estate.aggregation.home == home
    reader = (hub, home if is_linked else region)
    return None if place == reader else (*reader, Source.SECURITY_HUB)


def _read_config_through(connection: Connection, estate: Estate, place: Place) -> tuple[str, str, str] | None:
    reader = (connection.hub_account, connection.home_region)
    return (*reader, Source.CONFIG) if place in estate.aggregated and place != reader else None


def _turn_on_and_off(
    known: dict[tuple[str, str, str], Scope], found_off: dict[Place, Unreadable | None], *, at: datetime
) -> None:
    """Places where Security Hub is off say so; those where it is on again wait to be read."""
    for (account, region, source), scope in known.items():
        if source != Source.SECURITY_HUB or scope.retired_at:
            continue
        why = found_off.get((account, region))
        if why is not None:
            coverage.observe([scope], why.state, why.words, at=at)
        elif scope.state == CoverageState.DISABLED:
            coverage.observe([scope], CoverageState.NEVER, at=at)
