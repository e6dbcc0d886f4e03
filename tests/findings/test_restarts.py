"""The servers below the portal stop in the middle of a reading, and nothing is lost or doubled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from pytest_django.fixtures import Settings

from embedded import Servers, remove, serving
from tests.findings.conftest import Estate, StartEstate
from tests.workers import PATIENCE, ROOT, wait_until

NOTHING_GIVEN: dict[str, str] = {}
Facts = dict[str, Any]


class Portal:
    """The portal on servers of its own, as its commands have it."""

    def __init__(self, estate: Estate, servers: Servers, clock_file: str) -> None:
        self.estate, self.servers = estate, servers
        more = {"PORTAL_CLOCK_FILE": clock_file, "LOG_LEVEL": "CRITICAL"}
        self._environment = {**os.environ, **servers.environment, **more}

    def start(self, *arguments: str, **more: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-W", "ignore", "manage.py", *arguments]
        return subprocess.Popen(command, cwd=ROOT, env=self._environment, text=True, **more)

    def run(self, *arguments: str) -> str:
        """What the command prints, however it ends: one account of the estate refuses to be read."""
        with self.start(*arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as command:
            said, _ = command.communicate(timeout=PATIENCE)
        return said

    def connect(self) -> None:
        self.run("migrate", "--verbosity", "0")
        options = self.estate.options
        self.run("connect", "Sandbox", *(f"--{name.replace('_', '-')}={value}" for name, value in options.items()))

    @contextmanager
    def in_the_middle_of_reading(self) -> Iterator[subprocess.Popen[str]]:
        """A full reading that has asked for findings, and waits for them."""
        before = self._asked()
        self.estate.fault("slow", service="securityhub", operation="GetFindings", seconds=0.3)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with self.start("sync", "--full", "--inline", **quiet) as reading:
            wait_until(lambda: self._asked() > before + 2)
            assert reading.poll() is None
            yield reading
        self.estate.no_faults()

    def _asked(self) -> int:
        return sum(self.estate.control("calls")["calls"].get("securityhub", {}).get("GetFindings", {}).values())

    def known(self) -> Facts:
        found = json.loads(self.run("facts"))
        return {"findings": found["findings"], "config": found["config"]}

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.servers.database_url, autocommit=True) as database:
            answer = database.execute(statement)
            return answer.fetchall() if answer.description else []


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name; pytest's own are too deep for a socket and closed to other users."""
    made = Path(tempfile.mkdtemp(prefix="emb-"))
    yield made
    remove(made)


@pytest.mark.slow(seconds=90)
def test_valkey_and_then_postgresql_stop_in_the_middle_of_a_reading(
    db: None, start_estate: StartEstate, settings: Settings, folder: Path
) -> None:
    estate = start_estate()
    with serving(folder, durable=True, given=NOTHING_GIVEN) as servers:
        portal = Portal(estate, servers, settings.CLOCK_FILE)
        portal.connect()
        with portal.in_the_middle_of_reading() as reading:
            valkey = redis.Redis.from_url(servers.redis_url).info("server")["process_id"]
            os.kill(valkey, signal.SIGTERM)
            reading.wait(PATIENCE)
        assert portal.known() == estate.told(), "a reading needs no queue"

    estate.advance(0.5)
    with serving(folder, durable=True, given=NOTHING_GIVEN) as servers:
        portal = Portal(estate, servers, settings.CLOCK_FILE)
        with portal.in_the_middle_of_reading() as reading:
            os.kill(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGINT)
            assert reading.wait(PATIENCE) != 0

    with serving(folder, durable=True, given=NOTHING_GIVEN) as servers:
        portal = Portal(estate, servers, settings.CLOCK_FILE)
        portal.ask("UPDATE findings_scope SET lease_until = now() WHERE lease_until IS NOT NULL")
        portal.run("sync", "--full", "--inline")
        assert portal.known() == estate.told()
        assert portal.ask("SELECT 1 FROM findings_syncrun WHERE state = 'left'"), "the reading was not interrupted"
        doubled = "SELECT finding_id FROM findings_findingspan WHERE valid_to IS NULL AND superseded_at IS NULL"
        assert portal.ask(f"{doubled} GROUP BY 1 HAVING count(*) > 1") == []
        counted = "SELECT count(*) FROM findings_findingspan WHERE valid_to IS NULL AND superseded_at IS NULL"
        counted += " AND scored AND record_state = 'ACTIVE'"
        assert portal.ask(counted) == portal.ask("SELECT sum(n) FROM findings_posture")
