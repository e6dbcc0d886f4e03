"""How listening to a connection's event queue goes, on the connection's page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from findings.models import Listener
from tests.clock import at
from tests.conftest import LoggedIn
from tests.factories.findings import ConnectionFactory, SetAsideFactory, SyncRunFactory
from tests.findings_pages.reading_pages import words
from tests.findings_pages.test_connections import page_of

pytestmark = pytest.mark.django_db


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


def test_a_connection_without_a_queue_says_how_to_switch_events_on(administrator: LoggedIn) -> None:
    connection = ConnectionFactory(queue_name="")
    answer = administrator.get(page_of(connection))
    assert "No event queue is named: changes are shown after the next reading" in words(answer)
    queue = administrator.get(page_of(connection, "event-queue/"))
    assert queue["Content-Disposition"] == f'attachment; filename="{connection.public_id}-event-queue.yaml"'
    forwarding = administrator.get(page_of(connection, "event-forwarding/"))
    assert f"{connection.hub_account}:event-bus/compliance-portal-events" in forwarding.content.decode()


LISTENING = {"lease_until": moment("2999-01-01T00:00"), "since": moment("2026-02-01T12:00")}


@pytest.mark.parametrize(
    ("listener", "said"),
    [
        (None, "Nobody listens. Start `manage.py listen` beside the workers"),
        ({"lease_until": moment("2026-02-01T00:00")}, "Nobody listens."),
        ({**LISTENING, "trouble": "AWS refused ReceiveMessage."}, "AWS refused ReceiveMessage."),
        ({"lease_until": moment("2999-01-01T00:00")}, "Listening. No event has come yet."),
        ({**LISTENING, "heard_at": moment("2026-03-01T11:59"), "behind": 0.4}, "Changes are shown within seconds."),
        ({**LISTENING, "heard_at": moment("2026-03-01T11:59"), "behind": 600.0}, "Listening, 10 minutes behind"),
        ({**LISTENING, "heard_at": moment("2026-03-01T08:00")}, "The queue is silent although readings found changes."),
    ],
)
def test_the_page_says_how_listening_goes(second_line: LoggedIn, listener: Any, said: str) -> None:
    connection = ConnectionFactory(queue_name="events")
    if listener is not None:
        Listener.objects.create(connection=connection, **listener)
    began = moment("2026-03-01T10:00")
    SyncRunFactory(scope__connection=connection, kind="incremental", changed=3, started_at=began)
    with at("2026-03-01"):
        second_line.force_login(second_line.person)
        assert said in words(second_line.get(page_of(connection)))


def test_an_event_that_was_set_aside_is_listed_with_its_reason(second_line: LoggedIn) -> None:
    connection = ConnectionFactory()
    SetAsideFactory(scope=None, connection=connection, reason="The message is not JSON.", excerpt="<b>{")
    for place in (page_of(connection), page_of(connection, "set-aside/")):
        answer = second_line.get(place)
        assert "The message is not JSON." in words(answer)
        assert "from the event queue" in words(answer)
        assert "<b>{" not in answer.content.decode()
