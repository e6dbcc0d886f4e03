"""Raw records are compressed with what their like have in common, and can all be read again."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import zstandard
from django.db import DatabaseError, connection

from audit import clock
from findings.models import Finding, FindingRecord, RecordDictionary, Source
from tests.factories.findings import FindingFactory, FindingRecordFactory

FEW, MANY = 999, 1_000


def record(number: int) -> dict[str, Any]:
    words = [f"{number * step % 9973:x}" for step in range(1, 6)]
    return {
        "Id": f"arn:aws:securityhub:eu-central-1:{number:012}",
        "Types": ["Effects/Data Exposure"],
        "Title": " ".join(words),
    }


def learn(count: int) -> list[bytes]:
    records = [orjson.dumps(record(number)) for number in range(count)]
    RecordDictionary.objects.learn(Source.CONFIG, records, at=clock.now())
    return records


@pytest.mark.django_db
def test_what_records_have_in_common_is_learnt_once_from_many_of_them() -> None:
    learn(FEW)
    assert not RecordDictionary.objects.exists()
    records = learn(MANY)
    learnt = RecordDictionary.objects.get()
    assert learnt.source == Source.CONFIG
    learn(2 * MANY)
    assert RecordDictionary.objects.get() == learnt
    packed = RecordDictionary.objects.packed(Source.CONFIG, records)
    plain = RecordDictionary.objects.packed(Source.SECURITY_HUB, records)
    assert sum(map(len, packed)) < sum(map(len, plain)) / 2
    for finding, body in zip(FindingFactory.create_batch(2), (packed[7], plain[8]), strict=True):
        FindingRecordFactory(finding=finding, body=body)
    assert [kept.content for kept in FindingRecord.objects.order_by("pk")] == [record(7), record(8)]


@pytest.mark.django_db
def test_records_from_before_are_read_as_before() -> None:
    FindingRecordFactory(body=zstandard.compress(b'{"Id": "old"}'))
    assert FindingRecord.objects.get().content == {"Id": "old"}
    assert Finding.objects.count() == 1


@pytest.mark.parametrize("statement", ["DELETE FROM", "UPDATE", "TRUNCATE"])
@pytest.mark.django_db
def test_nobody_takes_away_what_records_are_read_with(statement: str) -> None:
    learn(MANY)
    more = " SET body = ''" if statement == "UPDATE" else ""
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="permission denied"):
        cursor.execute(f"{statement} findings_recorddictionary{more}")
