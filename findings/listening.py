"""Listening to a connection's event queue: lease and fence, batches, one transaction each, then the deletes.

A message leaves the queue only after what it told is committed; what fails is told again by SQS. One
that cannot be taken in is set aside with the reason, and leaves the queue too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.db import DataError, IntegrityError, InterfaceError, OperationalError, transaction
from django.db import connection as database
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from audit import clock
from findings import aws, posture, setting_aside
from findings.aws import Service
from findings.aws_errors import Unreadable, code_of, unreadable
from findings.connectors.asff import Rejected
from findings.discovery import TROUBLES
from findings.leases import LEASE, LostLease
from findings.merge import stage_and_merge, turns
from findings.models import Connection, CoverageState, Listener, Scope
from findings.rates import TooLong
from findings.read_events import EventReader, Message, Told

WAIT = 5
"""Seconds that AWS waits for a message before it answers that there is none; also how long a stop may take."""
HIDDEN = 60
"""Seconds for which a message that was taken is hidden; after that it is told again."""
AT_ONCE = 10
"""Messages in one call, as many as SQS allows."""
TAKERS = 4
"""Calls to SQS at the same time."""
BATCH = 1_000
"""Messages that one transaction takes in at most."""
FILLING = 1.0
"""Seconds for which messages are gathered before those at hand are taken in."""
PAUSE = 5.0
"""Seconds between two tries while the queue cannot be read."""
COUNT_EVERY = 30.0
"""Seconds between two looks at how many messages wait."""
GIVEN_UP_AFTER = 20
"""Times that a message is handed out, where no dead-letter queue takes it before."""
DISCOVER_AGAIN = timedelta(minutes=15)
ENVIRONMENT = (*TROUBLES, TooLong, OperationalError, InterfaceError)
"""What is no message's fault."""
MISSING = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}

log = structlog.get_logger(__name__)


def wanted() -> QuerySet[Connection]:
    return Connection.objects.filter(enabled=True).exclude(queue_name="")


def claim() -> list[Listening]:
    """Take the lease of every queue that nobody listens to."""
    claimed = []
    for connection in wanted():
        Listener.objects.get_or_create(connection=connection)
        with transaction.atomic():
            free = Q(lease_until=None) | Q(lease_until__lt=Now())
            rows = Listener.objects.filter(free, connection=connection).select_for_update(skip_locked=True)
            if row := rows.first():
                row.fence += 1
                Listener.objects.filter(pk=row.pk).update(fence=row.fence, lease_until=Now() + LEASE)
                claimed.append(Listening(connection, row))
    return claimed


def trouble_of(error: BaseException, queue: str) -> Unreadable:
    """Why a queue cannot be read, and what to do."""
    if code_of(error) in MISSING:
        return Unreadable(
            CoverageState.FAILED,
            _(
                "There is no queue %(queue)s in the hub account's home region. Deploy the template of the event queue,"
                " or correct the queue's name."
            )
            % {"queue": queue},
        )
    return unreadable(error)


class Listening:
    """One listener at one queue, for as long as its lease is its own."""

    def __init__(self, connection: Connection, row: Listener) -> None:
        self.connection, self.row = connection, row
        self.queue = aws.hub(connection, "sqs")
        self.reader = EventReader(connection)
        self.url = ""
        self._counted_at = 0.0

    def run(self, stopping: threading.Event) -> None:
        """Listen until `stopping` is set or the lease is lost. What goes wrong is told on the row, and tried again."""
        with structlog.contextvars.bound_contextvars(connection=self.connection.public_id):
            try:
                while not stopping.is_set():
                    if self.turn(WAIT) is None:
                        stopping.wait(PAUSE)
            except LostLease:
                log.info("events.lease_lost")
            finally:
                with suppress(OperationalError, InterfaceError):
                    self.release()
                database.close()

    @clock.correctable()
    def turn(self, wait: int) -> int | None:
        """Take in what is there, or what comes within `wait` seconds.

        Returns the number of messages, None where queue or database could not be read. Raises LostLease.
        """
        try:
            self._renew()
            self.url = self.url or url_of(self.queue, self.connection.queue_name)
            messages = self._received(wait)
            self._answered(messages)
            if messages:
                self.take_in(messages)
        except ENVIRONMENT as error:
            why = trouble_of(error, self.connection.queue_name)
            log.warning("events.unreadable", why=why.words, exc_info=error)
            self.url = ""
            if isinstance(error, OperationalError | InterfaceError):
                database.close()
            with suppress(OperationalError, InterfaceError):
                self._held().exclude(trouble=why.words).update(trouble=why.words, since=clock.now())
            return None
        return len(messages)

    def release(self) -> None:
        self._held().update(lease_until=None)

    def _held(self) -> QuerySet[Listener]:
        return Listener.objects.filter(pk=self.row.pk, fence=self.row.fence)

    def _renew(self) -> None:
        """Keep the lease. Raises LostLease, also where the connection no longer wants this queue read."""
        unchanged = wanted().filter(pk=self.connection.pk, version=self.connection.version)
        if not unchanged.exists() or not self._held().update(lease_until=Now() + LEASE):
            raise LostLease

    def _answered(self, messages: Sequence[Message]) -> None:
        """Note that the queue can be read, and now and then how much waits in it."""
        at = clock.now()
        noted: dict[str, Any] = {"seen_at": at}
        if time.monotonic() - self._counted_at > COUNT_EVERY:
            self._counted_at = time.monotonic()
            noted["waiting"] = waiting(self.queue, self.url)
        if messages:
            oldest = min(message.sent_at for message in messages)
            noted |= {"heard_at": at, "behind": max((at - oldest).total_seconds(), 0.0)}
            noted["received"] = F("received") + len(messages)
        self._held().update(**noted)
        self._held().filter(Q(since=None) | ~Q(trouble="")).update(trouble="", since=at)

    def _received(self, wait: int) -> list[Message]:
        """Wait for a message; where there are many, gather as many as one transaction takes."""
        found = self._receive(wait)
        if len(found) < AT_ONCE:
            return found
        until = time.monotonic() + FILLING
        with ThreadPoolExecutor(TAKERS) as pool:
            while len(found) < BATCH and time.monotonic() < until:
                more = [message for some in pool.map(self._receive, [0] * TAKERS) for message in some]
                found += more
                if len(more) < AT_ONCE:
                    break
        return found

    def _receive(self, wait: int) -> list[Message]:
        answer = self.queue.call(
            "receive_message",
            QueueUrl=self.url,
            MaxNumberOfMessages=AT_ONCE,
            VisibilityTimeout=HIDDEN,
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
        )
        return [
            Message(
                row["MessageId"],
                row["ReceiptHandle"],
                row["Body"],
                datetime.fromtimestamp(int(row["Attributes"]["SentTimestamp"]) / 1000, UTC),
                int(row["Attributes"]["ApproximateReceiveCount"]),
            )
            for row in answer.get("Messages") or ()
        ]

    def take_in(self, messages: Sequence[Message]) -> None:
        """Store what the messages tell, then delete them. Raises LostLease and what the environment raises.

        Where something else goes wrong, halves are tried, until the one message is found whose fault it is. What
        the database refuses is set aside at once. What else fails is the portal's fault, and may be mended: it is
        listed, and stays in the queue until it was handed out so often that it is given up.
        """
        try:
            self._store(self.reader.told_by(messages))
        except (LostLease, *ENVIRONMENT):
            raise
        except Exception as error:
            if len(messages) > 1:
                half = len(messages) // 2
                self.take_in(messages[:half])
                self.take_in(messages[half:])
                return
            (message,) = messages
            log.exception("events.not_taken_in", message=message.id, received=message.received)
            reason = _("The portal could not take it in (%(name)s). Tell its maintainers.") % {
                "name": type(error).__name__
            }
            self._store(Told(rejected=[Rejected("", reason, message.body.encode(errors="replace"))]))
            if not isinstance(error, DataError | IntegrityError) and message.received < GIVEN_UP_AFTER:
                return
        self._delete(messages)

    def _store(self, told: Told) -> None:
        """Everything that was told, in one transaction. Raises LostLease."""
        with transaction.atomic():
            turns.take()
            if not self._held().select_for_update().exists():
                raise LostLease
            at = clock.now()
            merged = stage_and_merge(self.connection, told.rows, at=at)
            setting_aside.keep(told.rejected, at=at, by=self.connection)
            due = Scope.objects.filter(pk__in=told.due)
            due.filter(pk__in=[scope.pk for scope in due.locked()]).update(due_at=at)
            if told.unknown:
                found = Connection.objects.filter(pk=self.connection.pk, discovered_at__lt=at - DISCOVER_AGAIN)
                found.update(discovered_at=None)
            self._held().update(
                lease_until=Now() + LEASE,
                changed=F("changed") + merged.added + merged.changed,
                outdated=F("outdated") + told.outdated,
                set_aside=F("set_aside") + len(told.rejected),
            )
            posture.refresh(merged.touched)

    def _delete(self, messages: Sequence[Message]) -> None:
        """What AWS does not delete it tells again, and that changes nothing."""
        some = [messages[begin : begin + AT_ONCE] for begin in range(0, len(messages), AT_ONCE)]
        with ThreadPoolExecutor(TAKERS) as pool:
            for failed in pool.map(self._delete_some, some):
                for row in failed:
                    log.warning("events.not_deleted", code=row.get("Code"))

    def _delete_some(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        entries = [{"Id": str(number), "ReceiptHandle": row.handle} for number, row in enumerate(messages)]
        answer = self.queue.call("delete_message_batch", QueueUrl=self.url, Entries=entries)
        return list(answer.get("Failed") or ())


def url_of(queue: Service, name: str) -> str:
    return str(queue.call("get_queue_url", QueueName=name)["QueueUrl"])


def attributes(queue: Service, url: str) -> dict[str, str]:
    asked = ["ApproximateNumberOfMessages", "QueueArn", "RedrivePolicy"]
    return dict(queue.call("get_queue_attributes", QueueUrl=url, AttributeNames=asked).get("Attributes") or {})


def waiting(queue: Service, url: str) -> int:
    """How many messages wait, as AWS estimates."""
    return int(attributes(queue, url).get("ApproximateNumberOfMessages", 0))
