"""What Config reports has the severity of the Security Hub control that rests on the same rule."""

from __future__ import annotations

from typing import Any

import pytest

from audit.moment import Moment
from findings.facts import facts
from findings.merge import merge_checks
from findings.models import Check, Connection, FindingSpan, Posture, Severity, Source
from findings.staging import StagedCheck, StagedFinding, uid_of
from tests.factories.findings import ConnectionFactory
from tests.findings.readings import ACCOUNT, REGION, day, merge, reading

pytestmark = pytest.mark.django_db
RULE = "S3_BUCKET_PUBLIC_READ_PROHIBITED"


@pytest.fixture
def connection() -> Connection:
    return ConnectionFactory(created_at=day(0))


def control(key: str = "S3.2", severity: Severity = Severity.CRITICAL, rule: str = RULE) -> StagedCheck:
    return StagedCheck(Source.SECURITY_HUB, key, severity=severity, config_rule=rule)


def result(rule: str = RULE, updated: float = 1, **more: Any) -> StagedFinding:
    """What a customer's rule in Config says of a bucket: no severity, no time since when."""
    said: dict[str, Any] = {
        "source": Source.CONFIG,
        "uid": uid_of("config", rule),
        "native_id": f"{rule}|AWS::S3::Bucket|invoices",
        "check": StagedCheck(Source.CONFIG, rule, config_rule=rule),
        "compliance_status": "NON_COMPLIANT",
        "severity": Severity.NONE,
        "rule_name": rule.lower(),
        "product": "",
        "origin": "customer",
    }
    return reading(updated=updated, **(said | more))


def spans() -> list[tuple[Any, ...]]:
    """(severity, from, to, whose time) of the results of Config, oldest first."""
    rows = FindingSpan.objects.filter(finding__source=Source.CONFIG).order_by("valid_from")
    return list(rows.values_list("severity", "valid_from", "valid_to", "valid_from_source"))


def test_a_result_inherits_the_severity_of_the_control_behind_its_rule(connection: Connection) -> None:
    merge_checks([control(), control("S3.99", Severity.LOW)], at=day(1))
    merge(connection, result(), on=1)
    assert spans() == [(Severity.CRITICAL, day(1), None, "aws")]
    check = Check.objects.get(source=Source.CONFIG)
    assert (check.severity, check.inherits_severity) == (Severity.CRITICAL, True)
    assert [behind.key for behind in check.controls_behind()] == ["S3.2", "S3.99"]


def test_a_rule_that_no_control_rests_on_is_not_rated(connection: Connection) -> None:
    merge_checks([control(rule="")], at=day(1))
    merge(connection, result("OUR_OWN_RULE"), on=1)
    assert [row[0] for row in spans()] == [Severity.NONE]
    assert not Check.objects.get(source=Source.CONFIG).inherits_severity


def test_a_control_that_becomes_known_later_rates_what_is_held_from_then_on(connection: Connection) -> None:
    merge(connection, result(), on=1)
    control_finding = reading(updated=3, check=control(severity=Severity.HIGH))
    merged = merge(connection, control_finding, on=3)
    assert spans() == [(Severity.NONE, day(1), day(3), "aws"), (Severity.HIGH, day(3), None, "observed")]
    config = Posture.objects.filter(check_ran__source=Source.CONFIG)
    assert list(config.values_list("severity", "n", "oldest_since")) == [(Severity.HIGH, 1, day(1))]
    assert (merged.added, merged.changed) == (1, 0)


def test_a_repeated_reading_leaves_the_inherited_severity_as_it_is(connection: Connection) -> None:
    merge_checks([control()], at=day(1))
    merge(connection, result(), on=1)
    assert merge(connection, result(), on=2).changed == 0
    assert merge_checks([control()], at=day(3)) == set()
    assert len(spans()) == 1


def test_a_control_that_is_rated_otherwise_passes_it_on(connection: Connection) -> None:
    merge_checks([control()], at=day(1))
    merge(connection, result(), on=1)
    touched = merge_checks([control(severity=Severity.MEDIUM)], at=day(5))
    check = Check.objects.get(source=Source.CONFIG)
    assert touched == {(check.pk, ACCOUNT, REGION)}
    assert [row[0] for row in spans()] == [Severity.CRITICAL, Severity.MEDIUM]


def test_facts_say_what_aws_says_without_what_is_inherited(connection: Connection) -> None:
    merge(connection, result(), on=1)
    before = facts([connection], Moment.now())
    merge_checks([control()], at=day(3))
    assert facts([connection], Moment.now()) == before
