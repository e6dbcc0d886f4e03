"""What can be said of a connection's event queue: in words for its page, and in the live test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from botocore.exceptions import ClientError
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import clock
from findings import aws, listening
from findings.aws_errors import code_of
from findings.models import Connection, Listener, SyncRun

QUIET = timedelta(hours=1)
"""So long without an event is suspicious where readings found changes meanwhile."""
LATE = timedelta(minutes=1)
"""A message older than this when it is taken tells that listening does not keep up."""
HANDLE_OF_NOTHING = "a-handle-that-no-message-has"


@dataclass(frozen=True)
class Heard:
    """status: pass, fail or unknown, as the page marks it. words: what to know or do. as_of: when it was so."""

    status: str
    words: str
    as_of: datetime
    listener: Listener | None = None


def heard(connection: Connection) -> Heard | None:
    """How listening goes; None where the connection has no queue. At most three queries."""
    at = clock.now()
    if not connection.queue_name:
        return None
    rows = Listener.objects.filter(connection=connection)
    listener = rows.first()
    if not connection.enabled:
        return Heard("unknown", _("The connection is switched off, so nobody listens."), at, listener)
    if listener is None or not rows.filter(lease_until__gt=Now()).exists():
        words = _("Nobody listens. Start `manage.py listen` beside the workers; until then changes wait for a reading.")
        return Heard("fail", words, at, listener)
    if listener.trouble:
        return Heard("fail", listener.trouble, at, listener)
    if _is_quiet(connection, listener, at):
        words = _(
            "The queue is silent although readings found changes. Look whether the rules that fill it are switched on,"
            " and whether something else takes its messages."
        )
        return Heard("fail", words, at, listener)
    if listener.heard_at is None:
        return Heard("unknown", _("Listening. No event has come yet."), at, listener)
    if listener.behind is not None and listener.behind > LATE.total_seconds():
        minutes = round(listener.behind / 60)
        words = ngettext(
            "Listening, %(n)d minute behind: the oldest message had waited that long.",
            "Listening, %(n)d minutes behind: the oldest message had waited that long.",
            minutes,
        )
        return Heard("unknown", words % {"n": minutes}, at, listener)
    return Heard("pass", _("Listening. Changes are shown within seconds."), at, listener)


def _is_quiet(connection: Connection, listener: Listener, at: datetime) -> bool:
    """Whether readings that began after the queue had fallen silent found changes of their own."""
    since = max(filter(None, (listener.heard_at, listener.since)), default=None)
    if since is None or at - since < QUIET:
        return False
    later = SyncRun.objects.filter(scope__connection=connection, started_at__gt=since + QUIET / 2)
    return later.filter(kind=SyncRun.Kind.INCREMENTAL, changed__gt=0).exists()


def test(connection: Connection) -> tuple[bool | None, str]:
    """Try everything that listening needs, without keeping a message from anybody. Raises botocore's errors."""
    name = connection.queue_name
    if not name:
        return None, _("No event queue is named: changes are seen at the next reading, not as they happen.")
    service = aws.hub(connection, "sqs")
    try:
        url = listening.url_of(service, name)
    except ClientError as error:
        if code_of(error) in listening.MISSING:
            return False, listening.trouble_of(error, name).words
        raise
    service.call("receive_message", QueueUrl=url, VisibilityTimeout=0, WaitTimeSeconds=0)
    entries = [{"Id": "0", "ReceiptHandle": HANDLE_OF_NOTHING}]
    service.call("delete_message_batch", QueueUrl=url, Entries=entries)
    known = listening.attributes(service, url)
    waiting = int(known.get("ApproximateNumberOfMessages", 0))
    said = _("The event queue %(name)s can be read, and messages deleted from it. %(waiting)s wait in it.") % {
        "name": name,
        "waiting": waiting,
    }
    if "RedrivePolicy" not in known:
        said = f"{said} {_('It has no dead-letter queue: give it one, as its template does.')}"
    return True, said
