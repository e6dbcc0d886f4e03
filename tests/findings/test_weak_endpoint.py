"""An endpoint that knows few operations, ignores filters and order, and repeats itself, as imitations of AWS do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from audit import clock
from audit.moment import Moment
from findings import aws, sync, sync_jobs
from findings.facts import facts
from findings.models import Connection, CoverageState, Finding, Scope, Source

ACCOUNT, REGION = "123456789012", "us-east-1"
PAGES = 3


def record(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "SchemaVersion": "2018-10-08",
        "Id": f"finding-{number}",
        "ProductArn": f"arn:aws:securityhub:{REGION}:{ACCOUNT}:product/{ACCOUNT}/default",
        "GeneratorId": "generator",
        "AwsAccountId": ACCOUNT,
        "CreatedAt": "2026-01-01T00:00:00Z",
        "UpdatedAt": f"2026-01-{number % 28 + 1:02}T00:00:00Z",
        "Severity": {"Label": "HIGH"},
        "Title": "title",
        "Description": "description",
        "Resources": [{"Type": "AwsEc2Instance", "Id": f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-{number}"}],
        **changes,
    }


class Weak(BaseHTTPRequestHandler):
    """Answers DescribeHub, GetFindings and the caller's identity; anything else does not exist."""

    findings: list[dict[str, Any]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/findings":
            self._answer(200, self._page(json.loads(body).get("NextToken")))
        elif b"Action=GetCallerIdentity" in body:
            arn = f"<Arn>arn:aws:iam::{ACCOUNT}:root</Arn><Account>{ACCOUNT}</Account>"
            inner = f"<GetCallerIdentityResult>{arn}</GetCallerIdentityResult>"
            self._send(200, "text/xml", f"<GetCallerIdentityResponse>{inner}</GetCallerIdentityResponse>".encode())
        else:
            self._unknown()

    def do_GET(self) -> None:
        if self.path == "/accounts":
            self._answer(200, {"HubArn": f"arn:aws:securityhub:{REGION}:{ACCOUNT}:hub/default"})
        else:
            self._unknown()

    def _page(self, token: str | None) -> dict[str, Any]:
        """Each page shows a part, and the first one again shows something of the last."""
        number = int(token or 0)
        part = self.findings[number::PAGES] + self.findings[-2:]
        return {"Findings": part, **({"NextToken": str(number + 1)} if number + 1 < PAGES else {})}

    def _unknown(self) -> None:
        self._answer(404, {"message": "Not yet implemented", "__type": "NotYetImplemented"})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def weak(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Weak)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
    }.items():
        monkeypatch.setenv(name, value)
    Weak.findings = [record(number) for number in range(40)]
    connection = Connection.objects.create(name="Weak", hub_account=ACCOUNT, home_region=REGION, created_at=clock.now())
    yield connection
    aws.forget(connection)
    server.shutdown()
    server.server_close()


def read(connection: Connection, *, full: bool = False) -> None:
    job = sync_jobs.requested([connection], full=full)
    for scope in sync_jobs.begin(job):
        sync.run(scope.pk, sync_jobs.kind_of(job), job.pk)


def by_severity(connection: Connection) -> Any:
    return facts([connection], Moment.now())["findings"]["by_severity"]


def test_findings_are_read_once_each_though_filters_are_ignored(weak: Connection) -> None:
    read(weak)
    assert by_severity(weak) == {"HIGH": 40}
    Weak.findings[3] = record(3, UpdatedAt=clock.now().isoformat(), Severity={"Label": "LOW"})
    Weak.findings.append(record(99, UpdatedAt=clock.now().isoformat()))
    read(weak)
    assert by_severity(weak) == {"HIGH": 40, "LOW": 1}
    Weak.findings.pop(0)
    read(weak, full=True)
    assert by_severity(weak) == {"HIGH": 39, "LOW": 1}
    assert Finding.objects.exclude(gone_at=None).count() == 1


def test_an_operation_that_does_not_exist_is_a_failure_and_never_a_service_that_is_off(weak: Connection) -> None:
    read(weak)
    scope = Scope.objects.get(source=Source.CONFIG)
    assert scope.state == CoverageState.FAILED
    assert scope.reason.startswith("AWS did not accept DescribeConfiguration")
    assert Scope.objects.get(source=Source.SECURITY_HUB).state == CoverageState.FRESH


def test_what_discovery_could_not_ask_stands_in_the_report(weak: Connection) -> None:
    read(weak)
    weak.refresh_from_db()
    assert {note["step"] for note in weak.test_report} >= {
        "Discovery: accounts of the organisation",
        "Discovery: regions",
        "Discovery: Security Hub's regions",
        "Discovery: Config's aggregator",
    }
