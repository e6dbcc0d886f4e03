"""What Security Hub copied from Config counts where nothing is held of Config's own results, and nowhere twice."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from audit import clock
from findings import posture
from findings.merge import score_copies, turns
from findings.models import Connection, CoverageState, Finding, Scope, Source
from findings.reading import Place

UNREAD = (CoverageState.DISABLED, CoverageState.DENIED)


def places_of_config(connection: Connection, **which: Any) -> set[Place]:
    """Places (all, or which of them: lookups of Scope) whose evaluations Config itself tells us of, or told last."""
    held = Finding.objects.filter(
        connection=connection,
        source=Source.CONFIG,
        account=OuterRef("account"),
        region=OuterRef("region"),
        gone_at=None,
    )
    scopes = Scope.objects.filter(connection=connection, source=Source.CONFIG, retired_at=None, **which)
    return set(scopes.exclude(~Exists(held), state__in=UNREAD).values_list("account", "region"))


def follow_config(connection: Connection, *, read_with: Collection[Place]) -> None:
    """Score the copies anew in places where Config became readable, or no longer is.

    read_with: the places that Config told of when what has just been merged was read.
    """
    scopes = Scope.objects.filter(connection=connection, source=Source.CONFIG)
    with transaction.atomic():
        turns.take()
        told, at, touched = places_of_config(connection), clock.now(), set()
        followed = set(scopes.filter(tells=True).values_list("account", "region"))
        moved = told ^ followed | told ^ set(read_with)
        for tells in (True, False):
            places = sorted(place for place in moved if (place in told) is tells)
            if places:
                touched |= score_copies(connection, places, scored=not tells, at=at)
                here = [row.pk for row in scopes if (row.account, row.region) in places]
                Scope.objects.filter(pk__in=here).update(tells=tells)
        posture.refresh(touched)
