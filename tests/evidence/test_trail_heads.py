from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from audit import trail
from audit.models import TrailEntry, TrailLink
from audit.postgres.base import owner_rights
from desk.models import Job, Notice, OutboxMessage
from evidence import head_files, signing, trail_heads
from evidence.capturing import storage
from evidence.head_verification import verify
from evidence.models import TrailHead
from evidence.tasks import keep_trail_heads, verify_trail_heads
from tests.clock import at
from tests.conftest import LoggedIn
from tests.databases import Clone
from tests.factories import SolutionFactory, UserFactory
from tests.factories.evidence import TrailHeadFactory
from tests.findings_pages.reading_pages import title, words

TABLES = ("audit_trailentry", "audit_traillink")
REBUILD = """
DO $$
DECLARE entry audit_trailentry; place bigint := 0; before bytea := ''::bytea;
BEGIN
    DELETE FROM audit_traillink;
    FOR entry IN SELECT * FROM audit_trailentry ORDER BY id LOOP
        place := place + 1;
        INSERT INTO audit_traillink VALUES (entry.id, place, before, trail_digest(entry, before));
        before := trail_digest(entry, before);
    END LOOP;
END $$
"""
"""Every digest anew, so that the chain holds in itself again."""


def acts(n: int = 3) -> list[TrailEntry]:
    solution = SolutionFactory()
    return [trail.record("setup", "solution.changed", solution, step=step) for step in range(n)]


@contextmanager
def as_owner() -> Iterator[Any]:
    """Whoever owns the database can switch the rules off, and on again."""
    connection.close()
    with owner_rights(), connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
        yield cursor
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")
    connection.close()


def kept_on(day: str) -> TrailHead:
    with at(day):
        made = trail_heads.keep()
    assert made
    return made


def problems() -> list[str]:
    return [str(one) for one in verify().problems]


def file_of(head: TrailHead) -> Path:
    return Path(storage().path(head.stored_as))


def test_a_head_is_kept_once_a_day(committed_database: Clone) -> None:
    acts()
    with at("2026-03-30"):
        keep_trail_heads()
        keep_trail_heads()
    with at("2026-03-31"):
        keep_trail_heads()
    first, second = TrailHead.objects.order_by("pk")
    assert (first.position, str(second.taken_at.date())) == (3, "2026-03-31")
    assert second.position > first.position  # that the first was kept and verified is in the trail too
    assert first.digest == TrailLink.objects.get(position=3).hex
    assert [entry.action for entry in TrailEntry.objects.filter(kind="trailhead").order_by("pk")] == [
        "trail_head.kept", "trail_head.verified", "trail_head.kept", "trail_head.verified",
    ]  # fmt: skip
    assert problems() == []


def test_the_file_is_a_few_lines_that_the_key_signed(committed_database: Clone) -> None:
    acts()
    first = kept_on("2026-03-30")
    second = kept_on("2026-03-31")
    said = json.loads(file_of(second).read_text())
    assert said["head"][:5] == [
        "Head of the audit trail, format 1",
        "Taken at: 2026-03-31T12:00:00+00:00",
        "Position: 4",
        f"Digest: {TrailLink.objects.get(position=4).hex}",
        "Entries: 4",
    ]
    assert said["head"][6] == f"Head before: {head_files.read(first.stored_as).head.sha256}"
    content, signature = "".join(f"{line}\n" for line in said["head"]).encode(), base64.b64decode(said["signature"])
    assert said["key"] == signing.fingerprint()
    assert signing.is_signed(content, signature, signing.public_pem())
    assert not signing.is_signed(content + b" ", signature, signing.public_pem())


def test_a_trail_that_was_rebuilt_shows(committed_database: Clone) -> None:
    """The owner changes an act and computes the whole chain anew: in itself it holds, against the head it does not."""
    _, second, _ = acts()
    head = kept_on("2026-03-30")
    with as_owner() as cursor:
        cursor.execute("UPDATE audit_trailentry SET detail = '{\"step\": 9}' WHERE id = %s", [second.pk])
        cursor.execute(REBUILD)
    assert trail.verify().holds
    assert problems() == [f"{head.stored_as}: The entry at position 3 has another digest: the trail was rebuilt."]
    with pytest.raises(CommandError, match="position 3 has another digest"):
        call_command("verify_trail_heads")


def test_an_act_that_was_taken_out_shows(committed_database: Clone) -> None:
    _, second, _ = acts()
    kept_on("2026-03-30")
    with as_owner() as cursor:
        cursor.execute("DELETE FROM audit_traillink WHERE entry_id = %s", [second.pk])
        cursor.execute("DELETE FROM audit_trailentry WHERE id = %s", [second.pk])
        cursor.execute(REBUILD)
    assert trail.verify().holds
    assert "The entry at position 3 has another digest: the trail was rebuilt." in problems()[0]


def test_a_tail_that_was_cut_off_shows(committed_database: Clone) -> None:
    acts()
    kept_on("2026-03-30")
    with as_owner() as cursor:
        cursor.execute("DELETE FROM audit_traillink WHERE position > 2")
        cursor.execute(
            "DELETE FROM audit_trailentry e WHERE NOT EXISTS (SELECT FROM audit_traillink WHERE entry_id = e.id)"
        )
    assert trail.verify().holds
    assert "The trail ends at position 2: what came until 3 was cut off." in problems()[0]


def test_an_act_that_was_changed_shows(committed_database: Clone) -> None:
    _, second, _ = acts()
    kept_on("2026-03-30")
    with as_owner() as cursor:
        cursor.execute("UPDATE audit_trailentry SET actor_name = 'nobody' WHERE id = %s", [second.pk])
    assert problems() == [f"Entry {second.pk} was changed, or one before it was taken out."]


def test_a_head_that_is_missing_shows(committed_database: Clone) -> None:
    acts()
    first, second, third = kept_on("2026-03-29"), kept_on("2026-03-30"), kept_on("2026-03-31")
    file_of(second).unlink()
    assert problems() == [
        f"{third.stored_as}: The head that it names as the one before it is missing.",
        f"{second.stored_as}: {second.public_id} names it, and it is not there.",
    ]
    file_of(first).unlink()
    assert f"{first.stored_as}: {first.public_id} names it, and it is not there." in problems()


@pytest.mark.parametrize("change", ["digest", "nothing but the time", "cut", "other text", "signature"])
def test_a_head_that_was_changed_shows(committed_database: Clone, change: str) -> None:
    acts()
    head = kept_on("2026-03-30")
    kept_on("2026-03-31")
    file = file_of(head)
    file.chmod(0o600)
    content = file.read_text()
    said = json.loads(content)
    if change == "digest":
        content = content.replace(head.digest, "0" * 64)
    elif change == "nothing but the time":
        content = content.replace("2026-03-30T12", "2026-03-30T13")
    elif change == "cut":
        content = content[:100]
    elif change == "other text":
        content = "[]"
    else:
        content = content.replace(said["signature"], base64.b64encode(bytes(64)).decode())
    file.write_text(content)
    (found,) = problems()
    assert found.startswith(f"{head.stored_as}: It ")
    assert "was changed after it was signed" in found


def test_a_key_that_nobody_knows_shows_and_an_old_one_is_known(
    committed_database: Clone, settings: Settings, tmp_path: Path
) -> None:
    acts()
    head = kept_on("2026-03-30")
    old = signing.public_pem()
    signing.make_key(tmp_path / "new.pem")
    settings.SIGNING_KEY_FILE = str(tmp_path / "new.pem")
    assert problems() == [
        f"{head.stored_as}: It is signed by a key that is not known here: {signing.fingerprint(old)}."
    ]
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "2025.pem").write_bytes(old)
    settings.SIGNING_OLD_KEYS = str(tmp_path / "old")
    kept_on("2026-03-31")
    assert problems() == []


def test_a_row_that_says_otherwise_shows_and_one_that_is_missing_is_remarked(committed_database: Clone) -> None:
    acts()
    head = kept_on("2026-03-30")
    with as_owner() as cursor:
        cursor.execute("ALTER TABLE evidence_trailhead DISABLE TRIGGER append_only")
        cursor.execute("UPDATE evidence_trailhead SET position = 1")
    assert problems() == [f"{head.stored_as}: The row {head.public_id} in the database says otherwise than the file."]
    with as_owner() as cursor:
        cursor.execute("DELETE FROM evidence_trailhead")
        cursor.execute("ALTER TABLE evidence_trailhead ENABLE TRIGGER append_only")
    found = verify()
    assert (found.holds, [str(one) for one in found.remarks]) == (
        True, [f"{head.stored_as}: The database has no row of it."],
    )  # fmt: skip


def test_what_does_not_hold_is_told_to_administrators_and_the_third_line(committed_database: Clone) -> None:
    told = {UserFactory(administrator=True).pk, UserFactory(third_line=True).pk}
    UserFactory(second_line=True)
    _, second, _ = acts()
    kept_on("2026-03-30")
    with as_owner() as cursor:
        cursor.execute("UPDATE audit_trailentry SET actor_name = 'nobody' WHERE id = %s", [second.pk])
        cursor.execute(REBUILD)
    with at("2026-03-31"):
        keep_trail_heads()
    assert set(Notice.objects.filter(kind="trail_head").values_list("person", flat=True)) == told
    assert "The trail does not hold: " in Notice.objects.filter(kind="trail_head")[0].text


def test_a_copy_leaves_by_mail_and_can_be_held_against_the_trail(
    committed_database: Clone, settings: Settings, tmp_path: Path
) -> None:
    settings.TRAIL_HEADS_TO = ["ana@example.org", "audit@example.org"]
    acts()
    head = kept_on("2026-03-30")
    assert head.mailed_to == "ana@example.org, audit@example.org"
    first, second = OutboxMessage.objects.order_by("pk")
    assert (first.to, second.to) == ("ana@example.org", "audit@example.org")
    assert first.subject == f"Head of the trail {head.public_id}: position 3"
    mail = tmp_path / "mail.eml"
    mail.write_text(f"From: portal\n\n> {first.body}\n--\nSent by mail")
    call_command("verify_trail_heads", mail)
    with as_owner() as cursor:
        cursor.execute("UPDATE audit_trailentry SET actor_name = 'nobody'")
        cursor.execute(REBUILD)
    with pytest.raises(CommandError, match=r"mail\.eml: The entry at position 3 has another digest"):
        call_command("verify_trail_heads", mail)
    mail.write_text("Nothing")
    with pytest.raises(CommandError, match="It is no head of the trail, or was changed"):
        call_command("verify_trail_heads", mail)


def test_without_a_key_the_command_says_what_to_do(committed_database: Clone, settings: Settings) -> None:
    settings.SIGNING_KEY_FILE = ""
    acts()
    keep_trail_heads()
    assert not TrailHead.objects.exists()
    with pytest.raises(CommandError, match=r"Set SIGNING_KEY_FILE; python manage\.py make_signing_key"):
        call_command("keep_trail_head")


def test_the_page_says_what_to_do_without_a_key(administrator: LoggedIn, settings: Settings) -> None:
    settings.SIGNING_KEY_FILE = ""
    page = administrator.get("/evidence/trail-heads/")
    assert title(page) == "No head of the trail is kept yet"
    assert "python manage.py make_signing_key FILE" in words(page)
    assert administrator.get("/evidence/trail-heads/key/").status_code == 404


def test_a_reader_verifies_now(third_line: LoggedIn) -> None:
    head = TrailHeadFactory(position=7)
    page = third_line.get("/evidence/trail-heads/")
    assert title(page) == "1 head of the trail, never verified"
    assert signing.fingerprint() in words(page)
    answer = third_line.post("/evidence/trail-heads/verify/", follow=True)
    assert title(answer) == "The trail does not fit its signed heads"
    assert f"{head.stored_as}: The trail ends at position" in words(answer)
    assert "what came until 7 was cut off" in words(answer)


def test_a_long_trail_is_verified_by_a_job(
    third_line: LoggedIn, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    TrailHeadFactory(position=7)
    monkeypatch.setattr(trail_heads, "AT_ONCE", -1)
    answer = third_line.post("/evidence/trail-heads/verify/")
    job = Job.objects.get()
    assert answer["Location"] == f"/desk/jobs/{job.public_id}/"
    verify_trail_heads(job.pk)
    verify_trail_heads(job.pk)
    job.refresh_from_db()
    assert (job.state, "was cut off" in job.step) == (Job.State.PARTLY, True)
    assert TrailEntry.objects.filter(action="trail_head.verified").count() == 1


def test_what_a_lost_task_left_is_taken_up(db: None, handed_over: Any) -> None:
    with at("2026-03-30"):
        job = trail_heads.ask_for_verification(UserFactory(third_line=True))
    with at("2026-03-31"):
        keep_trail_heads()
    assert handed_over() == [("evidence.tasks.verify_trail_heads", (job.pk,))]


def test_heads_and_the_public_key_are_downloaded(second_line: LoggedIn) -> None:
    head = TrailHeadFactory()
    file = second_line.get(f"/evidence/trail-heads/{head.public_id}/")
    assert file["Content-Disposition"] == f'attachment; filename="{head.public_id}.json"'
    assert json.loads(file.content)["head"][2] == f"Position: {head.position}"
    assert second_line.get("/evidence/trail-heads/key/").content == signing.public_pem()
    file_of(head).unlink()
    assert second_line.get(f"/evidence/trail-heads/{head.public_id}/").status_code == 404


def test_the_first_line_and_readers_from_outside_see_no_heads(first_line: LoggedIn, external: LoggedIn) -> None:
    for reader in (first_line, external):
        assert reader.get("/evidence/trail-heads/").status_code == 403
        assert reader.post("/evidence/trail-heads/verify/").status_code == 403


def test_the_trail_leads_to_its_heads(third_line: LoggedIn) -> None:
    for page in ("/audit/trail/", "/audit/trail/verify/"):
        assert 'href="/evidence/trail-heads/"' in third_line.get(page).content.decode()


def test_the_list_costs_the_same_for_any_number_of_heads(third_line: LoggedIn) -> None:
    costs = []
    for more in (1, 2):
        TrailHeadFactory.create_batch(more)
        with CaptureQueriesContext(connection) as asked:
            third_line.get("/evidence/trail-heads/")
        costs.append(len(asked))
    assert costs[0] == costs[1]
