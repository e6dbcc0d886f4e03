"""Exported findings brought by the API: kept, loaded by a worker, and told by a job."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from audit.models import TrailEntry
from desk.models import Job
from findings import load_jobs, tasks
from findings.leases import claim
from findings.models import Connection, Finding, Load, Scope, SyncRun
from organisation.models import AnsweredCall
from tests.conftest import LoggedIn, LogIn, Program
from tests.factories import UserFactory
from tests.factories.findings import ConnectionFactory
from tests.findings.exported import finding, some
from tests.findings.test_loading import BROKEN

pytestmark = pytest.mark.django_db
LOAD = "/api/v1/findings/load/"


def sent(by: Client, body: bytes, *, name: str = "export.json", key: str = "", **fields: str) -> Any:
    headers = {"Idempotency-Key": key} if key else None
    return by.post(LOAD, {"file": SimpleUploadedFile(name, body), **fields}, headers=headers)


def as_json(*records: dict[str, Any]) -> bytes:
    return json.dumps(records).encode()


def loaded(answer: Any) -> Job:
    """The job of an answer, once a worker has done it."""
    assert answer.status_code == 202, answer.content
    found = Job.objects.get(pk=Job.key_of(answer.json()["id"]))
    load_jobs.run(found.pk)
    found.refresh_from_db()
    return found


def stored() -> list[str]:
    folder = Path(settings.STORAGES["exports"]["OPTIONS"]["location"]) / load_jobs.FOLDER
    return sorted(path.name for path in folder.glob("*"))


def latest_run() -> SyncRun:
    return SyncRun.objects.order_by("-pk")[0]


def test_a_program_brings_a_file_and_asks_after_its_job() -> None:
    program = Program(UserFactory(second_line=True), writes=True)
    connection = ConnectionFactory(name="Estate")
    answer = sent(program, gzip.compress(as_json(*some(3))), name="all.json.gz", connection=connection.public_id)
    job = Job.objects.get()
    assert {name: answer.json()[name] for name in ("id", "kind", "subject", "title", "state", "per_cent")} == {
        "id": job.public_id, "kind": "findings.load", "subject": connection.public_id,
        "title": "Load findings from all.json.gz", "state": "waiting", "per_cent": 0,
    }  # fmt: skip
    assert stored() == [job.public_id]
    load_jobs.run(job.pk)
    run = latest_run()
    told = program.get(f"/api/v1/jobs/{job.public_id}/").json()
    assert (told["state"], told["per_cent"]) == ("done", 100)
    assert told["step"] == f"{run.public_id}: 3 read, 3 new, 0 changed, 0 set aside."
    assert (run.job, run.scope.connection, run.kind) == (job, connection, SyncRun.Kind.LOAD)
    assert set(Finding.objects.values_list("native_id", flat=True)) == {row["Id"] for row in some(3)}
    assert stored() == []


def test_who_loads_is_on_the_trail_and_what_was_loaded(second_line: LoggedIn) -> None:
    job = loaded(sent(second_line, as_json(finding())))
    made = Connection.objects.get()
    entries = [(entry.action, entry.actor, entry.object_id) for entry in TrailEntry.objects.order_by("pk")]
    assert entries[-3:] == [
        ("findings.load_asked", second_line.person.public_id, job.public_id),
        ("connection.added", second_line.person.public_id, made.public_id),
        ("findings.loaded", second_line.person.public_id, made.public_id),
    ]
    asked, told = (
        TrailEntry.objects.get(action=action).detail for action in ("findings.load_asked", "findings.loaded")
    )
    assert (asked["file"], asked["size"], len(asked["sha256"])) == ("export.json", len(as_json(finding())), 64)
    assert (told["files"], told["read"], told["complete"]) == (["export.json"], 1, True)
    assert (job.subject, job.url) == (made.public_id, f"/findings/connections/{made.public_id}/")


def test_what_is_set_aside_is_told_with_the_first_reason(second_line: LoggedIn) -> None:
    job = loaded(sent(second_line, as_json(finding(1), finding(2, UpdatedAt="yesterday"))))
    assert (job.state, job.step) == (
        "partly",
        f"{latest_run().public_id}: 1 read, 1 new, 0 changed, 1 set aside."
        " export.json, record 2: UpdatedAt is not a date: 'yesterday'.",
    )


def test_a_broken_file_is_told_and_what_came_before_stays(second_line: LoggedIn) -> None:
    body, why = BROKEN["an array without its end"]
    job = loaded(sent(second_line, body))
    assert job.state == "partly"
    assert job.step.startswith(f"{latest_run().public_id}: 3 read, 3 new, 0 changed, 0 set aside. export.json: after 3")
    assert why in job.step
    assert Finding.objects.count() == 3
    assert stored() == []


@pytest.mark.parametrize(
    ("body", "field", "why"),
    [
        (b"Id,Title\n1,2", "file", "it holds no JSON of findings"),
        (b"[1, 2]", "file", "a member of the array is no object"),
        (b" \n ", "file", "The file holds no record."),
        (b"", "file", "empty"),
        (gzip.compress(b"not findings", mtime=0), "file", "it holds no JSON of findings"),
        (gzip.compress(b" " * 40 * 2**20, mtime=0), "file", "unpacked, it has more than"),
        (b"\x1f\x8bnothing", "file", "damaged or cut short"),
    ],
)
def test_what_is_no_export_is_refused_at_once(second_line: LoggedIn, body: bytes, field: str, why: str) -> None:
    answer = sent(second_line, body)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert list(answer.json()["errors"]) == [field]
    assert why in answer.json()["errors"][field][0]
    assert not Job.objects.exists()
    assert stored() == []


@override_settings(LOAD_MOST_MB=1)
def test_a_file_that_is_too_large_is_refused_while_it_arrives(second_line: LoggedIn) -> None:
    answer = sent(second_line, as_json(finding()) + b" " * 2**20)
    assert answer.json()["errors"] == {
        "file": ["The file is larger than 1 MB, which is the most that is taken at once."]
    }


def test_a_file_that_unpacks_to_too_much_breaks_where_it_does(
    second_line: LoggedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = (row | {"Description": "much" * 1000} for row in some(900))
    answer = sent(second_line, gzip.compress(b"\n".join(json.dumps(row).encode() for row in rows)))
    monkeypatch.setattr(load_jobs, "most_bytes", lambda: 2**16)
    assert "unpacked, it has more than 2,097,152 bytes" in loaded(answer).step


def test_a_name_is_only_a_name(second_line: LoggedIn) -> None:
    assert loaded(sent(second_line, as_json(finding()), name="-")).state == "done"
    assert loaded(sent(second_line, as_json(finding()), name="s3:secret")).state == "done"


def test_among_several_connections_one_has_to_be_named(second_line: LoggedIn) -> None:
    one, two = ConnectionFactory(), ConnectionFactory()
    answer = sent(second_line, as_json(finding()))
    assert answer.json()["errors"] == {"connection": ["There is more than one connection: say which."]}
    assert sent(second_line, as_json(finding()), connection="C-999999").status_code == 404
    loaded(sent(second_line, as_json(finding()), connection=two.public_id))
    assert Finding.objects.get().connection == two != one


def test_a_connection_that_is_being_read_is_waited_for(
    second_line: LoggedIn, handed_over: Callable[[], list[Any]]
) -> None:
    loaded(sent(second_line, as_json(finding())))
    run = claim(Scope.objects.get().pk, SyncRun.Kind.LOAD, None)
    job = loaded(sent(second_line, as_json(finding(2))))
    assert (job.state, job.step) == ("running", "Files is being read just now. Load the files when that has ended.")
    assert stored() == [job.public_id]
    tasks.load_findings(job.pk)
    assert (run is not None, handed_over()) == (True, [])
    Scope.objects.update(lease_until=None)
    load_jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, Finding.objects.count()) == ("done", 2)


def test_a_file_that_is_lost_is_told(second_line: LoggedIn) -> None:
    answer = sent(second_line, as_json(finding()))
    storages["exports"].delete(Load.objects.get().file)
    job = loaded(answer)
    assert job.state == "failed"
    assert job.step.startswith("export.json: it cannot be opened")


def test_sent_again_with_its_key_it_is_loaded_once_and_the_key_keeps_no_content(second_line: LoggedIn) -> None:
    body = as_json(finding())
    first, again = (sent(second_line, body, key="nightly-7") for _ in range(2))
    assert (first.status_code, again.status_code, again["Idempotency-Replayed"]) == (202, 202, "true")
    assert first.json() == again.json()
    assert Load.objects.count() == Job.objects.count() == 1
    assert sent(second_line, as_json(finding(2)), key="nightly-7").status_code == 422
    row = AnsweredCall.objects.get()
    assert b"securityhub" not in json.dumps([row.key, row.digest, row.answer]).encode()


def test_what_a_lost_task_left_is_handed_out_again_one_at_a_time(
    second_line: LoggedIn, handed_over: Callable[[], list[Any]]
) -> None:
    first, second = (
        Job.objects.get(pk=Job.key_of(sent(second_line, as_json(finding(n))).json()["id"])) for n in (1, 2)
    )
    tasks.look_after_loads()
    assert handed_over() == []
    for job in (first, second):
        Job.objects.filter(pk=job.pk).update(requested_at=job.requested_at - load_jobs.FORGOTTEN_AFTER)
    tasks.look_after_loads()
    assert handed_over() == [("findings.tasks.load_findings", (job.pk,)) for job in (first, second)]
    tasks.load_findings(first.pk)
    assert handed_over() == [("findings.tasks.load_findings", (second.pk,))]
    tasks.load_findings(second.pk)
    assert (handed_over(), Finding.objects.count(), stored()) == ([], 2, [])


def test_files_that_nobody_will_load_are_removed(second_line: LoggedIn) -> None:
    kept, ended = (Job.objects.get(pk=Job.key_of(sent(second_line, as_json(finding(n))).json()["id"])) for n in (1, 2))
    ended.finish(Job.State.FAILED, step="x")
    for name in ("J-0", "J-1"):
        storages["exports"].save(f"{load_jobs.FOLDER}/{name}", SimpleUploadedFile("x", b"x"))
    os.utime(storages["exports"].path(f"{load_jobs.FOLDER}/J-0"), (0, 0))
    load_jobs.forget_files()
    assert stored() == sorted(["J-1", kept.public_id])


@pytest.mark.parametrize("line", ["first_line", "third_line", "external"])
def test_who_may_not_load_may_not(log_in: LogIn, line: str) -> None:
    assert sent(log_in(**{line: True}), as_json(finding())).status_code == 403


def test_a_token_of_another_area_loads_nothing() -> None:
    program = Program(UserFactory(second_line=True), writes=True, areas=["evidence"])
    answer = sent(program, as_json(finding()))
    assert (answer.status_code, answer.json()["detail"]) == (403, "This token is not made for “finding”.")


def test_while_one_file_is_loaded_another_worker_leaves_the_rest_alone(second_line: LoggedIn) -> None:
    job = Job.objects.get(pk=Job.key_of(sent(second_line, as_json(finding())).json()["id"]))
    with load_jobs.alone() as mine:
        assert (mine, load_jobs.run(job.pk)) == (True, False)
    assert load_jobs.run(job.pk) is True
    assert Finding.objects.count() == 1
