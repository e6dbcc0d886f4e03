from celery import shared_task

from audit import clock
from organisation import ownership


@shared_task
def follow_dates() -> None:
    """Ownership rules that begin or end on a day to come take effect."""
    ownership.follow_dates(clock.now())
