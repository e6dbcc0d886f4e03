from __future__ import annotations

import html
import json
import re
from datetime import datetime
from typing import Any

import pytest

from findings.came_from import PAGE
from findings.models import FindingResource, RecordState, Severity, Source, Status, Workflow
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import SolutionFactory, UserFactory
from tests.factories.findings import (
    CheckFactory,
    FindingFactory,
    FindingRecordFactory,
    FindingSpanFactory,
    ResourceFactory,
    ScopeFactory,
    SyncRunFactory,
)
from tests.findings_pages.reading_pages import counted, listed, title, words

pytestmark = pytest.mark.django_db


def moment(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00+00:00")


def page_of(finding: Any, query: str = "") -> str:
    return f"/findings/{finding.public_id}/{query}"


def test_the_title_says_what_fails_and_since_when(first_line: LoggedIn, log_in: LogIn) -> None:
    solution = SolutionFactory(name="Payments")
    check = CheckFactory(key="S3.8")
    finding = FindingFactory(
        check_ran=check, resource__name="invoices", solutions=[solution], since=moment("2026-03-01")
    )
    browser = log_in(first_line=True, owns=[solution])
    with at("2026-03-20"):
        answer = browser.get(page_of(finding))
    assert title(answer) == "invoices fails S3.8 since 1 Mar 2026"
    assert "due 31 Mar 2026" in words(answer)
    assert "Payments" in words(answer)
    assert first_line.get(page_of(finding)).status_code == 404


def test_what_is_archived_fails_no_more_and_nothing_is_due(second_line: LoggedIn) -> None:
    check = CheckFactory(key="S3.8")
    finding = FindingFactory(check_ran=check, resource__name="invoices")
    finding.spans.update(record_state=RecordState.ARCHIVED)
    answer = second_line.get(page_of(finding))
    assert title(answer) == "invoices: what S3.8 said is archived"
    assert "nothing is due" in words(answer)


def test_the_engineer_reads_the_fix_with_the_resources_own_names(second_line: LoggedIn) -> None:
    finding = FindingFactory(check_ran=CheckFactory(key="S3.8"), resource__name="invoices")
    text = words(second_line.get(page_of(finding)))
    assert "put-public-access-block --bucket invoices --public" in text
    assert text.index("To fix it") < text.index("To show it")


def test_the_auditor_reads_how_it_is_known_first(third_line: LoggedIn) -> None:
    text = words(third_line.get(page_of(FindingFactory(check_ran=CheckFactory(key="S3.8")))))
    assert text.index("To show it") < text.index("To fix it")


def test_a_check_without_words_of_ours_shows_the_products_and_says_so(second_line: LoggedIn) -> None:
    check = CheckFactory(key="Vendor.1", remediation_text="Rotate it.", remediation_url="https://example.org/fix")
    text = words(second_line.get(page_of(FindingFactory(check_ran=check))))
    assert "Rotate it." in text
    assert "the product's own words" in text
    in_record = FindingFactory(check_ran__key="Vendor.3")
    advice = {"Recommendation": {"Text": "Patch it.", "Url": "javascript:alert(1)"}}
    FindingRecordFactory(finding=in_record, content={"Remediation": advice})
    answer = second_line.get(page_of(in_record))
    assert "Patch it." in words(answer)
    assert 'href="javascript:' not in answer.content.decode()
    bare = FindingFactory(check_ran=CheckFactory(key="Vendor.2"))
    assert "Neither the product nor the portal has instructions" in words(second_line.get(page_of(bare)))


def test_a_hostile_name_is_quoted_in_commands_and_escaped_in_the_page(second_line: LoggedIn) -> None:
    resource = ResourceFactory(key="k", native_id="a;reboot<script>", name="<script>alert(1)</script>")
    finding = FindingFactory(check_ran=CheckFactory(key="S3.8"), resource=resource)
    body = second_line.get(page_of(finding)).content.decode()
    assert "<script>alert" not in body
    assert "--bucket &#x27;a;reboot&lt;script&gt;&#x27;" in body


def test_every_resource_is_listed_the_first_one_first(second_line: LoggedIn) -> None:
    finding = FindingFactory(resource__name="first")
    FindingResource.objects.create(finding=finding, resource=ResourceFactory(name="second"))
    text = words(second_line.get(page_of(finding)))
    assert "2 resources" in text
    assert text.index("arn:aws:s3:::first") < text.index("arn:aws:s3:::second")


def test_the_history_says_what_changed_who_said_so_and_when_it_was_learnt(second_line: LoggedIn) -> None:
    finding = FindingFactory(status=Status.FAIL, workflow=Workflow.SUPPRESSED, since=moment("2026-03-10"))
    FindingSpanFactory(finding=finding, status=Status.PASS, since=moment("2026-03-01"), until=moment("2026-03-10"))
    finding.spans.filter(valid_to=None).update(valid_from_source="observed", recorded_at=moment("2026-03-11"))
    with at("2026-03-20"):
        text = words(second_line.get(page_of(finding)))
    assert "status pass → fail, workflow new → suppressed" in text
    assert "our reading" in text
    assert "11 Mar 2026, 12:00" in text
    assert "first known state" in text


def test_as_of_a_day_it_says_what_it_said_then(second_line: LoggedIn) -> None:
    finding = FindingFactory(
        check_ran__key="S3.8", resource__name="invoices", status=Status.FAIL, since=moment("2026-03-10")
    )
    FindingSpanFactory(finding=finding, status=Status.PASS, since=moment("2026-03-01"), until=moment("2026-03-10"))
    with at("2026-03-20"):
        assert title(second_line.get(page_of(finding, "?as_of=2026-03-05"))) == (
            "invoices passes S3.8 since 1 Mar 2026"
        )
        before = second_line.get(page_of(finding, "?as_of=2026-02-01"))
    assert title(before) == "invoices: nothing is said of it"
    assert "It says nothing at this moment" in words(before)


def test_the_raw_record_is_the_one_held_at_the_moment(second_line: LoggedIn) -> None:
    finding = FindingFactory(since=moment("2026-03-01"))
    FindingRecordFactory(finding=finding, captured_at=moment("2026-03-01"), content={"Title": "the old one"})
    FindingRecordFactory(finding=finding, captured_at=moment("2026-03-10"), content={"Title": "the new one"})
    with at("2026-03-20"):
        then = words(second_line.get(page_of(finding, "?as_of=2026-03-05")))
        now = words(second_line.get(page_of(finding)))
        file = second_line.get(f"/findings/{finding.public_id}/record/?as_of=2026-03-05")
    assert "the old one" in then
    assert "the new one" not in then
    assert "the new one" in now
    assert json.loads(file.content) == {"Title": "the old one"}
    assert file["Content-Disposition"] == f'attachment; filename="{finding.public_id}-20260301T120000Z.json"'


def test_a_large_record_is_cut_on_the_page_and_whole_in_the_file(second_line: LoggedIn) -> None:
    finding = FindingFactory()
    FindingRecordFactory(finding=finding, content={"Note": "x" * 100_000})
    page = second_line.get(page_of(finding))
    assert "The page shows its beginning" in words(page)
    assert len(page.content) < 100_000
    assert len(second_line.get(f"/findings/{finding.public_id}/record/").content) > 100_000


def test_provenance_names_run_caller_and_hash(second_line: LoggedIn) -> None:
    finding = FindingFactory()
    record = FindingRecordFactory(finding=finding)
    scope = ScopeFactory(connection=finding.connection, account=finding.account, region=finding.region)
    times = {"started_at": record.captured_at, "finished_at": record.captured_at}
    run = SyncRunFactory(scope=scope, calls=340, request_ids=["4b6f-1", "4b6f-2"], **times)
    text = words(second_line.get(page_of(finding)))
    assert run.public_id in text
    assert "2 of 340 calls of this run 4b6f-1 4b6f-2" in text
    assert run.caller in text
    assert finding.native_id in text
    assert finding.connection.name in text


def test_the_first_line_is_given_no_door_to_the_connection(log_in: LogIn) -> None:
    solution = SolutionFactory()
    finding = FindingFactory(solutions=[solution])
    body = log_in(first_line=True, owns=[solution]).get(page_of(finding)).content.decode()
    assert f"/findings/connections/{finding.connection.public_id}/" not in body


@pytest.mark.parametrize("address", ["/findings/F-0/", "/findings/X-1/", "/findings/F-99999999999999999999/"])
def test_what_is_no_finding_is_not_found(second_line: LoggedIn, address: str) -> None:
    assert second_line.get(address).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_a_finding_costs_the_same_for_any_length_of_history(
    second_line: LoggedIn, count: int, django_assert_max_num_queries: Any
) -> None:
    finding = FindingFactory(since=moment("2026-03-10"))
    for n in range(count):
        FindingResource.objects.create(finding=finding, resource=ResourceFactory())
        since, until = moment(f"2026-03-0{n + 1}"), moment(f"2026-03-0{n + 2}")
        FindingSpanFactory(finding=finding, since=since, until=until)
    second_line.get(page_of(finding))
    with django_assert_max_num_queries(19):
        second_line.get(page_of(finding))


def test_a_result_of_config_says_whose_severity_it_has(second_line: LoggedIn) -> None:
    control = CheckFactory(key="S3.2", config_rule="S3_PUBLIC", severity=Severity.CRITICAL)
    rule = CheckFactory(source=Source.CONFIG, key="S3_PUBLIC", config_rule="S3_PUBLIC", severity=Severity.CRITICAL)
    finding = FindingFactory(source=Source.CONFIG, check_ran=rule, severity=Severity.CRITICAL)
    page = words(second_line.get(f"/findings/{finding.public_id}/"))
    assert "Critical inherited from S3.2 (it rests on the same rule)" in page
    assert "Critical inherited" in words(second_line.get("/findings/"))
    counted()
    assert "inherited" not in words(second_line.get(f"/findings/checks/{control.public_id}/"))


@pytest.mark.parametrize(("days", "due"), [(60, "1 Mar 2020"), (10, "11 Jan 2020"), (0, "")])
def test_what_nobody_rated_is_due_by_a_setting(second_line: LoggedIn, settings: Any, days: int, due: str) -> None:
    settings.DUE_UNRATED_DAYS = days
    rule = CheckFactory(source=Source.CONFIG, key="OUR_OWN_RULE", severity=Severity.NONE)
    finding = FindingFactory(source=Source.CONFIG, check_ran=rule, severity=Severity.NONE)
    page = words(second_line.get(f"/findings/{finding.public_id}/"))
    assert "Not rated AWS Config rates nothing, and no known control rests on this rule" in page
    assert f"due {due}" in page if due else "nothing is due" in page


# The list one came from


def stepped(answer: Any) -> dict[str, str]:
    """Where the page's back, previous and next lead: name → address."""
    nav = re.search(r"<nav class=\"steps-in-list\".*?</nav>", answer.content.decode())
    doors = re.findall(r'href="([^"]+)"[^>]*>(?:<svg.*?</svg>)?([^<]+)', nav[0]) if nav else []
    return {name.strip(): html.unescape(url) for url, name in doors}


def doors_of(answer: Any) -> list[str]:
    """The addresses that a list's rows lead to."""
    return [html.unescape(url) for url in re.findall(r'<td class="door"><a href="([^"]+)"', answer.content.decode())]


@pytest.mark.parametrize("order", ["-severity", "severity", "-since", "check", "account"])
def test_from_a_list_one_steps_through_it_in_its_order(second_line: LoggedIn, order: str) -> None:
    for number, severity in enumerate((5, 3, 3, 1)):
        FindingFactory(severity=severity, since=moment(f"2026-03-0{number + 1}"))
    FindingFactory(status=Status.PASS)
    list_page = second_line.get(f"/findings/?status=fail&order={order}")
    expected, walked = listed(list_page), []
    address = doors_of(list_page)[0]
    while address:
        page = second_line.get(address)
        walked.append(re.findall(r"F-\d+", address)[0])
        if len(walked) > 1:
            assert f"/findings/{walked[-2]}/" in stepped(page)["Previous"]
        address = stepped(page).get("Next", "")
    assert walked == expected
    assert len(walked) == 4


def test_the_way_back_leads_to_the_page_of_the_list_that_holds_the_finding(second_line: LoggedIn) -> None:
    check = CheckFactory()
    FindingFactory.create_batch(PAGE + 2, check_ran=check)
    first = second_line.get("/findings/?status=fail")
    opened = second_line.get(doors_of(first)[-1])
    back = stepped(opened)["Back to the list"]
    assert back == f"/findings/?status=fail&order=-severity#{listed(first)[-1]}"
    beyond = second_line.get(stepped(opened)["Next"])
    back = stepped(beyond)["Back to the list"]
    wanted = back.partition("#")[2]
    assert listed(second_line.get(back))[0] == wanted
    assert "cursor=" in back


def test_the_steps_keep_the_moment_and_stay_within_what_one_may_see(log_in: LogIn) -> None:
    mine = SolutionFactory()
    reader = log_in(UserFactory(first_line=True, owns=[mine]))
    FindingFactory.create_batch(2, solutions=[mine])
    FindingFactory(solutions=[SolutionFactory()])
    list_page = reader.get("/findings/?as_of=2026-03-01&status=fail")
    page = reader.get(doors_of(list_page)[0])
    assert "as_of=2026-03-01" in stepped(page)["Next"]
    assert "as_of=2026-03-01" in stepped(page)["Back to the list"]
    last = reader.get(stepped(page)["Next"])
    assert set(stepped(last)) == {"Back to the list", "Previous"}


@pytest.mark.parametrize("query", ["", "?list=", "?list=status%3Dnonsense"])
def test_without_a_list_that_can_be_read_there_is_no_step(second_line: LoggedIn, query: str) -> None:
    answer = second_line.get(page_of(FindingFactory(), query))
    assert answer.status_code == 200
    assert stepped(answer) == {}
