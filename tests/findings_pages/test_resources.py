from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from findings.fixes import fix_for, fixes
from findings.models import RecordState, Severity, Source, Status, Workflow
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import AccountFactory, SolutionAccountFactory, SolutionFactory
from tests.factories.findings import CheckFactory, FindingFactory, FindingSpanFactory, ResourceFactory
from tests.findings_pages.reading_pages import counted, listed, title, words

pytestmark = pytest.mark.django_db
OTHER_ACCOUNT = "444455556666"


def moment(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00+00:00")


def test_a_resource_page_lists_what_every_check_says_of_it(second_line: LoggedIn) -> None:
    resource = ResourceFactory(name="invoices", tags={"solution": "payments"})
    fails = FindingFactory(resource=resource)
    passes = FindingFactory(resource=resource, status=Status.PASS, severity=Severity.INFORMATIONAL)
    FindingFactory()
    answer = second_line.get(f"/findings/resources/{resource.public_id}/")
    assert title(answer) == "invoices: 1 of 2 findings fails"
    assert listed(answer) == [fails.public_id, passes.public_id]
    assert "solution=payments" in words(answer)


def test_a_resource_of_another_solution_is_not_found(first_line: LoggedIn) -> None:
    resource = ResourceFactory(solutions=[SolutionFactory().pk])
    assert first_line.get(f"/findings/resources/{resource.public_id}/").status_code == 404


def test_a_resource_that_no_check_looks_at_does_not_pass(second_line: LoggedIn) -> None:
    answer = second_line.get(f"/findings/resources/{ResourceFactory(name='invoices').public_id}/")
    assert title(answer) == "invoices: no check says anything of it"
    assert "That is no pass." in words(answer)


def test_a_resource_of_which_all_is_archived_says_so_and_leads_there(second_line: LoggedIn) -> None:
    resource = ResourceFactory(name="invoices")
    finding = FindingFactory(resource=resource)
    finding.spans.update(record_state=RecordState.ARCHIVED)
    answer = second_line.get(f"/findings/resources/{resource.public_id}/")
    assert title(answer) == "invoices: no check says anything of it"
    assert "Every finding on it is archived" in words(answer)
    assert listed(second_line.get(answer.context["archived_url"])) == [finding.public_id]


def test_a_shared_account_is_claimed_by_one_of_few_named_at_once_and_of_many_on_demand(second_line: LoggedIn) -> None:
    finding = FindingFactory()
    account = AccountFactory(account_id=finding.account)
    for name in ("Payments", "Shop"):
        SolutionAccountFactory(account=account, solution=SolutionFactory(name=name))
    assert "Payments , Shop" in words(second_line.get("/findings/unowned/"))
    SolutionAccountFactory(account=account, solution=SolutionFactory(name="Trust"))
    assert "any of 3 solutions Payments , Shop , Trust" in words(second_line.get("/findings/unowned/"))


def test_the_queue_of_unowned_resources_has_the_worst_first_and_counts_what_it_lists(second_line: LoggedIn) -> None:
    quiet, bad, worst = ResourceFactory(), ResourceFactory(), ResourceFactory()
    FindingFactory.create_batch(2, resource=bad, severity=Severity.HIGH)
    FindingFactory(resource=worst, severity=Severity.CRITICAL)
    FindingFactory(resource=quiet, status=Status.PASS)
    FindingFactory(resource__solutions=[SolutionFactory().pk])
    answer = second_line.get("/findings/unowned/")
    assert title(answer) == "Nobody answers for 2 resources that fail"
    assert [row.resource for row in answer.context["rows"]] == [worst, bad]
    everything = second_line.get("/findings/unowned/?all=yes")
    assert {row.resource for row in everything.context["rows"]} == {quiet, bad, worst}


@pytest.mark.parametrize("query", ["", "?all=yes"])
def test_the_queue_says_where_the_worst_severity_is_inherited(second_line: LoggedIn, query: str) -> None:
    """Config gives none; what its results have is that of the control behind the rule."""
    by_config, by_control = ResourceFactory(), ResourceFactory()
    for resource in (by_config, by_control):
        rule = CheckFactory(source=Source.CONFIG, severity=Severity.HIGH)
        FindingFactory(resource=resource, check_ran=rule, source=Source.CONFIG, severity=Severity.HIGH)
    FindingFactory(resource=by_control, severity=Severity.HIGH)
    answer = second_line.get(f"/findings/unowned/{query}")
    assert {row.resource: row.inherited for row in answer.context["rows"]} == {by_config: True, by_control: False}
    assert words(answer).count("High inherited") == 1


def test_a_suppressed_finding_asks_nobody_to_claim_its_resource(second_line: LoggedIn) -> None:
    FindingFactory(workflow=Workflow.SUPPRESSED)
    assert title(second_line.get("/findings/unowned/")) == "Nothing that fails is without an owner"


def test_the_first_line_sees_what_is_unowned_where_its_solutions_live(log_in: LogIn) -> None:
    solution, account = SolutionFactory(name="Payments"), AccountFactory(account_id=OTHER_ACCOUNT)
    SolutionAccountFactory(solution=solution, account=account, whole=False)
    beside = FindingFactory(resource__account=OTHER_ACCOUNT).resource
    FindingFactory()
    answer = log_in(first_line=True, owns=[solution]).get("/findings/unowned/")
    assert [row.resource for row in answer.context["rows"]] == [beside]
    assert "Payments" in words(answer)


def test_the_queue_is_walked_to_its_end_once(second_line: LoggedIn) -> None:
    for n in range(55):
        FindingFactory(severity=n % 2 + 3)
    seen: list[int] = []
    cursor = ""
    for _ in range(2):
        answer = second_line.get(f"/findings/unowned/?cursor={cursor}" if cursor else "/findings/unowned/")
        seen += [row.resource.pk for row in answer.context["rows"]]
        cursor = answer.context["page"].next_cursor
    assert not cursor
    assert len(seen) == len(set(seen)) == 55
    assert second_line.get("/findings/unowned/?cursor=x").status_code == 400


def test_a_check_page_counts_by_account_and_solution_and_its_doors_open_what_they_count(second_line: LoggedIn) -> None:
    check, solution = CheckFactory(key="S3.8"), SolutionFactory(name="Payments")
    FindingFactory(check_ran=check, solutions=[solution])
    FindingFactory(check_ran=check, resource__account=OTHER_ACCOUNT)
    FindingFactory(check_ran=check, status=Status.PASS)
    FindingFactory(check_ran=check, workflow=Workflow.SUPPRESSED)
    FindingFactory()
    counted()
    answer = second_line.get(f"/findings/checks/{check.public_id}/")
    assert title(answer) == "S3.8: 2 of 3 fail"
    for row in [*answer.context["accounts"], *answer.context["owners"]]:
        assert len(listed(second_line.get(row["fails_url"]))) == row["tally"].failed
        assert len(listed(second_line.get(row["suppressed_url"]))) == row["tally"].suppressed
    assert len(listed(second_line.get(answer.context["fails_url"]))) == 2


def test_a_checks_trend_counts_what_failed_at_the_end_of_each_day(second_line: LoggedIn) -> None:
    check = CheckFactory(first_seen_at=moment("2026-03-01"))
    FindingFactory(check_ran=check, since=moment("2026-03-02"))
    mended = FindingFactory(check_ran=check, status=Status.PASS, since=moment("2026-03-05"))
    FindingSpanFactory(finding=mended, since=moment("2026-03-03"), until=moment("2026-03-05"))
    with at("2026-03-06"):
        answer = second_line.get(f"/findings/checks/{check.public_id}/")
    by_day = {point["at"].day: point["value"] for point in answer.context["points"][-7:]}
    assert by_day == {28: None, 1: 0, 2: 1, 3: 2, 4: 2, 5: 1, 6: 1}


def test_a_person_reads_of_a_check_only_what_is_theirs(log_in: LogIn) -> None:
    check = CheckFactory(key="S3.8")
    theirs = SolutionFactory(name="Secret merger")
    FindingFactory(check_ran=check, solutions=[theirs])
    counted()
    answer = log_in(first_line=True, owns=[SolutionFactory()]).get(f"/findings/checks/{check.public_id}/")
    assert title(answer) == "S3.8: no result here"
    assert "Secret merger" not in words(answer)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("page", ["resource", "check", "unowned"])
def test_pages_cost_the_same_for_any_number_of_rows(
    second_line: LoggedIn, count: int, page: str, django_assert_max_num_queries: Any
) -> None:
    resource, check = ResourceFactory(), CheckFactory()
    for _ in range(count):
        FindingFactory(resource=resource, solutions=[SolutionFactory()])
        FindingFactory(check_ran=check)
    counted()
    address = {
        "resource": f"/findings/resources/{resource.public_id}/",
        "check": f"/findings/checks/{check.public_id}/",
        "unowned": "/findings/unowned/",
    }[page]
    second_line.get(address)
    with django_assert_max_num_queries(17):
        second_line.get(address)


PARTS = ("what", "console", "cli", "terraform", "cloudformation", "verify")


def test_every_fix_says_something_of_its_own() -> None:
    by_key = fixes()
    assert len({fix.what for fix in by_key.values()}) >= 94
    for key, fix in by_key.items():
        for part in PARTS:
            assert len(getattr(fix, part)) > 15, (key, part)


def test_a_config_rule_has_the_fix_of_the_control_that_rests_on_it() -> None:
    of_control = fix_for(CheckFactory(key="EC2.8"))
    of_rule = fix_for(CheckFactory(source="config", key="EC2_IMDSV2_CHECK", config_rule="EC2_IMDSV2_CHECK"))
    assert of_control is not None
    assert of_control == of_rule
    assert fix_for(CheckFactory(key="Nobody.1")) is None
