from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import call_command
from pytest_django.plugin import DjangoDbBlocker

from tests.databases import Clone, a_clone, working_on


@pytest.fixture(scope="session")
def loaded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Clone]:
    """A database in which the library has been loaded once."""
    with django_db_blocker.unblock(), a_clone() as clone:
        with working_on(clone):
            call_command("load_library", stdout=StringIO())
        yield clone


@pytest.fixture(scope="module")
def library(loaded: Clone, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The tests of a module work on it. What one does there is undone."""
    with django_db_blocker.unblock(), working_on(loaded):
        yield
