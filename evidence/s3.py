"""The locker in S3: each file is written with Object Lock, so that nobody deletes it before its time is over."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.core.exceptions import ImproperlyConfigured
from storages.backends.s3 import S3Storage

from audit import clock
from evidence.capturing import kept_until

MODES = ("governance", "compliance")


class StillLocked(OSError):
    """The bucket keeps the file: its lock, or a legal hold, is on it."""


class LockedS3(S3Storage):  # type: ignore[misc]
    """A bucket with versioning and Object Lock. Credentials, Region and AWS_ENDPOINT_URL are boto3's own.

    lock_mode: governance (who may bypass it, can) or compliance (nobody can). kms_key: empty for the bucket's own
    encryption. What is written is locked until the end of retention; `files` lists what is there, and `put_hold` keeps
    a file beyond that.
    """

    lock_mode: str
    kms_key: str

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        if self.lock_mode not in MODES:
            raise ImproperlyConfigured(f"EVIDENCE_LOCK_MODE must be governance or compliance, not {self.lock_mode!r}.")

    def get_default_settings(self) -> dict[str, Any]:
        said: dict[str, Any] = super().get_default_settings()
        return {**said, "lock_mode": "governance", "kms_key": "", "file_overwrite": False, "default_acl": None}

    def get_object_parameters(self, name: str) -> dict[str, Any]:
        said = {
            **super().get_object_parameters(name),
            "ContentType": "application/octet-stream",
            "ObjectLockMode": self.lock_mode.upper(),
            "ObjectLockRetainUntilDate": kept_until(clock.now()),
        }
        if self.kms_key:
            said |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.kms_key}
        return said

    def _save(self, name: str, content: Any) -> str:
        """Block by block: what comes in as blocks is never held whole."""
        saved: str = super()._save(name, io.BufferedReader(Blocks(content.chunks())))
        self._make_sure(saved)
        return saved

    def _make_sure(self, name: str) -> None:
        """Not every store minds the lock of a file that comes in parts."""
        client, what = self._client, {"Bucket": self.bucket_name, "Key": self._normalize_name(name)}
        if "ObjectLockMode" not in client.head_object(**what):
            said = self.get_object_parameters(name)
            lock = {"Mode": said["ObjectLockMode"], "RetainUntilDate": said["ObjectLockRetainUntilDate"]}
            client.put_object_retention(**what, Retention=lock)

    def delete(self, name: str) -> None:
        """Every version of it. Raises StillLocked."""
        key = self._normalize_name(name)
        try:
            for version in self.bucket.object_versions.filter(Prefix=key):
                if version.object_key == key:
                    version.delete()
        except ClientError as no:
            raise StillLocked(f"{name}: {no}") from no

    def files(self) -> Iterator[tuple[str, datetime]]:
        """Names below the prefix, and when each was written."""
        prefix = self._normalize_name("") if self.location else ""
        for one in self.bucket.objects.filter(Prefix=prefix):
            yield one.key.removeprefix(prefix).lstrip("/"), one.last_modified

    def put_hold(self, name: str, *, on: bool) -> None:
        self._client.put_object_legal_hold(
            Bucket=self.bucket_name, Key=self._normalize_name(name), LegalHold={"Status": "ON" if on else "OFF"}
        )

    @property
    def _client(self) -> Any:
        return self.connection.meta.client

    def problems(self) -> list[str]:
        """What is missing for the bucket to keep what it is given, in words for whoever sets it up."""
        client, found = self._client, []
        try:
            if client.get_bucket_versioning(Bucket=self.bucket_name).get("Status") != "Enabled":
                found.append(f"Bucket {self.bucket_name} has no versioning: switch it on.")
            lock = client.get_object_lock_configuration(Bucket=self.bucket_name)["ObjectLockConfiguration"]
            if lock.get("ObjectLockEnabled") != "Enabled":
                raise KeyError("ObjectLockEnabled")
        except ClientError as no:
            if no.response["Error"]["Code"] != "ObjectLockConfigurationNotFoundError":
                return [f"Bucket {self.bucket_name} cannot be asked: {no}"]
            found.append(f"Bucket {self.bucket_name} has no Object Lock: switch it on, without a default retention.")
        except KeyError:
            found.append(f"Bucket {self.bucket_name} has no Object Lock: switch it on, without a default retention.")
        except BotoCoreError as no:
            return [f"Bucket {self.bucket_name} cannot be reached: {no}"]
        return found


class Blocks(io.RawIOBase):
    """Blocks as a file that is read from beginning to end, once."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = iter(blocks)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        while not self._left:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._left = bytes(block)
        n = min(len(into), len(self._left))
        into[:n], self._left = self._left[:n], self._left[n:]
        return n
