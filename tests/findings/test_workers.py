"""The sync through real Celery workers, begun from a page, from the command line and by beat."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from django.test import Client

from desk.models import Job
from findings import sync_jobs, tasks
from findings.models import Finding, Resource, Scope, SyncRun
from organisation import ownership
from organisation.models import Account
from tests.factories import SolutionFactory, UserFactory
from tests.findings.conftest import Estate
from tests.workers import PATIENCE, ROOT, wait_until, worker

pytestmark = pytest.mark.slow


def ended(job: Job) -> bool:
    job.refresh_from_db()
    return job.is_finished


def press(person: Client, estate: Estate, button: str) -> Job:
    """Press a connection's button; the job that it began."""
    assert person.post(f"/findings/connections/{estate.connection.public_id}/{button}/").status_code == 302
    return Job.objects.latest("pk")


def test_what_pages_ask_for_is_done_by_the_workers(environment: dict[str, Any]) -> None:
    estate = environment["estate"]
    administrator, second_line = Client(), Client()
    administrator.force_login(UserFactory(administrator=True))
    second_line.force_login(UserFactory(second_line=True))
    with worker(environment["variables"]):
        tested = press(administrator, estate, "test")
        wait_until(lambda: ended(tested))
        read = press(second_line, estate, "sync")
        wait_until(lambda: ended(read))
        solution, account = SolutionFactory(), estate.account("payments-prod")
        ownership.add_account(solution, Account.objects.get(account_id=account), whole=True, by="test")
        theirs = Resource.objects.filter(solutions=[solution.pk])
        wait_until(theirs.exists)
    assert (tested.state, tested.step) == (Job.State.DONE, "Everything that is needed answers")
    assert (read.state, read.step) == (Job.State.DONE, "Everything was read")
    assert estate.known() == estate.told()
    assert set(theirs) == set(Resource.objects.filter(account=account))
    moved = Finding.objects.filter(spans__valid_to=None, spans__solutions=[solution.pk])
    assert set(moved) == set(Finding.objects.filter(account=account, spans__valid_to=None))


def test_a_sync_through_a_worker_ends_with_aws_own_figures(environment: dict[str, Any]) -> None:
    estate, variables = environment["estate"], environment["variables"]
    with worker(variables):
        for days in (0, 1):
            if days:
                estate.advance(days)
            sync = subprocess.run(
                [sys.executable, "manage.py", "sync", "--wait"],
                cwd=ROOT, env=variables, capture_output=True, text=True, timeout=PATIENCE,
            )  # fmt: skip
            assert (sync.returncode, sync.stdout.splitlines()[-1]) == (0, "Everything was read"), sync.stderr
            assert estate.known() == estate.told()


def test_work_whose_messages_were_lost_is_found_again(environment: dict[str, Any]) -> None:
    """A job that nobody was told of, and scopes that are due: beat's task hands both to the workers."""
    estate, variables = environment["estate"], environment["variables"]
    job = sync_jobs.requested([estate.connection], full=True)
    estate.advance(0.01)
    with worker(variables):
        tasks.sync_due()
        wait_until(lambda: ended(job))
    assert job.state == Job.State.DONE
    assert SyncRun.objects.filter(job=job).count() == Scope.objects.read_directly().count() == 2
    assert estate.known() == estate.told()
