"""What the portal holds is what AWS says, to the last figure, however it came to be read."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection as database

from audit import clock
from findings.merge import merge_rules
from findings.models import ConfigRule, Finding, FindingSpan, Posture, Source, SyncRun
from findings.rates import IDS_KEPT, Asker
from tests.clock import at
from tests.factories.findings import ScopeFactory
from tests.findings.conftest import Estate, StartEstate


def rows(table: str, columns: str) -> Any:
    """The table's number of rows, and a hash over these columns of all of them."""
    with database.cursor() as cursor:
        text = "string_agg(row::text, '|' ORDER BY row::text)"
        cursor.execute(f"SELECT count(*), md5({text}) FROM (SELECT {columns} FROM {table}) row")  # noqa: S608
        return cursor.fetchone()


def contents() -> dict[str, Any]:
    return {
        "findings": rows("findings_finding", "id, uid, updated_at, content_hash, gone_at, check_ran_id, resource_id"),
        "spans": rows("findings_findingspan", "*"),
        "records": rows("findings_findingrecord", "id, finding_id, md5(body)"),
        "links": rows("findings_findingresource", "finding_id, resource_id"),
        "resources": rows("findings_resource", "id, key, type, gone_at, solutions"),
        "checks": rows("findings_check", "id, key, severity, standards, requirements"),
        "postures": rows("findings_posture", "check_ran_id, account, region, status, severity, n"),
        "coverage": rows("findings_coveragespan", "*"),
    }


def test_after_every_round_of_change_each_figure_is_the_one_that_aws_gives(estate: Estate) -> None:
    estate.sync(full=True)
    assert estate.known() == estate.told()
    for days in (0.02, 0.5, 2, 5):
        estate.advance(days)
        estate.sync()
        assert estate.known() == estate.told(), f"after {days} days"
    estate.advance(35)  # AWS forgets what was archived 30 days ago
    estate.sync(full=True)
    assert estate.known() == estate.told()


def test_reading_the_same_again_changes_nothing(read_estate: Estate) -> None:
    before = contents()
    runs = read_estate.sync()
    assert contents() == before
    assert {(run.added, run.changed, run.gone) for run in runs.values()} == {(0, 0, 0)}
    read_estate.sync(full=True)
    assert contents() == before


def test_the_first_reading_is_a_sweep_and_the_next_reads_only_what_changed(estate: Estate) -> None:
    first = estate.sync()
    assert {run.kind for run in first.values()} == {SyncRun.Kind.SWEEP}
    calls = estate.calls()
    second = estate.sync()
    assert {run.kind for run in second.values()} == {SyncRun.Kind.INCREMENTAL}
    assert second[Source.CONFIG].read == 0
    assert estate.calls() - calls < 60


def test_a_run_says_who_aws_saw(read_estate: Estate) -> None:
    run = SyncRun.objects.latest("pk")
    assert run.caller == (f"arn:aws:sts::{read_estate.hub}:assumed-role/compliance-portal-hub/compliance-portal")


def test_a_run_keeps_the_ids_under_which_aws_answered(read_estate: Estate) -> None:
    for run in SyncRun.objects.all():
        assert 0 < len(run.request_ids) <= IDS_KEPT
        assert len(set(run.request_ids)) == len(run.request_ids)
    many = Asker()
    for n in range(IDS_KEPT + 5):
        many.answered(f"id-{n}")
    assert many.request_ids == [f"id-{n}" for n in range(IDS_KEPT)]


def test_a_rule_is_kept_with_its_parameters(read_estate: Estate) -> None:
    rules = ConfigRule.objects.filter(valid_to=None)
    assert rules.exclude(parameters={}).exists()
    assert {tuple(one.parameters.items()) for one in rules.filter(name__contains="required-tags")} == {
        (("tag1Key", "solution"),)
    }


def test_a_rule_that_is_set_otherwise_begins_anew(db: None) -> None:
    scope = ScopeFactory(source=Source.CONFIG)
    for n, said in enumerate(('{"days":"90"}', '{"days": "90"}', '{"days":"60"}'), 1):
        with at(f"2026-03-0{n}"):
            merge_rules({scope.pk: {"keys": said, "tags": ""}}, at=clock.now())
    held = scope.rules.order_by("name", "valid_from")
    assert list(held.values_list("name", "parameters", "valid_from__day", "valid_to__day")) == [
        ("keys", {"days": "90"}, 1, 3),
        ("keys", {"days": "60"}, 3, None),
        ("tags", {}, 1, None),
    ]


def test_of_two_sources_of_the_same_fact_one_is_scored(read_estate: Estate) -> None:
    spans = FindingSpan.objects.filter(valid_to=None, superseded_at=None)
    unscored = spans.filter(scored=False)
    from_hub = spans.filter(finding__source=Source.CONFIG, finding__origin="security_hub")
    forwarded = spans.filter(finding__source=Source.SECURITY_HUB, finding__product="Config")
    assert from_hub.exists()
    assert forwarded.exists()
    assert set(unscored.values_list("pk", flat=True)) == {
        *from_hub.values_list("pk", flat=True),
        *forwarded.values_list("pk", flat=True),
    }
    counted = spans.filter(scored=True, record_state="ACTIVE").count()
    assert sum(Posture.objects.values_list("n", flat=True)) == counted


def test_an_evaluation_and_a_finding_speak_of_one_resource(read_estate: Estate) -> None:
    of_hub = Finding.objects.filter(source=Source.SECURITY_HUB, product="Security Hub", gone_at=None)
    of_config = Finding.objects.filter(source=Source.CONFIG, origin="security_hub", gone_at=None)
    shared = set(of_hub.values_list("resource", flat=True)) & set(of_config.values_list("resource", flat=True))
    assert len(shared) == len(set(of_config.values_list("resource", flat=True)))


@pytest.mark.parametrize("consolidated", [True, False])
def test_checks_are_known_by_their_control_with_consolidated_findings_and_without(
    db: None, start_estate: StartEstate, consolidated: bool
) -> None:
    estate = start_estate(consolidated=consolidated, seed=1)  # where Config says nothing of NOT_APPLICABLE
    estate.connect()
    estate.sync()
    findings = Finding.objects.filter(product="Security Hub")
    keys = set(findings.values_list("check_ran__key", flat=True))
    assert "Account.1" in keys
    assert not [key for key in keys if "/" in key]
    assert estate.known() == estate.told()


def test_turning_consolidation_on_archives_the_old_findings_and_counts_the_new(
    db: None, start_estate: StartEstate
) -> None:
    estate = start_estate(consolidated=False)
    estate.connect()
    estate.sync()
    keys = set(Finding.objects.values_list("check_ran", flat=True))
    estate.change("consolidate")
    estate.sync()
    assert estate.known() == estate.told()
    assert set(Finding.objects.values_list("check_ran", flat=True)) == keys
