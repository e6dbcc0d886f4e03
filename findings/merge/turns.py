"""Who merges takes turns: over all workers, one transaction at a time writes what several of them write."""

from __future__ import annotations

from django.db import connection as database

ASLEEP = 60
"""Seconds of silence after which who has the turn loses it, with its transaction: as long as a lease lasts."""
LONGEST = 1_800
"""Seconds that a turn lasts at most. Who stops while sending rows is not silent: PostgreSQL 17 and newer see it."""
TRANSACTION_TIMEOUT = 170_000
"""The version of PostgreSQL that began to have one."""


def take() -> None:
    """Wait for the turn, which the caller's transaction then has until it ends."""
    _wait("findings_merge")


def take_resources() -> None:
    """Wait until nobody else writes resources, which the caller's transaction then does until it ends.

    Who has the turn may wait for this; who has this waits for nobody.
    """
    _wait("findings_resources")


def _wait(lock: str) -> None:
    said = "SELECT pg_advisory_xact_lock(hashtext(%s));"
    said += f"SET LOCAL idle_in_transaction_session_timeout = '{ASLEEP}s'"
    with database.cursor() as cursor:
        if database.connection.info.server_version >= TRANSACTION_TIMEOUT:
            said += f"; SET LOCAL transaction_timeout = '{LONGEST}s'"
        cursor.execute(said, [lock])
