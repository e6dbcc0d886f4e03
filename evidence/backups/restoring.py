"""A backup put into an empty database and store, and held against its manifest on the way."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from audit import clock, trail
from audit.postgres.base import owner_rights
from evidence import holding
from evidence.backups import files, tables
from evidence.backups.manifest import CannotRestore, Manifest
from evidence.backups.taking import BACKUP, FILES, file_of


def restore(folder: Path) -> Manifest:
    """Into the database of DATABASE_URL, which has no table yet, and into the store. Raises CannotRestore.

    Nothing is touched before the backup is read to its end and held against its manifest; rows come in by one
    transaction, which ends only where every table's hash is the manifest's.
    """
    manifest, sha256 = Manifest.read(folder)
    _is_of_this_software(manifest)
    _is_whole(manifest, folder)
    _is_empty(manifest)
    call_command("migrate", interactive=False, verbosity=0)
    connection.close()
    with owner_rights():
        _fill(manifest, folder)
    connection.close()
    if manifest.files is not None:
        files.put_back(manifest.files, folder / FILES)
        holding.follow(clock.now())
    told = {"rows": manifest.rows, "files": len(manifest.files or ()), "taken_at": manifest.taken_at}
    trail.record("backup", "backup.restored", BACKUP, manifest=sha256, **told)
    return manifest


def _is_of_this_software(manifest: Manifest) -> None:
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if known != set(manifest.migrations):
        differ = ", ".join(sorted(known ^ set(manifest.migrations))[:3])
        raise CannotRestore(
            f"The backup is of version {manifest.software} with other migrations ({differ}): restore it with the "
            "version that took it, then upgrade."
        )


def _is_whole(manifest: Manifest, folder: Path) -> None:
    for name, table in manifest.tables.items():
        digest = hashlib.sha256()
        for block in tables.blocks(file_of(folder, name)):
            digest.update(block)
        if digest.hexdigest() != table.sha256:
            raise CannotRestore(f"The rows of {name} in the backup are not those that its manifest names.")
    for name in files.unlike(manifest.files or {}, folder / FILES):
        raise CannotRestore(f"The file {name} in the backup is missing, or not the one that its manifest names.")


def _is_empty(manifest: Manifest) -> None:
    with owner_rights():
        connection.close()
        if there := tables.names():
            raise CannotRestore(
                f"The database is not empty: it has {len(there)} tables. Make a new one and let DATABASE_URL name it."
            )
        connection.close()
    for name in files.differing(manifest.files or {}):
        raise CannotRestore(f"The store of evidence is not empty: it has another file {name}.")


@transaction.atomic
def _fill(manifest: Manifest, folder: Path) -> None:
    tables.as_written()
    every = tables.names()
    with tables.without_rules(every):
        tables.empty(every)
        for name, table in manifest.tables.items():
            tables.load(name, table, file_of(folder, name))
    tables.set_sequences(manifest.sequences)
    for name, table in manifest.tables.items():
        if tables.described(name) != table:
            raise CannotRestore(f"The rows of {name} came out otherwise than they went in.")
