"""Everything of one installation, and another one that it is restored into."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings as project
from django.core.management import call_command
from django.db import connection, transaction
from psycopg import sql
from pytest_django.fixtures import Settings

from audit import trail
from evidence import trail_heads
from evidence.backups import tables
from evidence.backups.manifest import Table
from evidence.capturing import capture, storage
from evidence.models import Evidence
from tests.databases import Clone, _drop, _on_server, working_on
from tests.factories import SolutionFactory, UserFactory
from tests.factories.assurance import EngagementFactory
from tests.factories.controls import ControlFactory
from tests.factories.findings import FindingFactory
from tests.factories.organisation import LONG_AGO
from tests.factories.risks import RiskFactory


def seeded() -> Evidence:
    """Something on every floor, what text formats stumble over, two files and a signed head."""
    person = UserFactory(first_line=True, name="Ana \\N \t\n ’ ∅")
    FindingFactory()
    RiskFactory()
    ControlFactory()
    EngagementFactory()
    solution = SolutionFactory()
    trail.record(person, "solution.changed", solution, changed={"name": ["\\", "a\\tb\n"]})
    made = [
        capture(
            [content],
            kind=Evidence.Kind.DOCUMENT,
            title="Access review",
            file_name="review.txt",
            effective_from=LONG_AGO,
            effective_to=LONG_AGO,
            by=person,
            solution=solution,
        )
        for content in (b"Nobody left over.\n", bytes(range(256)) * 2_000)
    ]
    assert trail_heads.keep()
    return made[1]


def bytes_of(piece: Evidence) -> bytes:
    with storage().open(piece.stored_as) as file:
        return bytes(file.read())


def hashes() -> dict[str, Table]:
    with transaction.atomic():
        tables.as_written()
        return {name: tables.described(name) for name in tables.names() if name not in tables.LEFT_OUT}


@contextmanager
def elsewhere(settings: Settings, store: dict[str, Any]) -> Iterator[None]:
    """A new database with nothing in it, and another store."""
    name = f"{project.DATABASES['default']['NAME']}_restored"
    connection.close()
    _on_server(sql.SQL("CREATE DATABASE {} TEMPLATE template0"), name)
    try:
        with working_on(Clone(name, {})):
            settings.STORAGES = {**settings.STORAGES, "evidence": store}
            yield
    finally:
        _drop(name)


def backed_up(folder: Path, **options: Any) -> str:
    said = StringIO()
    call_command("backup", folder, stdout=said, **options)
    return said.getvalue()
