"""A sandbox AWS over real HTTP, connected to the portal by real boto3."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib import request

import pytest
from django.db import connection as database
from django.test import override_settings
from pytest_django.fixtures import Settings
from pytest_django.plugin import DjangoDbBlocker

from audit import clock
from audit.moment import Moment
from findings import aws, sync, sync_jobs
from findings.facts import facts
from findings.models import Connection, Scope, Source, SyncRun
from sandbox import Sandbox
from tests.databases import Clone, a_clone, working_on
from tests.workers import Task, taken_from_the_broker

HOME, OTHER = "ap-southeast-2", "eu-west-1"
A_DAY = 86_400
"""Seconds."""
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
WORLD: dict[str, Any] = {
    "accounts": 4,
    "regions": [HOME, OTHER],
    "findings": 250,
    "seed": 11,
    "change_share": 0.05,
    "days": 0.5,
}
READ: dict[str, dict[str, Any]] = {"read_estate": {}, "home_estate": {"regions": [HOME], "findings": 160}}
"""Estates that tests find read, by their fixtures' names: what is other than in WORLD."""
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "example",
    "AWS_EC2_METADATA_DISABLED": "true",
}
OTHER_CREDENTIALS = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")


def only_these_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OTHER_CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


def started(file: Path, at: float | None = None, **options: Any) -> Sandbox:
    """A sandbox that shares this clock file with the portal. at: what time it is there, in seconds since 1970.

    Otherwise the latest noon: the world is the same at each hour of a day, and ten minutes pass before it moves.
    """
    now = time.time()
    at = (now / A_DAY - 0.5) // 1 * A_DAY + A_DAY / 2 if at is None else at
    file.write_text(json.dumps({"offset_seconds": at - now}))
    return Sandbox(clock_file=file, **(WORLD | options)).start()


@pytest.fixture
def start_estate(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StartEstate]:
    """`start_estate(findings=500)`: a sandbox with these options, sharing its clock with the portal."""
    running: list[Sandbox] = []

    def start(**options: Any) -> Estate:
        file = tmp_path / "clock.json"
        sandbox = started(file, **options)
        running.append(sandbox)
        settings.CLOCK_FILE = str(file)
        monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.url)
        return Estate(sandbox)

    only_these_credentials(monkeypatch)
    yield start
    for connection in Connection.objects.all():
        aws.forget(connection)
    for sandbox in running:
        sandbox.stop()


@dataclass(frozen=True)
class Reading:
    """An estate as it was when it had just been read, in a clone of the test database.

    world: the sandbox's options, from which the same world comes again. at: seconds since 1970.
    """

    clone: Clone
    world: dict[str, Any]
    at: float


@pytest.fixture(scope="session")
def reading_of(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Reading]]:
    """`reading_of("read_estate")`: read once, for all tests."""
    kept = ExitStack()

    @cache
    def read(name: str) -> Reading:
        file = tmp_path_factory.mktemp(name) / "clock.json"
        with (
            django_db_blocker.unblock(),
            working_on(clone := kept.enter_context(a_clone())),
            override_settings(CLOCK_FILE=str(file)),
            pytest.MonkeyPatch.context() as patch,
            started(file, **READ[name]) as sandbox,
        ):
            only_these_credentials(patch)
            patch.setenv("AWS_ENDPOINT_URL", sandbox.url)
            estate = Estate(sandbox)
            estate.connect()
            estate.sync()
            aws.forget(estate.connection)
            taken_from_the_broker()
            return Reading(clone, READ[name] | {"start": sandbox.world.start}, clock.now().timestamp())

    yield read
    with django_db_blocker.unblock():
        kept.close()


@pytest.fixture(autouse=True)
def reading(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> Iterator[Reading | None]:
    """The reading of the estate that a test finds read; the test works in its clone, and takes back what it does.

    By itself, so that it points there before `db` begins the transaction.
    """
    name = next((name for name in READ if name in request.fixturenames), None)
    if name is None:
        yield None
        return
    assert not database.in_atomic_block
    read: Reading = request.getfixturevalue("reading_of")(name)
    with django_db_blocker.unblock(), working_on(read.clone):
        yield read


@pytest.fixture
def estate(db: None, start_estate: StartEstate) -> Estate:
    """A small estate that is connected, and not read yet."""
    made = start_estate()
    made.connect()
    return made


@pytest.fixture
def read_estate(reading: Reading, db: None, start_estate: StartEstate) -> Estate:
    """The same, read once, a moment ago."""
    return start_estate(at=reading.at, **reading.world)


@pytest.fixture
def home_estate(reading: Reading, db: None, start_estate: StartEstate) -> Estate:
    """One of a single region, read once, a moment ago."""
    return start_estate(at=reading.at, **reading.world)


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


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., str]:
    """`file(finding(1), finding(2))`: a file of JSON lines; `file(b"…", name="x.gz")`: of these bytes."""

    def written(*contents: dict[str, Any] | bytes, name: str = "findings.json") -> str:
        lines = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in contents]
        path = tmp_path / name
        path.write_bytes(b"\n".join(lines))
        return str(path)

    return written
