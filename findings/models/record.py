from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import orjson
import zstandard
from django.db import models

from findings.models.vocabulary import Source

LEVEL = 3
SAMPLES = 1_000
"""Records that a dictionary is learnt from: fewer say too little of what their like have in common."""
GROWN = 4
"""How many times as many records there must be as when a dictionary was learnt, for another one to be learnt."""
SPREAD = 8 * SAMPLES
"""Records, spread over all that are kept, among which those of one source are looked for."""
LARGEST_DICTIONARY = 64 << 10
"""Bytes."""
Dictionary = zstandard.ZstdCompressionDict
Thing = TypeVar("Thing")


class RecordDictionaryQuerySet(models.QuerySet["RecordDictionary"]):
    def packed(self, source: str, records: Sequence[bytes]) -> list[bytes]:
        """Records of a source, compressed. In the transaction that writes them."""
        return compressed(records, self.of(source))

    def of(self, source: str) -> Dictionary | None:
        """What records of this source are compressed by, once it is learnt."""
        return _dictionary(self._latest(source).values_list("pk", flat=True).first() or 0)

    def learn(self, source: str, records: Sequence[bytes], *, at: datetime) -> None:
        """Learn from the first records of a source that come in number."""
        if len(records) >= SAMPLES and not self.filter(source=source).exists():
            self._learn(source, _samples(records), after=FindingRecord.last_id(), at=at)

    def learn_again(self, source: str, added: int, *, at: datetime) -> None:
        """Learn from all that are kept, once they are many more: the first ones may all have been of one kind.

        added: how many of this source have come in just now. Where those are few, it can wait.
        """
        if added < SAMPLES:
            return
        after = self._latest(source).values_list("after", flat=True).first()
        last = FindingRecord.last_id()
        if after is None or last < GROWN * max(after, SAMPLES):
            return
        spread = range(last, 0, -max(1, last // SPREAD))
        theirs = FindingRecord.objects.filter(pk__in=spread, finding__source=source).order_by("pk")
        keys = list(theirs.values_list("pk", flat=True))
        if len(keys) >= SAMPLES:
            kept = FindingRecord.objects.filter(pk__in=_samples(keys)).values_list("body", flat=True)
            self._learn(source, [unpacked(bytes(body)) for body in kept], after=last, at=at)

    def _latest(self, source: str) -> RecordDictionaryQuerySet:
        return self.filter(source=source).order_by("-after", "-learnt_at")

    def _learn(self, source: str, samples: Sequence[bytes], *, after: int, at: datetime) -> None:
        try:
            learnt = zstandard.train_dictionary(LARGEST_DICTIONARY, list(samples))
        except zstandard.ZstdError:  # they have nothing in common, or nothing else
            return
        said = {"source": source, "body": learnt.as_bytes(), "after": after, "learnt_at": at}
        self.get_or_create(pk=learnt.dict_id(), defaults=said)


class RecordDictionary(models.Model):
    """What the raw records of one source have in common: zstd keeps of each what is its own.

    Every compressed record names its dictionary and cannot be read without it, so that dictionaries are kept
    as long as records: nothing deletes either. The latest one of a source is used. id: zstd's own number, made
    from the content.
    """

    id = models.BigIntegerField(primary_key=True)
    source = models.CharField(max_length=20, choices=Source.choices)
    learnt_at = models.DateTimeField()
    after = models.BigIntegerField(default=0, help_text="The id of the last record that was kept then; 0 for none.")
    body = models.BinaryField()

    objects = RecordDictionaryQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.source} since {self.learnt_at}"


class FindingRecord(models.Model):
    """The raw record as AWS gave it, compressed (see RecordDictionary); one row per change of its content."""

    finding = models.ForeignKey(
        "findings.Finding", on_delete=models.PROTECT, db_constraint=False, related_name="records", db_index=False
    )
    captured_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, help_text="The time of the event that told it; null where it was read.")
    body = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["finding", "-captured_at"], name="record_latest")]

    def __str__(self) -> str:
        return f"record of {self.finding_id} at {self.captured_at}"

    @classmethod
    def last_id(cls) -> int:
        """The id of the last one that was kept; 0 for none."""
        return cls.objects.order_by("-pk").values_list("pk", flat=True).first() or 0

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = orjson.loads(self.raw)
        return content

    @property
    def raw(self) -> bytes:
        """JSON."""
        return unpacked(bytes(self.body))


def _samples(things: Sequence[Thing]) -> Sequence[Thing]:
    """As many as a dictionary is learnt from, or up to twice as many, spread over all of them."""
    return things[:: len(things) // SAMPLES]


def compressed(records: Sequence[bytes], dictionary: Dictionary | None) -> list[bytes]:
    """All at once: a thread that gives Python up for each of them waits for it as often."""
    if not records:
        return []
    compressor = zstandard.ZstdCompressor(level=LEVEL, dict_data=dictionary)
    packed = compressor.multi_compress_to_buffer(list(records))
    return [packed[number].tobytes() for number in range(len(packed))]


def unpacked(body: bytes) -> bytes:
    """A record as it came."""
    number = zstandard.get_frame_parameters(body).dict_id
    return zstandard.ZstdDecompressor(dict_data=_dictionary(number)).decompress(body)


@lru_cache(maxsize=32)
def _dictionary(number: int) -> Dictionary | None:
    """The dictionary of this number; 0 is none. The same number is the same content, wherever it is kept."""
    if not number:
        return None
    found = zstandard.ZstdCompressionDict(bytes(RecordDictionary.objects.get(pk=number).body))
    found.precompute_compress(level=LEVEL)
    return found
