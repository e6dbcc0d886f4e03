from __future__ import annotations

import gc
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.test.utils import setup_databases, teardown_databases
from pytest_django.fixtures import Settings
from pytest_django.plugin import DjangoDbBlocker

from compliance_portal.celery import app
from evidence.signing import make_key
from organisation.models import User
from tests.databases import Clone, cloned
from tests.factories import ApiTokenFactory, UserFactory
from tests.factories.organisation import secret_of
from tests.workers import Task, taken_from_the_broker


class LoggedIn(Client):
    """A browser in which `person` is logged in."""

    person: User


LogIn = Callable[..., LoggedIn]


class Program(Client):
    """What calls the API for `person` with `token`, and keeps no cookie."""

    def __init__(self, person: User, **token: Any) -> None:
        self.person, self.token = person, ApiTokenFactory(person=person, **token)
        super().__init__(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {secret_of(self.token)}"})


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no worker is left with it at the end, and groups stay together.

    pytest-xdist 3.8 names the group of a test where pytest 9.2 no longer looks, and each test would go
    to any worker. Source: https://github.com/pytest-dev/pytest-xdist/issues/1386
    """
    for item in items:
        if named := vars(item).get("_nodeid"):
            item._id = type(item.id).parse(named)
    items.sort(key=_seconds, reverse=True)


def _seconds(item: pytest.Item) -> int:
    """About how long a test takes that says so. The journeys, one after the other, are the longest of all."""
    if item.get_closest_marker("browser"):
        return 1_000
    slow = item.get_closest_marker("slow")
    return int(slow.kwargs.get("seconds", 10)) if slow else 0


def pytest_collection_finish() -> None:
    """What is imported by now stays, and pages are drawn without a look for garbage at every few of their objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000)


@pytest.fixture(scope="session", autouse=True)
def own_redis() -> None:
    """Each parallel run of tests has a Redis database of its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if worker:
        settings.REDIS_URL = re.sub(r"/\d+$", f"/{int(worker) + 1}", settings.REDIS_URL)
        settings.CACHES["default"]["LOCATION"] = settings.REDIS_URL
        app.conf.update(broker_url=settings.REDIS_URL)


@pytest.fixture(autouse=True)
def own_files(settings: Settings, tmp_path: Path, signing_key: Path) -> None:
    """Each test has folders of its own for exports and evidence."""
    own = {
        name: {**settings.STORAGES[name], "OPTIONS": {"location": str(tmp_path / name)}}
        for name in ("exports", "evidence")
    }
    settings.STORAGES = {**settings.STORAGES, **own}
    settings.SIGNING_KEY_FILE = str(signing_key)


@pytest.fixture(scope="session")
def signing_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key that this run of the tests signs with."""
    file = tmp_path_factory.mktemp("key") / "signing.pem"
    make_key(file)
    return file


@pytest.fixture
def log_in(db: None) -> LogIn:
    """`log_in(second_line=True)`: a new person with these traits; `log_in(person)`: one that exists."""

    def _log_in(person: User | None = None, **traits: Any) -> LoggedIn:
        browser = LoggedIn()
        browser.person = person or UserFactory(**traits)
        browser.force_login(browser.person)
        return browser

    return _log_in


@pytest.fixture
def first_line(log_in: LogIn) -> LoggedIn:
    return log_in(first_line=True)


@pytest.fixture
def second_line(log_in: LogIn) -> LoggedIn:
    return log_in(second_line=True)


@pytest.fixture
def third_line(log_in: LogIn) -> LoggedIn:
    return log_in(third_line=True)


@pytest.fixture
def external(log_in: LogIn) -> LoggedIn:
    return log_in(external=True)


@pytest.fixture
def administrator(log_in: LogIn) -> LoggedIn:
    return log_in(administrator=True)


@pytest.fixture
def handed_over() -> Callable[[], list[Task]]:
    """`handed_over()`: the tasks that this test gave to the workers since it last asked."""
    taken_from_the_broker()
    return taken_from_the_broker


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """The migrated database, also where every chosen test works on a clone of it; --reuse-db keeps it."""
    keeps = bool(request.config.getoption("reuse_db"))
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, keepdb=keeps)
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0, keepdb=keeps)


@pytest.fixture
def committed_database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Clone]:
    """A database to commit to, for what needs real transactions or another process. No `db` beside it."""
    with django_db_blocker.unblock(), cloned() as clone:
        yield clone
