from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice

import zstandard
from django.db import models

from findings.models.vocabulary import Source

LEVEL = 3
SAMPLES = 1_000
"""Records that a dictionary is learnt from: fewer say too little of what their like have in common."""
LARGEST_DICTIONARY = 64 << 10
"""Bytes."""
Dictionary = zstandard.ZstdCompressionDict


class RecordDictionaryQuerySet(models.QuerySet["RecordDictionary"]):
    def packed(self, source: str, records: Sequence[bytes]) -> list[bytes]:
        """Records of a source, compressed. In the transaction that writes them."""
        return compressed(records, self.of(source))

    def of(self, source: str) -> Dictionary | None:
        """What records of this source are compressed by, once it is learnt."""
        return _dictionary(self.filter(source=source).values_list("pk", flat=True).first() or 0)

    def learn(self, source: str, records: Sequence[bytes], *, at: datetime) -> None:
        """Learn from the first records of a source that come in number; once for each source."""
        if len(records) < SAMPLES or self.filter(source=source).exists():
            return
        spread = islice(records, 0, None, len(records) // SAMPLES)
        try:
            learnt = zstandard.train_dictionary(LARGEST_DICTIONARY, list(spread))
        except zstandard.ZstdError:  # they have nothing in common, or nothing else
            return
        self.create(pk=learnt.dict_id(), source=source, body=learnt.as_bytes(), learnt_at=at)


class RecordDictionary(models.Model):
    """What the raw records of one source have in common: zstd keeps of each what is its own.

    Every compressed record names its dictionary and cannot be read without it, so that dictionaries are kept
    as long as records: nothing deletes either. id: zstd's own number, made from the content.
    """

    id = models.BigIntegerField(primary_key=True)
    source = models.CharField(max_length=20, choices=Source.choices)
    learnt_at = models.DateTimeField()
    body = models.BinaryField()

    objects = RecordDictionaryQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source"], name="record_dictionary_once")]

    def __str__(self) -> str:
        return f"{self.source} since {self.learnt_at}"


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


@lru_cache(maxsize=8)
def _dictionary(number: int) -> Dictionary | None:
    """The dictionary of this number; 0 is none. The same number is the same content, wherever it is kept."""
    if not number:
        return None
    found = zstandard.ZstdCompressionDict(bytes(RecordDictionary.objects.get(pk=number).body))
    found.precompute_compress(level=LEVEL)
    return found
