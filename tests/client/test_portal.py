"""client/portal.py, run as a pipeline runs it: a process, over HTTP, against the whole portal."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction

from evidence.models import Evidence
from findings.models import Load
from findings.tasks import load_findings
from organisation.models import ApiToken, Solution
from tests.conftest import Program
from tests.dashboard.reading_homes import noon
from tests.dashboard.test_my_items import a_group
from tests.databases import Clone
from tests.factories import AccountFactory, SolutionFactory, UserFactory
from tests.factories.findings import ConnectionFactory
from tests.factories.organisation import secret_of
from tests.findings.exported import finding
from tests.workers import PATIENCE

CLIENT = Path(__file__).parents[2] / "client" / "portal.py"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


class Quiet(WSGIRequestHandler):
    def log_message(self, *said: Any) -> None:
        pass


class Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def application(environ: Any, start: Any) -> Any:
    try:
        yield from get_wsgi_application()(environ, start)
    finally:
        connection.close()


@pytest.fixture
def address(committed_database: Clone) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, application, Threads, Quiet)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def program(committed_database: Clone) -> Program:
    solution = SolutionFactory(name="Payments", accounts=[AccountFactory(account_id="111122223333")])
    with transaction.atomic():
        a_group(solution, "S3.8", since=noon("2020-01-01"))
    return Program(UserFactory(first_line=True, owns=[solution]), writes=True)


@pytest.fixture
def run(address: str, program: Program) -> Run:
    def _run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        told = {"PORTAL_ADDRESS": address, "PORTAL_TOKEN": secret_of(program.token), **environment}
        return subprocess.run(
            [sys.executable, "-I", CLIENT, *words], env=told, capture_output=True, text=True, timeout=PATIENCE
        )

    return _run


def test_a_pipeline_lists_brings_and_is_told_why_not(run: Run, program: Program, tmp_path: Path) -> None:
    listed = run("items")
    assert (listed.returncode, "findings\tS3.8" in listed.stdout) == (0, True), listed.stderr
    assert "1 items" in listed.stderr
    assert run("items", "--fail-if-any").returncode == 1
    assert run("items", "--kind", "risk", "--fail-if-any").returncode == 0
    assert [one["kind"] for one in json.loads(run("items", "--json").stdout)] == ["findings"]
    found = run("findings", "status=fail", "--fail-if-any")
    assert (found.returncode, found.stderr) == (1, "1 findings\n")
    wrong = run("findings", "severity=loud")
    assert (wrong.returncode, "severity" in wrong.stderr) == (3, True)

    report = tmp_path / "report.txt"
    report.write_text("Nothing found.\n")
    period = ["--from", "2026-01-01T00:00Z", "--to", "2026-02-01T00:00Z"]
    sent = ["upload", str(report), "--title", "Scan", "--solution", Solution.objects.get().public_id, *period]
    first, again = (run(*sent, "--key", "build-41") for _ in range(2))
    assert (first.returncode, again.returncode) == (0, 0), first.stderr
    assert first.stdout == again.stdout
    piece = Evidence.objects.get()
    assert first.stdout == f"{piece.public_id}\tsha256:{piece.sha256}\n"
    assert (piece.file_name, piece.captured_by) == ("report.txt", program.person)
    refused = run(*sent, "--control", "CT-999999")
    assert (refused.returncode, "nothing at this address" in refused.stderr) == (3, True)
    assert Evidence.objects.count() == 1

    ApiToken.objects.update(scope="read")
    reading = run(*sent)
    assert (reading.returncode, reading.stderr) == (4, "This token only reads.\n")
    unknown = run("items", PORTAL_TOKEN="cpt_unknown")
    assert (unknown.returncode, unknown.stderr) == (4, "Nobody has this token.\n")


def test_a_pipeline_loads_findings_and_waits_until_they_are_there(
    run: Run, committed_database: Clone, tmp_path: Path
) -> None:
    program = Program(UserFactory(second_line=True), writes=True, areas=["finding", "job"])
    token = {"PORTAL_TOKEN": secret_of(program.token)}
    connection = ConnectionFactory().public_id
    whole, part = tmp_path / "whole.json", tmp_path / "part.json"
    whole.write_text(json.dumps([finding(1)]))
    part.write_text(json.dumps([finding(2), {"Id": "x"}]))
    sent = ["load", str(whole), str(part), "--connection", connection, "--key", "nightly-7"]
    first = run(*sent, **token)
    assert first.returncode == 0, first.stderr
    assert [line.split("\t")[1:3] for line in first.stdout.splitlines()] == [
        ["waiting", "Load findings from whole.json"], ["waiting", "Load findings from part.json"],
    ]  # fmt: skip
    for load in Load.objects.waiting():
        load_findings(load.pk)
    waited = run(*sent, "--wait", **token)
    jobs = [line.split("\t") for line in waited.stdout.splitlines()]
    assert (waited.returncode, [job[1] for job in jobs]) == (1, ["done", "partly"]), waited.stderr
    assert "1 read, 1 new, 0 changed, 1 set aside. part.json, record 2:" in jobs[1][3]
    assert [job["state"] for job in json.loads(run(*sent, "--wait", "--json", **token).stdout)] == ["done", "partly"]
    assert Load.objects.count() == 2

    part.write_text("Id,Title")
    refused = run("load", str(part), "--connection", connection, **token)
    assert (refused.returncode, "it holds no JSON of findings" in refused.stderr) == (3, True)
    assert run("load", "nowhere.json").returncode == 2
    assert run("load", str(whole)).returncode == 4


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (["items"], {"PORTAL_ADDRESS": "http://portal.example.org", "PORTAL_TOKEN": "x"}, "must begin with https://"),
        (["items"], {"PORTAL_TOKEN": "x"}, "Set PORTAL_ADDRESS"),
        (["items"], {"PORTAL_ADDRESS": "https://portal.example.org"}, "Set PORTAL_ADDRESS"),
        (["findings", "fail"], {"PORTAL_ADDRESS": "https://portal.example.org", "PORTAL_TOKEN": "x"}, "no filter"),
        (["items"], {"PORTAL_ADDRESS": "https://x.example", "PORTAL_TOKEN_FILE": "/nowhere"}, "No such file"),
        ([], {}, "usage: portal"),
    ],
)
def test_wrong_usage_asks_nothing_of_anybody(words: list[str], environment: dict[str, str], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-I", CLIENT, *words], env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
