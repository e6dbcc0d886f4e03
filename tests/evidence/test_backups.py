"""The drill: everything out of one installation, into another one, and the same there."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django.fixtures import Settings

from audit import trail
from audit.models import TrailEntry
from evidence import head_verification, verifying
from evidence.backups.manifest import Manifest
from organisation.models import Solution, User
from tests.databases import Clone
from tests.evidence.drill import backed_up, bytes_of, elsewhere, hashes, seeded
from tests.factories import SolutionFactory, UserFactory


@pytest.mark.slow
def test_what_is_backed_up_is_restored_to_the_last_row_and_byte(
    committed_database: Clone, settings: Settings, tmp_path: Path
) -> None:
    piece = seeded()
    before, backup = hashes(), tmp_path / "backup"
    said = backed_up(backup)
    manifest, sha256 = Manifest.read(backup)
    assert manifest.tables == before
    assert manifest.files is not None
    assert len(manifest.files) == 3  # two pieces of evidence and the head
    assert said.split("\n")[1] == sha256
    assert f"{len(before)} tables, {manifest.rows:,} rows, 3 files" in said
    assert TrailEntry.objects.last_first()[0].detail["manifest"] == sha256
    content, restored = bytes_of(piece), StringIO()

    with elsewhere(settings, {**settings.STORAGES["evidence"], "OPTIONS": {"location": str(tmp_path / "elsewhere")}}):
        call_command("restore", backup, stdout=restored)
        told = [entry.action for entry in TrailEntry.objects.last_first()[:3]]
        assert told == ["locker.verified", "trail_head.verified", "backup.restored"]
        after = hashes()
        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"audit_trailentry", "audit_traillink"}  # the three acts of the restore itself
        assert bytes_of(piece) == content
        assert (trail.verify().holds, head_verification.verify().problems, verifying.verify().differences) == (
            True, [], [],
        )  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.cursor() as cursor:  # the rules are back
            cursor.cursor.execute("DELETE FROM audit_trailentry")
        connection.close()
        assert SolutionFactory().pk > Solution.objects.order_by("pk")[0].pk  # new rows get new keys
        with pytest.raises(CommandError, match="The database is not empty: it has"):
            call_command("restore", backup)
    assert "every table as its hash says" in restored.getvalue()
    assert "The chain holds" in restored.getvalue()


def test_a_backup_is_for_whoever_took_it_alone_and_holds_no_log_in(
    committed_database: Clone, tmp_path: Path, client: Any
) -> None:
    client.force_login(UserFactory(third_line=True))
    client.get("/")
    backed_up(tmp_path / "backup")
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o700
    manifest, _sha256 = Manifest.read(tmp_path / "backup")
    assert set(manifest.left_out) == {"audit_edition", "django_session", "usersessions_usersession"}
    assert not set(manifest.left_out) & set(manifest.tables)
    assert not (tmp_path / "backup" / "tables" / "django_session.zst").exists()


def test_a_store_that_is_backed_up_otherwise_is_left_out(committed_database: Clone, tmp_path: Path) -> None:
    assert "without files" in backed_up(tmp_path / "backup", without_files=True)
    assert Manifest.read(tmp_path / "backup")[0].files is None


def test_a_folder_with_something_in_it_is_not_written_to(committed_database: Clone, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(CommandError, match="is not empty; name a new folder"):
        call_command("backup", tmp_path)


def _row(folder: Path) -> str:
    tables_of = folder / "tables"
    (tables_of / "audit_trailentry.zst").write_bytes((tables_of / "audit_traillink.zst").read_bytes())
    return "The rows of audit_trailentry in the backup are not those that its manifest names"


def _cut_short(folder: Path) -> str:
    file = folder / "tables" / "audit_trailentry.zst"
    file.write_bytes(file.read_bytes()[:-9])
    return "audit_trailentry"


def _file(folder: Path) -> str:
    next(iter((folder / "files").iterdir())).write_bytes(b"other")
    return "in the backup is missing, or not the one that its manifest names"


def _missing(folder: Path) -> str:
    next(iter((folder / "files").iterdir())).unlink()
    return "in the backup is missing, or not the one that its manifest names"


def _unfinished(folder: Path) -> str:
    (folder / "manifest.json").unlink()
    return "holds no finished backup"


def _of_another_version(folder: Path) -> str:
    said = json.loads((folder / "manifest.json").read_text())
    said["migrations"].append("audit.0099_tomorrow")
    (folder / "manifest.json").write_text(json.dumps(said))
    return r"with other migrations \(audit\.0099_tomorrow\): restore it with the version that took it"


def _no_manifest(folder: Path) -> str:
    (folder / "manifest.json").write_text("{}")
    return "is no manifest of a backup, or was changed"


def _nothing(folder: Path) -> str:
    return r"The database is not empty: it has \d+ tables"


@pytest.mark.parametrize(
    "change", [_row, _cut_short, _file, _missing, _unfinished, _of_another_version, _no_manifest, _nothing]
)
def test_what_is_no_whole_backup_of_this_version_or_would_overwrite_is_refused(
    committed_database: Clone, tmp_path: Path, change: Callable[[Path], str]
) -> None:
    seeded()
    backed_up(tmp_path / "backup")
    people = User.objects.count()
    with pytest.raises(CommandError, match=change(tmp_path / "backup")):
        call_command("restore", tmp_path / "backup")
    assert User.objects.count() == people
