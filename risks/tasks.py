"""Celery's door to the register of risks. The database row is the work: a task may be lost, or come twice."""

from __future__ import annotations

from celery import shared_task
from django.db import transaction

from audit import clock
from risks import standing
from risks.exchange import running
from risks.models import RegisterImport


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
