"""Any number of workers may look who is due: a person gets one mail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connections
from pytest_django import Settings

from desk import digests
from desk.models import OutboxMessage
from tests.databases import Clone
from tests.factories import NoticeFactory, UserFactory

AT = datetime(2026, 3, 30, 8, tzinfo=UTC)


@pytest.mark.parametrize("people", [1, 3])
def test_four_workers_at_once_write_one_mail_each(committed_database: Clone, settings: Settings, people: int) -> None:
    settings.DIGEST_AT_HOUR = 7
    for person in UserFactory.create_batch(people):
        NoticeFactory.create_batch(20, person=person, at=datetime(2026, 3, 30, 1, tzinfo=UTC), for_digest=True)

    def work(_: int) -> int:
        try:
            return digests.send_due(AT)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as workers:
        assert sum(workers.map(work, range(4))) == people
    assert set(OutboxMessage.objects.values_list("subject", flat=True)) == {"20 new notices, 30 Mar 2026"}
    assert OutboxMessage.objects.count() == people
