from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

import structlog
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError, connection

from findings import listening
from findings.listening import Listening
from findings.models import Listener

LOOK_EVERY = 5.0
"""Seconds between two looks for queues that nobody listens to."""
log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = "Listen to the event queues of all connections, until stopped. Any number of these may run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="Take in what waits in the queues now, and end.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            self._once()
        else:
            self._until_stopped()

    def _once(self) -> None:
        for one in listening.claim():
            count = 0
            while some := one.turn(0):
                count += some
            one.release()
            trouble = Listener.objects.get(connection=one.connection).trouble
            if trouble:
                raise CommandError(f"{one.connection}: {trouble}")
            self.stdout.write(f"{one.connection}: {count:,} messages")

    def _until_stopped(self) -> None:
        stopping = threading.Event()

        def stop(number: int, frame: FrameType | None) -> None:
            stopping.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        threads: list[threading.Thread] = []
        while not stopping.is_set():
            threads = [thread for thread in threads if thread.is_alive()] + self._begin(stopping)
            stopping.wait(LOOK_EVERY)
        for thread in threads:
            thread.join()

    def _begin(self, stopping: threading.Event) -> list[threading.Thread]:
        """A thread for each queue that was free. While the database is away there is none."""
        try:
            claimed = listening.claim()
        except (OperationalError, InterfaceError) as error:
            log.warning("events.no_database", exc_info=error)
            connection.close()
            return []
        threads = [threading.Thread(target=_listen, args=(one, stopping)) for one in claimed]
        for thread in threads:
            thread.start()
        return threads


def _listen(one: Listening, stopping: threading.Event) -> None:
    log.info("events.listening", connection=one.connection.public_id, queue=one.connection.queue_name)
    one.run(stopping)
