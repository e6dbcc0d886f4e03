"""A worker is killed while it makes a pack, again and again; the pack is the one that nobody disturbed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction

from assurance.models import Pack
from assurance.pack import freezing, making
from assurance.pack.steps import STEPS
from audit import clock
from audit.models import TrailEntry
from controls.models import Control
from evidence.capturing import storage
from organisation.models import Solution
from tests.assurance.dying import Death, as_line
from tests.assurance.pack_worlds import a_framework
from tests.databases import Clone, a_clone, working_on
from tests.factories import SolutionFactory, UserFactory
from tests.factories.evidence import EvidenceFactory
from tests.workers import ROOT, wait_until

KEPT, SEALED, SAID = 'INSERT INTO "assurance_packfile"', 'UPDATE "assurance_pack"', 'INSERT INTO "audit_trailentry"'
SAVED = ("contents", "requirements", "workbook", "report", "catalog", "README")
"""The beginning of a file's name, of each step."""
HELD = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND objsubid = 2"
STORAGES = """
import json, sys
from django.conf import settings
settings.STORAGES = {**settings.STORAGES, "evidence": json.loads(sys.argv[1])}
from tests.assurance import dying
dying.main()
"""


def deaths() -> Iterator[Death]:
    """Of each step: in the middle of a file; within and after the transaction that keeps it. Then of the seal:
    while the archive is written, in the middle of storing it, and between the statements that say that it is sealed.
    """
    for name, _step in zip(SAVED, STEPS, strict=True):
        yield Death(saving=name)
        yield from (Death(statement=KEPT, then=then) for then in (1, 2))
    yield Death(opening=2)
    yield Death(saving="PK-")
    yield from (Death(statement=SEALED, then=then) for then in (0, 1))
    yield from (Death(statement=SAID, then=then) for then in (0, 1, 2))


@pytest.fixture
def worker(committed_database: Clone) -> Iterator[Callable[[int, Death], int]]:
    """`worker(pack, death)`: how a process ended that took up a pack; 0 where it did not die."""
    variables = {
        **committed_database.environment,
        "DJANGO_SETTINGS_MODULE": "compliance_portal.settings",
        "SIGNING_KEY_FILE": settings.SIGNING_KEY_FILE,
    }
    command = [sys.executable, "-c", STORAGES, json.dumps(settings.STORAGES["evidence"])]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, env=variables, **pipes) as started:
        asks, answers = started.stdin, started.stdout
        assert asks is not None
        assert answers is not None

        def taken_up(pack: int, death: Death) -> int:
            wait_until(lambda: not is_held(pack))
            asks.write(as_line(pack, death) + "\n")
            asks.flush()
            return int(answers.readline())

        try:
            yield taken_up
        finally:
            started.kill()


def is_held(pack: int) -> bool:
    """Whether a worker's connection still has the pack."""
    with connection.cursor() as cursor:
        cursor.execute(HELD, [pack])
        return bool(cursor.fetchone()[0])


def asked_for() -> Pack:
    with transaction.atomic():
        payments: Solution = SolutionFactory(name="Payments")
        version = a_framework(payments)
        EvidenceFactory(solution=payments, shows=[Control.objects.get()], content=bytes(3_000_000))
        by = UserFactory(third_line=True)
    return freezing.of_framework(version, [payments], about=None, by=by, enqueue=lambda key: None)


def archive_of(key: int) -> bytes:
    pack = Pack.objects.get(pk=key)
    assert pack.sealed_at is not None
    with storage().open(pack.stored_as) as file:
        return bytes(file.read())


@pytest.mark.slow
def test_whenever_its_worker_is_killed_the_pack_has_the_bytes_of_one_that_nobody_disturbed(
    worker: Callable[[int, Death], int],
) -> None:
    pack = asked_for()
    with a_clone() as clone, working_on(clone):
        making.run(pack.pk)
        undisturbed, signature = archive_of(pack.pk), bytes(Pack.objects.get(pk=pack.pk).signature or b"")
    for death in deaths():
        assert worker(pack.pk, death) == -9, death
        assert Pack.objects.get(pk=pack.pk).sealed_at is None, death
    assert pack.pk in making.forgotten(at=clock.now() + timedelta(minutes=2))
    assert worker(pack.pk, Death()) == 0
    assert archive_of(pack.pk) == undisturbed
    assert bytes(Pack.objects.get(pk=pack.pk).signature or b"") == signature
    assert making.forgotten(at=clock.now() + timedelta(minutes=2)) == []
    acts = TrailEntry.objects.about("pack", pack.public_id).order_by("pk")
    assert [one.action for one in acts] == ["pack.asked", "pack.sealed"]
