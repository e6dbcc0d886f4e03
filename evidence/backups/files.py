"""Files of the store of evidence, in a backup: each once, under its SHA-256."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from django.core.files import File

from evidence.backups.manifest import CannotRestore, Kept
from evidence.capturing import storage
from evidence.filing import CAPTURED, every_file
from evidence.handing_out import BLOCK, digest_of
from evidence.models import Evidence


def taken(folder: Path, at: datetime) -> dict[str, Kept]:
    """Into `folder`: of the locker what its rows name, of the rest what was written until `at`. Name → what it is."""
    named = set(Evidence.objects.filter(destroyed_at=None).values_list("stored_as", flat=True))
    found = {}
    for name, written in every_file():
        if (name in named) if CAPTURED.fullmatch(name) else (written <= at):
            found[name] = _copied(name, folder)
    return found


def put_back(files: dict[str, Kept], folder: Path) -> None:
    """Into the store. What is there already as it was stays."""
    for name, kept in files.items():
        if not storage().exists(name):
            with (folder / kept.sha256).open("rb") as file:
                saved = storage().save(name, File(file))
            if saved != name:
                raise CannotRestore(f"The store keeps {name} as {saved}.")


def differing(files: dict[str, Kept]) -> Iterable[str]:
    """Names under which the store has something else."""
    for name, kept in files.items():
        if storage().exists(name):
            with storage().open(name) as file:
                if digest_of(file) != kept.sha256:
                    yield name


def unlike(files: dict[str, Kept], folder: Path) -> Iterable[str]:
    """Names whose copy in the backup is missing or not what it was."""
    for name, kept in files.items():
        try:
            with (folder / kept.sha256).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != kept.sha256:
                    yield name
        except OSError:
            yield name


def _copied(name: str, folder: Path) -> Kept:
    digest, size = hashlib.sha256(), 0
    with storage().open(name) as file, tempfile.NamedTemporaryFile(dir=folder, delete=False) as copy:
        while block := file.read(BLOCK):
            digest.update(block)
            size += copy.write(block)
    os.replace(copy.name, folder / digest.hexdigest())
    return Kept(digest.hexdigest(), size)
