"""A sandbox AWS over real HTTP, connected to the portal by real boto3."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib import request

import pytest
from pytest_django.fixtures import Settings

from audit import clock
from audit.moment import Moment
from findings import aws, sync, sync_jobs
from findings.facts import facts
from findings.models import Connection, Scope, Source, SyncRun
from sandbox import Sandbox
from tests.databases import Clone
from tests.workers import Task

HOME, OTHER = "ap-southeast-2", "eu-west-1"
Facts = dict[str, Any]


class Estate:
    """A running sandbox, the connection to it, and the words in which a test speaks of both."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.url = sandbox, sandbox.url
        world = sandbox.world
        self.hub, self.home = world.hub.id, world.home
        self.options = {
            "hub_account": self.hub,
            "home_region": self.home,
            "hub_role": world.hub_role,
            "member_role": world.member_role,
            "write_role": world.write_role,
            "external_id": world.external_id,
        }

    def connect(self, **changes: str) -> Connection:
        made = Connection.objects.create(name="Sandbox", created_at=clock.now(), **(self.options | changes))
        aws.forget(made)
        return made

    @property
    def connection(self) -> Connection:
        return Connection.objects.get(name="Sandbox")

    def control(self, path: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if body else None
        with request.urlopen(request.Request(f"{self.url}/_sandbox/{path}", data=data)) as answer:
            return json.load(answer)

    def change(self, change: str, **more: Any) -> Any:
        return self.control("change", change=change, **more)

    def fault(self, kind: str, **more: Any) -> None:
        self.control("faults", kind=kind, **more)

    def no_faults(self) -> None:
        request.urlopen(request.Request(f"{self.url}/_sandbox/faults", method="DELETE")).close()

    def advance(self, days: float) -> None:
        self.control("advance", days=days)

    def account(self, name: str) -> str:
        return next(row.id for row in self.sandbox.world.accounts.values() if row.name == name)

    def sync(self, *, full: bool = False, force: bool = False) -> dict[str, SyncRun]:
        """Read the connection in this process; returns the runs by the scope's source, the hub's own ones."""
        job = sync_jobs.requested([self.connection], full=full)
        runs = [sync.run(scope.pk, sync_jobs.kind_of(job), job.pk, force=force) for scope in sync_jobs.begin(job)]
        job.refresh_from_db()
        assert job.is_finished
        return {run.scope.source: run for run in runs if run is not None and run.scope.account == self.hub}

    def told(self) -> Facts:
        """What the sandbox says of itself."""
        said: Facts = self.control("facts?at=now")
        return said

    def known(self, moment: Moment | None = None) -> Facts:
        """The same as the portal has it."""
        found = facts([self.connection], moment or Moment.now())
        return {"findings": found["findings"], "config": found["config"]}

    def scope(self, account: str = "", region: str = "", source: str = Source.SECURITY_HUB) -> Scope:
        return Scope.objects.get(account=account or self.hub, region=region or self.home, source=source)

    def a_finding(self, status: str = "FAILED", workflow: str = "NEW") -> Any:
        """Some active control finding with this compliance and workflow status, as the sandbox has it."""
        return next(
            finding
            for finding in self.sandbox.world.findings.values()
            if finding.control_id and finding.compliance == status and finding.workflow == workflow
            and finding.record == "ACTIVE"
        )  # fmt: skip

    def calls(self) -> int:
        return int(self.control("calls")["total"])


StartEstate = Callable[..., Estate]


@pytest.fixture
def start_estate(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StartEstate]:
    """`start_estate(findings=500)`: a sandbox with these options, sharing its clock with the portal."""
    running: list[Sandbox] = []

    def start(**options: Any) -> Estate:
        file = tmp_path / "clock.json"
        file.write_text('{"offset_seconds": 0}')
        settings.CLOCK_FILE = str(file)
        world: dict[str, Any] = {"accounts": 4, "regions": [HOME, OTHER], "findings": 250, "seed": 11}
        world |= {"change_share": 0.05, "days": 0.5}
        sandbox = Sandbox(clock_file=file, **(world | options)).start()
        running.append(sandbox)
        monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.url)
        return Estate(sandbox)

    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield start
    for connection in Connection.objects.all():
        aws.forget(connection)
    for sandbox in running:
        sandbox.stop()


@pytest.fixture
def estate(db: None, start_estate: StartEstate) -> Estate:
    """A small estate that is connected, and not read yet."""
    made = start_estate()
    made.connect()
    return made


@pytest.fixture
def read_estate(estate: Estate) -> Estate:
    """The same, read once."""
    estate.sync()
    return estate


@pytest.fixture
def environment(
    committed_database: Clone,
    start_estate: StartEstate,
    settings: Settings,
    handed_over: Callable[[], list[Task]],
) -> dict[str, Any]:
    """What a worker needs to read a small estate into a database of its own. Nothing waits in the broker."""
    estate = start_estate(regions=[HOME], findings=120)
    estate.connect()
    variables = {
        "AWS_ENDPOINT_URL": estate.url,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "PORTAL_CLOCK_FILE": settings.CLOCK_FILE,
        "LOG_LEVEL": "ERROR",
    }
    return {"estate": estate, "variables": {**committed_database.environment, **variables}}
