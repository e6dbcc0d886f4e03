"""Heads of the trail, signed and kept where a database administrator cannot alter them."""

from __future__ import annotations

from django.db import models

from audit.public_id import PublicId


class TrailHead(PublicId):
    """The trail as it stood at a moment: its last position and digest, signed by the portal's key.

    The file in the storage is the proof; this row only finds it again. mailed_to: who holds a copy, empty for nobody.
    """

    public_prefix = "TH"

    taken_at = models.DateTimeField()
    position = models.BigIntegerField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of the last entry, hexadecimal.")
    key = models.CharField(max_length=64, help_text="Fingerprint of the key: SHA-256, hexadecimal.")
    stored_as = models.CharField(max_length=300, unique=True)
    mailed_to = models.CharField(max_length=300, blank=True)

    objects = models.Manager["TrailHead"]()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.position}: {self.digest}"
