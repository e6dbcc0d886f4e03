"""The estate repeats itself exactly, lives, and looks like one that a person would believe."""

from collections import Counter
from typing import Any

import pytest

from sandbox import World
from sandbox.facts import facts
from sandbox.world import DAY
from tests.sandbox.conftest import Estate

START = 1_700_006_400_000
CONTROL_FINDINGS = {"ProductName": [{"Value": "Security Hub", "Comparison": "EQUALS"}]}


def world(**options: Any) -> Any:
    return World(**{"seed": "life", "findings": 1500, "start": START, **options})


def bodies(made: Any) -> Any:
    return [finding.body() for finding in made.findings.values()]


def test_the_same_options_give_the_same_estate_to_the_last_byte() -> None:
    first, second = world(), world()
    for made in (first, second):
        made.advance_to(START + 5 * DAY)
    assert bodies(first) == bodies(second)
    assert facts(first) == facts(second)


def test_it_does_not_matter_in_how_many_strides_time_passes() -> None:
    at_once, bit_by_bit = world(), world()
    at_once.advance_to(START + 3 * DAY)
    for quarter in range(1, 13):
        bit_by_bit.advance_to(START + quarter * DAY // 4 + 1234)
    assert bodies(at_once) == bodies(bit_by_bit)


def test_another_seed_is_another_estate() -> None:
    assert bodies(world(seed="other")) != bodies(world())
    assert set(world(seed="other").accounts) != set(world().accounts)


def test_about_one_check_in_a_hundred_changes_in_a_day() -> None:
    made = world(findings=6000)
    before = {check.serial: check.changed for check in made.live}
    made.advance_to(START + 10 * DAY)
    changed = sum(1 for check in made.live if before.get(check.serial, check.changed) != check.changed)
    assert 0.04 < changed / len(before) < 0.12


def test_every_place_is_evaluated_every_day_and_every_check_in_a_week() -> None:
    made = world(findings=4000, change_share=0)
    made.advance_to(START + 8 * DAY)
    for place in made.places.values():
        if place.frozen or not place.hub:
            continue
        invoked = [check.invoked for checks in place.checks.values() for check in checks.values()]
        assert min(invoked) > START + DAY - 1
        assert max(invoked) > START + 7 * DAY


def test_nothing_is_evaluated_where_nothing_is_recorded() -> None:
    made = world()
    made.advance_to(START + 8 * DAY)
    (stopped,) = [place for place in made.places.values() if place.recorder_stopped]
    assert max(check.invoked for check in stopped.all_checks()) <= stopped.recorder_stopped


def test_one_solution_gets_better_and_one_gets_worse() -> None:
    made = world(findings=6000)

    def pass_rate(solution: Any) -> Any:
        statuses = [check.status for check in made.live if check.resource.solution == solution]
        return statuses.count("PASSED") / len(statuses)

    before = {name: pass_rate(name) for name in ("customer-portal", "data-platform", "payments")}
    made.advance_to(START + 60 * DAY)
    assert pass_rate("customer-portal") > before["customer-portal"] + 0.07
    assert pass_rate("data-platform") < before["data-platform"] - 0.05
    assert abs(pass_rate("payments") - before["payments"]) < 0.05


def test_resources_come_and_go_and_their_findings_with_them() -> None:
    made = world()
    before = set(made.findings)
    made.advance_to(START + 45 * DAY)
    gone = [resource for place in made.places.values() for resource in place.deleted.values()]
    assert gone
    archived = {
        finding.check.resource for finding in made.findings.values() if finding.check and finding.record == "ARCHIVED"
    }
    young = {
        resource
        for resource in gone
        if resource.deleted > START + 17 * DAY
        and resource.kind.weight
        and made.places[resource.account, resource.region].hub
    }
    assert young
    assert young <= archived
    assert before - set(made.findings), "what was archived 30 days ago is forgotten"
    assert set(made.findings) - before


def test_products_report_and_withdraw() -> None:
    made = world()
    before = {f.key for f in made.findings.values() if f.product_name == "GuardDuty"}
    made.advance_to(START + 20 * DAY)
    after = {f.key: f.record for f in made.findings.values() if f.product_name == "GuardDuty"}
    assert set(after) - before
    assert "ARCHIVED" in after.values()


def test_the_organisation_has_solutions_and_its_awkward_corners(estate: Estate) -> None:
    accounts = {account["name"]: account for account in estate.world["accounts"]}
    assert accounts["old-website"]["state"] == "SUSPENDED"
    assert accounts["data-platform-dev"]["role_denied"]
    assert {account["solution"] for account in accounts.values()} >= {
        "payments", "customer-portal", "data-platform", "hr-systems", "shared-platform"
    }  # fmt: skip
    tagged: Counter[str | None] = Counter()
    for finding in estate.findings(account=accounts["shared-platform-prod"]["id"], Filters=CONTROL_FINDINGS):
        tagged[finding["Resources"][0].get("Tags", {}).get("solution")] += 1
    assert tagged[None]
    assert len(tagged) >= 4, "one account serves several solutions"


def test_an_organisation_may_be_small_or_large_or_in_one_region() -> None:
    assert len(world(accounts=4, findings=300).accounts) == 4
    assert len(world(accounts=60, findings=3000).accounts) == 60
    alone = world(regions=["eu-west-1"], findings=300)
    alone.advance_to(START + 2 * DAY)
    assert {f.region for f in alone.findings.values()} == {"eu-west-1"}
    with pytest.raises(ValueError, match="4 accounts"):
        world(accounts=3)


def test_findings_are_about_as_many_as_asked_for() -> None:
    for wanted in (1500, 6000):
        assert 0.9 < len(world(findings=wanted).findings) / wanted < 1.15
