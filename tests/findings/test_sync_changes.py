"""What changes in AWS without a trace, what vanishes there, and what a worker that dies leaves behind."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db.models.functions import Now

from audit import clock
from audit.moment import Moment
from desk.models import Job
from findings import sync, sync_jobs
from findings.connectors.security_hub import BEGINNING
from findings.leases import LostLease, claim
from findings.models import CoverageState, Finding, FindingSpan, Scope, Source, SyncRun, Workflow
from findings.read_security_hub import OVERLAP, windows
from findings.reading import Reading
from tests.findings.conftest import HOME, OTHER, Estate


def workflow_of(native_id: str) -> str:
    span = FindingSpan.objects.get(finding__native_id=native_id, valid_to=None, superseded_at=None)
    return span.workflow


def test_what_somebody_suppresses_in_aws_is_seen_though_its_date_stays(read_estate: Estate) -> None:
    finding = read_estate.a_finding()
    read_estate.change("suppress", id=finding.id)
    read_estate.sync()
    assert workflow_of(finding.id) == Workflow.SUPPRESSED
    read_estate.change("workflow", id=finding.id, status="NEW")
    read_estate.sync()
    assert workflow_of(finding.id) == Workflow.NEW
    began = FindingSpan.objects.filter(finding__native_id=finding.id).order_by("-pk")[0]
    assert began.valid_from_source == FindingSpan.Origin.OBSERVED


def test_what_somebody_resolves_in_aws_is_found_by_the_sweep(read_estate: Estate) -> None:
    finding = read_estate.a_finding()
    read_estate.advance(1.5)
    read_estate.sync()
    finding = read_estate.a_finding()
    read_estate.change("workflow", id=finding.id, status="RESOLVED")
    read_estate.advance(0.1)
    read_estate.sync(full=True)
    assert workflow_of(finding.id) == Workflow.RESOLVED
    assert read_estate.known() == read_estate.told()


def test_what_vanished_ends_only_with_a_complete_sweep(read_estate: Estate) -> None:
    account = read_estate.account("payments-prod")
    read_estate.change("service", account=account, region=OTHER, service="securityhub", on=False)
    there = Finding.objects.filter(account=account, region=OTHER, source=Source.SECURITY_HUB)
    before = Moment.now()
    read_estate.sync()
    assert not there.exclude(gone_at=None).exists()
    read_estate.advance(0.01)
    run = read_estate.sync(full=True)[Source.SECURITY_HUB]
    assert run.gone == there.count() > 0
    assert not there.filter(gone_at=None).exists()
    assert read_estate.known()["findings"] == read_estate.told()["findings"]
    then = read_estate.known(Moment(before.at, clock.now()))
    assert then["findings"]["by_account"][account] > read_estate.known()["findings"]["by_account"][account]


def test_much_vanishing_at_once_is_taken_for_a_fault_until_somebody_insists(read_estate: Estate) -> None:
    before = read_estate.known()["findings"]
    for account in read_estate.sandbox.world.accounts:
        if account != read_estate.hub:
            read_estate.change("service", account=account, region=HOME, service="securityhub", on=False)
    run = read_estate.sync(full=True)[Source.SECURITY_HUB]
    assert run.state == SyncRun.State.FAILED
    assert "are missing from the sweep" in run.error
    assert read_estate.scope().state == CoverageState.FAILED
    assert read_estate.known()["findings"] == before
    read_estate.sync(full=True, force=True)
    assert read_estate.known()["findings"] == read_estate.told()["findings"]


def test_a_deleted_resource_takes_its_evaluations_with_it(read_estate: Estate) -> None:
    arn = next(
        made.arn
        for place in read_estate.sandbox.world.places.values()
        for (kind, _), made in place.resources.items()
        if kind == "AWS::S3::Bucket"
    )
    read_estate.change("delete_resource", arn=arn)
    read_estate.sync()
    assert read_estate.known() == read_estate.told()
    assert not Finding.objects.filter(source=Source.CONFIG, resource__key=arn, gone_at=None).exists()


def test_windows_leave_no_moment_out() -> None:
    now = clock.now()
    everything = windows(None, now)
    assert everything[0].start == BEGINNING
    assert everything[-1].end is None
    assert all(one.end == following.start for one, following in pairwise(everything[:-1]))
    assert everything[-2].end == now
    since = now - timedelta(days=3, hours=2)
    changes = windows(since, now)
    assert changes[0].start == since - OVERLAP
    assert changes[-1].end == now
    assert max(window.end - window.start for window in changes if window.end) <= timedelta(days=1)


def test_two_workers_do_not_read_one_scope(estate: Estate) -> None:
    sync_jobs.begin(sync_jobs.requested([estate.connection], full=True))
    scope = estate.scope()
    first = claim(scope.pk, None, None)
    assert first is not None
    assert claim(scope.pk, None, None) is None
    assert sync.run(scope.pk) is None


def test_a_worker_that_lost_its_lease_writes_nothing_and_the_next_one_takes_its_job_over(estate: Estate) -> None:
    job = sync_jobs.requested([estate.connection], full=True)
    sync_jobs.begin(job)
    scope = estate.scope()
    begun = claim(scope.pk, None, job.pk)
    assert begun is not None
    slow = Reading.of(begun)
    Scope.objects.filter(pk=scope.pk).update(lease_until=Now() - timedelta(seconds=1))
    run = sync.run(scope.pk)
    assert run is not None
    assert (run.state, run.job) == (SyncRun.State.DONE, job)
    with pytest.raises(LostLease):
        slow.merge([], cursor=clock.now())
    slow.run.refresh_from_db()
    assert (slow.run.state, slow.run.error) == (
        SyncRun.State.LEFT,
        "The worker stopped before it had finished.",
    )


def test_a_first_load_that_stopped_goes_on_where_it_was_and_sweeps_later(estate: Estate) -> None:
    sync_jobs.begin(sync_jobs.requested([estate.connection], full=False))
    scope = estate.scope()
    begun = claim(scope.pk, None, None)
    assert begun is not None
    Reading.of(begun).merge([], cursor=clock.now() - timedelta(days=2))
    Scope.objects.filter(pk=scope.pk).update(lease_until=None)
    run = sync.run(scope.pk)
    assert run is not None
    assert run.kind == SyncRun.Kind.INCREMENTAL
    scope.refresh_from_db()
    assert scope.sweep_due
    assert scope.due_at is not None
    assert scope.due_at <= clock.now()
    swept = sync.run(scope.pk)
    assert swept is not None
    assert swept.kind == SyncRun.Kind.SWEEP
    assert estate.known()["findings"] == estate.told()["findings"]


def test_a_job_tells_how_far_it_is_and_names_what_could_not_be_read(read_estate: Estate) -> None:
    done = Job.objects.latest("pk")
    assert (done.state, done.per_cent, done.step) == (Job.State.DONE, 100, "Everything was read")
    read_estate.fault("access_denied", service="securityhub", operation="GetFindings")
    read_estate.sync()
    partly = Job.objects.latest("pk")
    assert partly.state == Job.State.PARTLY
    assert partly.step.startswith("Could not be read: ")
    assert f"{read_estate.hub} {HOME} Security Hub: Access denied" in partly.step
