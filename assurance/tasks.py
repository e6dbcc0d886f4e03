"""Celery's door to assurance. The database row is the work: a task may be lost, or come twice."""

from __future__ import annotations

from celery import shared_task

from assurance import reminding
from assurance.pack import making
from audit import clock


@shared_task
def remind_of_findings() -> None:
    """Beat's."""
    reminding.remind(clock.now())


@shared_task
def make_pack(pack_id: int) -> None:
    making.run(pack_id)


@shared_task
def take_up_packs() -> None:
    """Beat's: hand out again what a lost task or a dead worker left."""
    for pack_id in making.forgotten(at=clock.now()):
        make_pack.delay(pack_id)
