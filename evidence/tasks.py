"""Celery's door to the locker and to what is asked for. The database row is the work: a task may come twice."""

from __future__ import annotations

from celery import shared_task

from audit import clock
from evidence import reminding


@shared_task
def remind() -> None:
    """Beat's: of what is due or overdue, each person once."""
    reminding.follow(clock.now())
