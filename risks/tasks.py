"""Celery's door to the register of risks. The database row is the work: a task may be lost, or come twice."""

from __future__ import annotations

from celery import shared_task

from risks import standing


@shared_task
def follow_dates() -> None:
    """Beat's: where risks stand follows what a date has changed."""
    standing.follow_dates()
