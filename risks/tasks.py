"""Celery's door to the register of risks. The database row is the work: a task may be lost, or come twice."""

from __future__ import annotations

from celery import shared_task
from django.core.cache import cache
from django.db import transaction

from audit import clock, edition
from risks import expiring, standing, treatment_closing
from risks.exchange import running
from risks.models import RegisterImport, RiskException

FOLLOWED = "risks.decisions_followed"
LASTS = 3600
"""Seconds after which they are looked at though nothing was read: a reminder or a period may be due."""


@shared_task
def follow_dates() -> None:
    """Beat's: where risks stand follows what a date has changed."""
    standing.follow_dates()


@shared_task
def read_import(import_id: int) -> None:
    running.read(import_id)


@shared_task
def apply_import(import_id: int) -> None:
    running.apply(import_id)


@shared_task
def take_up_imports() -> None:
    """Beat's: hand out again what a lost task left."""
    for found in running.forgotten(at=clock.now()):
        hand_out(found)


def hand_out(found: RegisterImport) -> None:
    task = apply_import if found.state == RegisterImport.State.TO_APPLY else read_import
    transaction.on_commit(lambda: task.delay(found.pk), robust=True)


@shared_task
def follow_decisions() -> None:
    """Beat's: after a sync, a new level or the passing of time."""
    at, known = clock.now(), edition.current()
    overdue = RiskException.objects.open().filter(expires_at__lte=at).exists()
    if not overdue and cache.get(FOLLOWED) == known:
        return
    expiring.follow(at)
    treatment_closing.follow(at)
    cache.set(FOLLOWED, known, LASTS)
