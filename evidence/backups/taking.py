"""A backup: every row of one moment, every file of the store, and a manifest, in a folder."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.db import connection, transaction

from audit import trail
from evidence import software
from evidence.backups import files, tables
from evidence.backups.manifest import Manifest

BACKUP: Any = SimpleNamespace(_meta=SimpleNamespace(model_name="backup"), public_id="backup")
"""As the trail names it."""
TABLES, FILES = "tables", "files"


class CannotTake(Exception):
    """The message says why."""


def take(folder: Path, *, with_files: bool = True) -> tuple[Manifest, str]:
    """Write a backup into a folder that is new or empty. The manifest and its SHA-256. Raises CannotTake.

    The manifest is written last: a folder without one is no backup. The portal may go on working.
    """
    _make(folder)
    manifest = _written(folder, with_files=with_files)
    sha256 = manifest.write(folder)
    told = {"rows": manifest.rows, "files": len(manifest.files or ()), "taken_at": manifest.taken_at}
    trail.record("backup", "backup.taken", BACKUP, manifest=sha256, **told)
    return manifest, sha256


@transaction.atomic
def _written(folder: Path, *, with_files: bool) -> Manifest:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        tables.as_written()
        cursor.execute("SELECT now()")
        at = cursor.fetchone()[0]
    return Manifest(
        taken_at=at.isoformat(),
        software=software.version(),
        migrations=tables.migrations(),
        tables={
            name: tables.described(name, file_of(folder, name))
            for name in tables.names()
            if name not in tables.LEFT_OUT
        },
        sequences=tables.sequences(),
        files=files.taken(folder / FILES, at) if with_files else None,
        left_out=list(tables.LEFT_OUT),
    )


def file_of(folder: Path, table: str) -> Path:
    return folder / TABLES / f"{table}.zst"


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise CannotTake(f"{folder} is not empty; name a new folder.")
        os.chmod(folder, 0o700)  # it holds what everybody may see only in part
        for name in (TABLES, FILES):
            (folder / name).mkdir(mode=0o700)
    except OSError as error:
        raise CannotTake(f"{folder} cannot be written: {error.strerror}.") from error
