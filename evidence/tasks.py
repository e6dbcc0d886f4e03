"""Celery's door to automatic evidence. The database row is the work: a task may be lost, or come twice."""

from __future__ import annotations

from celery import shared_task

from evidence import snapshots


@shared_task
def take_snapshots() -> None:
    """Beat's: of the steps that have ended."""
    snapshots.take_due()
