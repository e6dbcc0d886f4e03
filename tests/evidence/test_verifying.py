"""Whether the locker is as it was filled: every tampering is detected, and named by row, field or file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection
from psycopg import sql

from audit import clock
from audit.models import TrailEntry
from audit.postgres.base import owner_rights
from desk.models import Job
from evidence import changing, holding, verifying
from evidence.capturing import storage
from evidence.models import Evidence
from evidence.tasks import verify_locker
from tests.conftest import LoggedIn, LogIn
from tests.databases import Clone
from tests.evidence.people import World, a_world, added
from tests.factories.evidence import EvidenceFactory
from tests.findings_pages.reading_pages import title, words

GUARDS = {
    "evidence_evidence": ("decided_once",),
    "evidence_legalhold": ("decided_once",),
    "evidence_evidencelink": (),
    "audit_trailentry": ("append_only",),
}


@contextmanager
def as_owner() -> Iterator[Any]:
    """Whoever owns the database can switch its rules off, and on again."""
    connection.close()
    with owner_rights(), connection.cursor() as cursor:
        for way in ("DISABLE", "ENABLE"):
            for table, triggers in GUARDS.items():
                for one in triggers:
                    cursor.execute(f"ALTER TABLE {table} {way} TRIGGER {one}")
            if way == "DISABLE":
                yield cursor
    connection.close()


def differences() -> list[str]:
    return [f"{one.kind} {one}" for one in verifying.verify().differences]


def aged(found: Evidence | str) -> Path:
    """The path of its file, written an hour ago."""
    path = Path(storage().path(found if isinstance(found, str) else found.stored_as))
    then = (clock.of_this_machine() - timedelta(hours=1)).timestamp()
    os.utime(path, (then, then))
    return path


def filled() -> tuple[World, Evidence]:
    """A locker in which everything happened that may."""
    world = a_world()
    found, other = added(world), added(world, title="Another")
    changing.unlink(found.links.get(), because="It is about joiners", by=world.ana)
    changing.link(found, world.control, because="It is not", by=world.ana)
    changing.withdraw(other, because="Wrong", by=world.ana)
    made = holding.hold(because="A claim is pending", by=world.ines, evidence=found)
    holding.hold(because="Another", by=world.ines, solution=world.payments)
    holding.release(made, because="Settled", by=world.theo)
    return world, found


def test_a_locker_that_nobody_touched_holds(committed_database: Clone) -> None:
    filled()
    assert differences() == []
    call_command("verify_evidence")
    entry = TrailEntry.objects.get(action="locker.verified")
    assert {name: entry.detail[name] for name in ("pieces", "files", "holds")} == {
        "pieces": 2, "files": 2, "holds": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "value", "words_"),
    [
        ("title", "Access denied", "title is “Access denied”, and was “Access review”"),
        ("note", "All is well", "note is “All is well”, and was nothing"),
        ("kind", "report", "kind is “report”, and was “document”"),
        ("size", 1, "size is “1”, and was “"),
        ("file_name", "x.pdf", "file_name is “x.pdf”, and was “review.pdf”"),
        ("sha256", "0" * 64, f"sha256 is “{'0' * 64}”, and was “"),
        ("effective_from", "2020-01-01T00:00Z", "effective_from is “2020-01-01T00:00:00+00:00”, and was “"),
        ("captured_at", "2020-01-01T00:00Z", "captured_at is “2020-01-01T00:00:00+00:00”, and was “"),
        ("kept_until", "2020-01-01T00:00Z", "kept_until is “2020-01-01T00:00:00+00:00”, and was “"),
        ("confidentiality", "restricted", "confidentiality is “restricted”, and was “internal”"),
        ("solution_id", None, "solution is nothing, and was “S-"),
        ("captured_by_id", None, "captured_by is nothing, and was “P-"),
        ("media_type", "text/html", "media_type is “text/html”, and was “application/pdf”"),
    ],
)
def test_a_row_edited_by_the_owner_of_the_database_is_named_with_its_field(
    committed_database: Clone, column: str, value: Any, words_: str
) -> None:
    found = added(a_world())
    with as_owner() as cursor:
        statement = sql.SQL("UPDATE evidence_evidence SET {} = %s WHERE id = %s").format(sql.Identifier(column))
        cursor.execute(statement, [value, found.pk])
    told = differences()
    assert told[0].startswith(f"row {found.public_id}: {words_}")
    assert [one for one in told if not one.startswith("file")] == told[:1]
    with pytest.raises(CommandError, match=f"{found.public_id}: {column.removesuffix('_id')} is"):
        call_command("verify_evidence")


@pytest.mark.parametrize(
    ("statement", "words_"),
    [
        ("UPDATE evidence_evidence SET withdrawn_because = 'Lost' WHERE withdrawn_at IS NOT NULL", "withdrawn is"),
        (
            "UPDATE evidence_evidence SET withdrawn_at = NULL, withdrawn_by_id = NULL, withdrawn_because = ''",
            "withdrawn is nothing, and was",
        ),
        (
            "UPDATE evidence_evidence SET destroyed_at = '2090-01-01' WHERE withdrawn_at IS NULL",
            "destroyed_at is “2090-01-01T00:00:00+00:00”, and was nothing",
        ),
        ("UPDATE evidence_evidencelink SET valid_to = NULL", "end of the link to CT-"),
        ("UPDATE evidence_evidencelink SET valid_from = '2020-01-01' WHERE valid_to IS NULL", "link to CT-"),
        ("UPDATE evidence_evidencelink SET because = 'Page 9' WHERE valid_to IS NULL", "link to CT-"),
        ("DELETE FROM evidence_evidencelink WHERE valid_to IS NULL", "links to CT-"),
        ("UPDATE evidence_legalhold SET because = 'None' WHERE released_at IS NULL", "because is “None”, and was"),
        ("UPDATE evidence_legalhold SET solution_id = NULL", "solution is nothing, and was “S-"),
        ("UPDATE evidence_legalhold SET set_at = '2020-01-01' WHERE released_at IS NULL", "set_at is “2020"),
        ("UPDATE evidence_legalhold SET released_because = 'x' WHERE released_at IS NOT NULL", "released is “x”"),
        ("DELETE FROM evidence_legalhold WHERE released_at IS NULL", "The hold is missing, and the trail has it"),
        (
            "DELETE FROM evidence_evidencelink; DELETE FROM evidence_legalhold; DELETE FROM evidence_evidence",
            "The row is missing, and the trail has it",
        ),
    ],
)
def test_whatever_else_of_the_locker_is_edited_is_named(committed_database: Clone, statement: str, words_: str) -> None:
    filled()
    with as_owner() as cursor:
        if "valid_to = NULL" in statement:
            cursor.execute("DROP INDEX evidence_link_once")
        cursor.execute(statement)
    assert any(words_ in one for one in differences()), differences()


def test_a_row_that_nobody_captured_is_named(committed_database: Clone) -> None:
    found = EvidenceFactory()
    assert differences() == [
        f"row {found.public_id}: The row is there, and the trail does not say that it was captured"
    ]


def test_who_edits_the_trail_too_breaks_its_chain(committed_database: Clone) -> None:
    found = added(a_world())
    with as_owner() as cursor:
        cursor.execute("UPDATE evidence_evidence SET title = 'Other'")
        cursor.execute(
            "UPDATE audit_trailentry SET detail = jsonb_set(detail, '{title}', '\"Other\"') "
            "WHERE action = 'evidence.captured'"
        )
    entry = TrailEntry.objects.get(action="evidence.captured", object_id=found.public_id)
    assert differences() == [f"trail {entry.pk}: The trail itself was changed: its chain breaks at entry {entry.pk}."]


def test_each_file_that_was_changed_lost_or_added_is_named(committed_database: Clone) -> None:
    world = a_world()
    changed, lost, _kept = (added(world, title=name) for name in ("Changed", "Lost", "Kept"))
    path = aged(changed)
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)
    aged(lost).unlink()
    extra = storage().save("2026/03/" + "c" * 32, ContentFile(b"x"))
    storage().save("2026/03/" + "d" * 32, ContentFile(b"of an act under way"))
    aged(extra)
    told = differences()
    assert told[0].startswith(f"file {changed.public_id}: The file was changed: {changed.stored_as} has the hash ")
    assert told[0].endswith(f"and {changed.sha256} when it was captured")
    assert told[1:] == [
        f"file {lost.public_id}: The file is missing: {lost.stored_as}",
        f"file {extra}: No row names this file",
    ]


def test_a_piece_that_was_renamed_onto_another_file_is_named_twice(committed_database: Clone) -> None:
    world = a_world()
    one, other = added(world), added(world, content=b"%PDF-1.7 other")
    aged(one)
    with as_owner() as cursor:
        cursor.execute("UPDATE evidence_evidence SET stored_as = stored_as || '0' WHERE id = %s", [one.pk])
    told = differences()
    assert [one.split(":")[0] for one in told] == [
        f"row {one.public_id}", f"file {one.public_id}", f"file {one.stored_as}",
    ]  # fmt: skip
    assert not [line for line in told if other.public_id in line]


@pytest.fixture
def in_order(db: None) -> None:
    """The trail's chain is made at once, and not when the test is over."""
    connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_page_answers_and_names_what_differs(in_order: None, log_in: LogIn) -> None:
    world = a_world()
    found = added(world)
    browser = log_in(world.theo)
    assert title(browser.get("/evidence/verify/")) == "The locker was never verified"
    page = browser.post("/evidence/verify/now/", follow=True)
    assert title(page) == "1 piece is as it was captured"
    aged(found).write_bytes(b"something else")
    page = browser.post("/evidence/verify/now/", follow=True)
    assert title(page) == "1 difference from what was captured"
    assert f"{found.public_id}: The file was changed" in words(page)


def test_a_large_locker_is_verified_by_a_worker(in_order: None, log_in: LogIn, monkeypatch: pytest.MonkeyPatch) -> None:
    world = a_world()
    added(world)
    monkeypatch.setattr(verifying, "AT_ONCE", 0)
    browser = log_in(world.ines)
    answer = browser.post("/evidence/verify/now/")
    job = Job.objects.get(kind="locker")
    assert answer["Location"] == f"/desk/jobs/{job.public_id}/"
    for _ in range(2):
        verify_locker(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.step) == ("done", 1, 1, "Everything is as it was.")
    assert TrailEntry.objects.filter(action="locker.verified").count() == 1
    assert title(browser.get("/evidence/verify/")) == "1 piece is as it was captured"


def test_the_first_line_verifies_nothing(db: None, first_line: LoggedIn) -> None:
    assert first_line.get("/evidence/verify/").status_code == 403
    assert first_line.post("/evidence/verify/now/").status_code == 403


@pytest.mark.parametrize("count", [1, 5])
def test_verifying_costs_the_same_queries_for_any_number(
    in_order: None, count: int, django_assert_num_queries: Any
) -> None:
    world = a_world()
    for _ in range(count):
        added(world)
    with django_assert_num_queries(10):
        assert verifying.verify().holds
