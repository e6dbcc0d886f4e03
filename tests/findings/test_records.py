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
OTHERWISE = {
    "Types": ["Software and Configuration Checks/Vulnerabilities/CVE"],
    "Description": "A package that is installed there has a flaw which somebody else on the network can make use of.",
}


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
def test_it_is_learnt_again_from_all_of_them_once_they_are_many_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first ones may all be of one kind, and say nothing of what others have in common."""
    monkeypatch.setattr("findings.models.record.SAMPLES", 60)
    learn(60)
    first, finding = RecordDictionary.objects.get(), FindingFactory(source=Source.CONFIG)
    others = [orjson.dumps(record(number) | OTHERWISE) for number in range(1, 401)]
    as_first = RecordDictionary.objects.packed(Source.CONFIG, others)
    for body in as_first[:240]:
        FindingRecordFactory(finding=finding, body=body)
    FindingRecordFactory(body=as_first[0])

    RecordDictionary.objects.learn_again(Source.CONFIG, 59, at=clock.now())
    assert RecordDictionary.objects.get() == first
    RecordDictionary.objects.learn_again(Source.CONFIG, 60, at=clock.now())
    second = RecordDictionary.objects.exclude(pk=first.pk).get()
    assert (second.source, second.after) == (Source.CONFIG, FindingRecord.last_id())
    packed = RecordDictionary.objects.packed(Source.CONFIG, others)
    assert sum(map(len, packed)) < sum(map(len, as_first)) / 2
    FindingRecordFactory(finding=finding, body=packed[399])
    kept = [kept.content for kept in finding.records.order_by("pk")]
    assert kept == [record(number) | OTHERWISE for number in (*range(1, 241), 400)]

    RecordDictionary.objects.learn_again(Source.CONFIG, 60, at=clock.now())
    assert RecordDictionary.objects.count() == 2


@pytest.mark.django_db
def test_of_records_that_are_rare_nothing_is_learnt_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("findings.models.record.SAMPLES", 60)
    learn(60)
    FindingRecordFactory.create_batch(240)
    RecordDictionary.objects.learn_again(Source.CONFIG, 60, at=clock.now())
    assert RecordDictionary.objects.count() == 1


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
