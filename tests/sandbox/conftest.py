"""A sandbox over real HTTP, and real boto3 clients that reach it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib import request
from urllib.error import HTTPError

import boto3
import pytest
from botocore.config import Config

from sandbox import Sandbox

HOME = "ap-southeast-2"
BOTO: Any = boto3  # its overloads want the service name as a literal
_QUIET = Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=15)


class Estate:
    """A running sandbox with the words a test speaks of it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.url = sandbox, sandbox.url
        self._clients: dict[tuple[Any, ...], Any] = {}

    def client(self, service: str, *, account: str | None = None, region: str = HOME, **keys: str) -> Any:
        """account: whose dummy key to use; none: the hub account's. keys: real session credentials."""
        made = keys or {"aws_access_key_id": f"AKIA{account}" if account else "dummy", "aws_secret_access_key": "dummy"}
        key = (service, region, *made.values())
        if key not in self._clients:
            self._clients[key] = BOTO.client(service, region_name=region, endpoint_url=self.url, config=_QUIET, **made)
        return self._clients[key]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def control(self, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
        """The control plane's JSON, or {"status": ..., "error": ...}."""
        data = json.dumps(body).encode() if body is not None else None
        asked = request.Request(f"{self.url}/_sandbox/{path}", data=data, method=method or ("POST" if data else "GET"))
        try:
            with request.urlopen(asked) as answer:
                return json.load(answer)
        except HTTPError as refused:
            return {"status": refused.code, **json.load(refused)}

    @property
    def world(self) -> Any:
        return self.control("world")

    def facts(self) -> Any:
        return self.control("facts?at=now")

    def account(self, name: str) -> str:
        return next(str(account["id"]) for account in self.world["accounts"] if account["name"] == name)

    def findings(self, *, account: str | None = None, region: str = HOME, **asked: Any) -> list[dict[str, Any]]:
        """Every finding that GetFindings pages through."""
        pages = self.client("securityhub", account=account, region=region).get_paginator("get_findings")
        return [
            finding
            for page in pages.paginate(**asked, PaginationConfig={"PageSize": 100})
            for finding in page["Findings"]
        ]

    def settled(self, read: Callable[[], Any]) -> tuple[Any, dict[str, Any]]:
        """(what read() answers, facts) of one and the same step of the world."""
        while True:
            before, value, facts = self.world["evolved_to"], read(), self.facts()
            if self.world["evolved_to"] == before:
                return value, facts


MakeEstate = Callable[..., Estate]


@pytest.fixture(scope="session")
def estate() -> Iterator[Estate]:
    """An estate that tests only read."""
    with Sandbox(seed="tests", findings=1600, days=12) as sandbox:
        estate = Estate(sandbox)
        yield estate
        estate.close()


@pytest.fixture
def own_estate() -> Iterator[Estate]:
    """A small estate that a test may change."""
    with Sandbox(seed="own", findings=400, days=2) as sandbox:
        estate = Estate(sandbox)
        yield estate
        estate.close()


@pytest.fixture
def make_estate() -> Iterator[MakeEstate]:
    """Estates with options of the test's choice."""
    made: list[Estate] = []

    def make(**options: Any) -> Estate:
        made.append(Estate(Sandbox(**{"seed": "made", "findings": 300, **options}).start()))
        return made[-1]

    yield make
    for estate in made:
        estate.close()
        estate.sandbox.stop()
