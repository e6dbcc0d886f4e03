"""Places that are no longer in use: an account was closed or left, a region is not open any more.

What is read through another place ends when that one's sweep no longer lists it: Security Hub shows
findings of a closed account until they expire. What was read in the place itself nobody can read
again, so it ends there and then, as no longer observed. Coverage says why, and history stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from audit import clock
from findings import coverage, posture
from findings.merge import end_place, merge_rules, turns
from findings.models import Connection, CoverageState, Finding, Scope


def retire(scopes: Iterable[Scope], states: Mapping[str, str], regions: Collection[str], *, at: datetime) -> None:
    """These places are out of use. states: by account, as Organizations has it. Whoever reads one loses its lease."""
    for scope in scopes:
        scope.retired_at, scope.lease_until, scope.fence = at, None, scope.fence + 1
        scope.save(update_fields=["retired_at", "lease_until", "fence"])
        coverage.observe([scope], CoverageState.DISABLED, _why(scope, states, regions), at=at)
        merge_rules({scope.pk: {}}, at=at)


def _why(scope: Scope, states: Mapping[str, str], regions: Collection[str]) -> str:
    if scope.account not in states:
        return _("The account is no longer in the organisation. What was known of it is kept as history.")
    if scope.region not in regions:
        return _("The region is no longer open. What was known of it is kept as history.")
    return _("The account is %(state)s. What was known of it is kept as history.") % {
        "state": states[scope.account].lower()
    }


def restore(scopes: Iterable[Scope], *, at: datetime) -> None:
    """These places are in use again, and wait to be read from their beginning."""
    for scope in scopes:
        scope.retired_at, scope.cursor, scope.due_at, scope.sweep_due = None, None, at, True
        scope.save(update_fields=["retired_at", "cursor", "due_at", "sweep_due"])
        coverage.observe([scope], CoverageState.NEVER, at=at)


def end_unreadable(connection: Connection) -> None:
    """End what is still open of retired places that nobody else reads. Safe to repeat."""
    retired = Scope.objects.read_directly().filter(connection=connection).exclude(retired_at=None)
    for scope in retired:
        held = Finding.objects.filter(connection=connection, source=scope.source, gone_at=None)
        if not held.filter(account=scope.account, region=scope.region).exists():
            continue
        with transaction.atomic():
            turns.take()
            posture.refresh(end_place(scope, at=clock.now()))
