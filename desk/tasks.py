from celery import shared_task

from audit import clock
from desk import digests, outbox


@shared_task
def deliver_outbox() -> None:
    outbox.deliver()


@shared_task
def send_digests() -> None:
    """The mail of the day, to everybody for whom it is past the hour."""
    digests.send_due(clock.now())
