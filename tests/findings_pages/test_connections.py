from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from audit.models import TrailEntry
from desk.models import Job
from findings.models import Connection, CoverageState, Scope, Source
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import AccountFactory, JobFactory, SolutionAccountFactory, SolutionFactory, UserFactory
from tests.factories.findings import (
    ConnectionFactory,
    CoverageSpanFactory,
    ScopeFactory,
    SetAsideFactory,
    SyncRunFactory,
)
from tests.factories.organisation import LONG_AGO
from tests.findings_pages.reading_pages import title, without_token, words
from tests.workers import Task

pytestmark = pytest.mark.django_db
HandedOver = Callable[[], list[Task]]
LIST = "/findings/connections/"
ENTRIES = {
    "name": "Production",
    "hub_account": "111122223333",
    "home_region": "eu-central-1",
    "hub_role": "portal-hub",
    "member_role": "portal-member",
    "queue_name": "",
}


def page_of(connection: Connection, rest: str = "") -> str:
    return f"{LIST}{connection.public_id}/{rest}"


def test_the_list_says_which_connections_have_gaps(second_line: LoggedIn) -> None:
    assert title(second_line.get(LIST)) == "Nothing is connected"
    whole, gappy = ConnectionFactory(name="Whole"), ConnectionFactory(name="Gappy")
    ScopeFactory(connection=whole)
    ScopeFactory(connection=gappy)
    ScopeFactory(connection=gappy, region="us-east-1", state=CoverageState.DENIED)
    answer = second_line.get(LIST)
    assert title(answer) == "1 of 2 connections has gaps"
    assert "fresh 50 %" in words(answer)
    assert "1 place denies access" in words(answer)


def test_only_an_administrator_is_offered_to_add_one(second_line: LoggedIn, administrator: LoggedIn) -> None:
    assert "Add a connection" not in words(second_line.get(LIST))
    assert "Add a connection" in words(administrator.get(LIST))


def test_an_administrator_adds_a_connection_and_the_portal_makes_its_external_id(administrator: LoggedIn) -> None:
    answer = administrator.post(f"{LIST}add/", ENTRIES)
    connection = Connection.objects.get()
    assert answer["Location"] == page_of(connection)
    assert (connection.name, connection.member_role, connection.enabled) == ("Production", "portal-member", True)
    assert len(connection.external_id) >= 32
    entry = TrailEntry.objects.get(action="connection.added")
    assert (entry.actor, entry.object_id) == (administrator.person.public_id, connection.public_id)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"hub_account": "1234"}, "12 digits."),
        ({"name": ""}, "This field is required."),
        ({"name": " production "}, "There is a connection of this name."),
        ({"home_region": "Frankfurt"}, "Enter a valid value."),
        ({"hub_role": "a role"}, "A role's name, as IAM allows it."),
    ],
)
def test_a_wrong_entry_is_named_at_its_field_and_nothing_is_kept(
    administrator: LoggedIn, change: dict[str, str], says: str
) -> None:
    ConnectionFactory(name="Production")
    answer = administrator.post(f"{LIST}add/", {**ENTRIES, "name": "Another", **change})
    assert answer.status_code == 422
    assert says in words(answer)
    assert Connection.objects.count() == 1


def test_a_change_is_kept_with_what_it_was_before(administrator: LoggedIn) -> None:
    connection = ConnectionFactory(name="Old", member_role="portal-member")
    entries = {**ENTRIES, "name": "New", "version": connection.version}
    answer = administrator.post(page_of(connection, "change/"), entries)
    assert answer.status_code == 302
    connection.refresh_from_db()
    assert (connection.name, connection.enabled) == ("New", False)
    changed = TrailEntry.objects.get(action="connection.changed").detail["changed"]
    assert changed["name"] == ["Old", "New"]
    assert "member_role" not in changed


def test_two_people_do_not_overwrite_each_other_unawares(administrator: LoggedIn) -> None:
    connection = ConnectionFactory(name="Old")
    read = connection.version
    connection.name = "Theirs"
    connection.save_version(read=read)
    entries = {**ENTRIES, "name": "Mine", "version": read}
    answer = administrator.post(page_of(connection, "change/"), entries)
    assert answer.status_code == 422
    assert "Somebody changed this connection since you opened it." in words(answer)
    connection.refresh_from_db()
    assert connection.name == "Theirs"
    again = {**entries, "version": str(connection.version)}
    assert administrator.post(page_of(connection, "change/"), again).status_code == 302


def test_a_connection_tells_what_it_reaches_and_why_not(second_line: LoggedIn) -> None:
    connection = ConnectionFactory(name="Production")
    AccountFactory(account_id="444455556666", name="payments-prod")
    scope = ScopeFactory(connection=connection, checks_enabled=87)
    ScopeFactory(
        connection=connection,
        account="444455556666",
        source=Source.CONFIG,
        state=CoverageState.DENIED,
        reason="The role may not be assumed.",
        recording={"recording": False},
    )
    ScopeFactory(connection=connection, region="us-east-1", retired_at=LONG_AGO)
    SyncRunFactory(scope=scope, error="It took its time.")
    SetAsideFactory(scope=scope)
    answer = second_line.get(page_of(connection))
    text = words(answer)
    assert title(answer) == "Production: 1 of 2 places are fresh"
    assert "payments-prod" in text
    assert "The role may not be assumed." in text
    assert "stopped" in text
    assert "1,200" in text
    assert "1 record set aside" in text
    assert "The record has no ProductArn." in text
    denied = second_line.get(page_of(connection, "?state=denied"))
    assert "1 places: access denied" in words(denied)


def test_the_external_id_is_shown_to_who_manages_connections_only(
    second_line: LoggedIn, administrator: LoggedIn
) -> None:
    connection = ConnectionFactory()
    assert connection.external_id in words(administrator.get(page_of(connection)))
    assert connection.external_id not in second_line.get(page_of(connection)).content.decode()


def test_what_the_last_test_found_is_listed_step_by_step(second_line: LoggedIn) -> None:
    report = [
        {"step": "Who we are", "ok": True, "words": "arn:aws:sts::111122223333:assumed-role/hub/portal"},
        {"step": "Member role", "ok": False, "words": "It cannot be assumed."},
    ]
    text = words(second_line.get(page_of(ConnectionFactory(test_report=report, tested_at=LONG_AGO))))
    assert "Who we are" in text
    assert "It cannot be assumed." in text


def test_records_set_aside_are_listed_with_their_beginning(second_line: LoggedIn) -> None:
    connection = ConnectionFactory()
    scope = ScopeFactory(connection=connection)
    SetAsideFactory.create_batch(7, scope=scope, excerpt="<b>bold</b>")
    answer = second_line.get(page_of(connection, "set-aside/"))
    assert title(answer) == "7 records could not be taken in"
    assert "<b>bold</b>" not in answer.content.decode()


def test_sync_now_makes_a_job_and_hands_it_to_the_workers_once(
    second_line: LoggedIn, handed_over: HandedOver, django_capture_on_commit_callbacks: Any
) -> None:
    connection = ConnectionFactory()
    with django_capture_on_commit_callbacks(execute=True):
        assert second_line.post(page_of(connection, "sync/"))["Location"] == page_of(connection)
    job = Job.objects.get()
    assert handed_over() == [("findings.tasks.begin_sync", (job.pk,))]
    assert (job.kind, job.subject, job.requested_by) == ("sync", connection.public_id, second_line.person)
    page = second_line.get(page_of(connection)).content.decode()
    assert f'id="job-{job.public_id}"' in page
    assert f'hx-get="{page_of(connection)}" hx-trigger="every 2s"' in page
    again = second_line.post(page_of(connection, "sync/"), {"full": "yes"}, follow=True)
    assert f"{job.public_id} is reading this connection already." in words(again)
    assert Job.objects.count() == 1
    assert handed_over() == []


def test_reading_everything_is_asked_for_as_such(second_line: LoggedIn) -> None:
    connection = ConnectionFactory()
    second_line.post(page_of(connection, "sync/"), {"full": "yes"})
    assert Job.objects.get().kind == "sync.full"
    assert TrailEntry.objects.get(action="connection.sync_requested").detail["full"] is True


def test_somebody_elses_job_is_shown_on_the_connection_s_own_page(second_line: LoggedIn) -> None:
    connection = ConnectionFactory()
    Job.objects.create(
        kind="sync",
        subject=connection.public_id,
        title="Read it",
        requested_by=UserFactory(administrator=True),
        requested_at=LONG_AGO,
    )
    body = second_line.get(page_of(connection)).content.decode()
    assert "Read it" in body
    assert 'hx-get="/desk/jobs/' not in body


@pytest.mark.parametrize("line", ["first_line", "third_line", "external"])
def test_who_may_not_sync_is_refused_and_nothing_begins(
    log_in: LogIn, handed_over: HandedOver, django_capture_on_commit_callbacks: Any, line: str
) -> None:
    connection = ConnectionFactory()
    with django_capture_on_commit_callbacks(execute=True):
        assert log_in(**{line: True}).post(page_of(connection, "sync/")).status_code == 403
    assert not Job.objects.exists()
    assert handed_over() == []


def test_asking_for_a_sync_by_its_address_alone_does_nothing(second_line: LoggedIn) -> None:
    assert second_line.get(page_of(ConnectionFactory(), "sync/")).status_code == 405


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("page", ["list", "one", "coverage"])
def test_pages_cost_the_same_for_any_number_of_places(
    second_line: LoggedIn, count: int, page: str, django_assert_max_num_queries: Any
) -> None:
    connection = ConnectionFactory()
    for n in range(count):
        scope = ScopeFactory(connection=connection, region=f"eu-west-{n}")
        CoverageSpanFactory(scope=scope)
        SyncRunFactory(scope=scope)
        SetAsideFactory(scope=scope)
        ConnectionFactory()
    address = {"list": LIST, "one": page_of(connection), "coverage": "/findings/coverage/"}[page]
    second_line.get(address)
    with django_assert_max_num_queries(16):
        second_line.get(address)


# Live test and templates


def test_a_live_test_is_a_job_that_is_watched_until_it_ends(
    administrator: LoggedIn, handed_over: HandedOver, django_capture_on_commit_callbacks: Any
) -> None:
    connection = ConnectionFactory()
    htmx = {"hx-request": "true"}
    with django_capture_on_commit_callbacks(execute=True):
        begun = administrator.post(page_of(connection, "test/"), headers=htmx).content.decode()
    job = Job.objects.get()
    assert handed_over() == [("findings.tasks.test_connection", (job.pk,))]
    assert 'hx-trigger="every 2s"' in begun
    administrator.post(page_of(connection, "test/"), headers=htmx)
    assert Job.objects.count() == 1
    job.finish(Job.State.DONE, step="Everything that is needed answers")
    ended = without_token(administrator.get(page_of(connection, "test/"), headers=htmx))
    assert 'hx-trigger="every 2s"' not in ended
    assert ended.strip() in without_token(administrator.get(page_of(connection)))


def test_without_script_a_test_leads_back_to_the_connection(administrator: LoggedIn) -> None:
    connection = ConnectionFactory()
    assert administrator.post(page_of(connection, "test/"))["Location"] == page_of(connection, "#test")


def test_a_test_that_was_lost_does_not_bar_the_next(administrator: LoggedIn) -> None:
    connection = ConnectionFactory()
    with at("2026-03-01"):
        administrator.post(page_of(connection, "test/"))
    with at("2026-03-02"):
        administrator.force_login(administrator.person)
        administrator.post(page_of(connection, "test/"))
    assert [job.state for job in Job.objects.order_by("id")] == [Job.State.FAILED, Job.State.WAITING]


def test_the_roles_come_as_templates_with_the_connections_names(administrator: LoggedIn) -> None:
    connection = ConnectionFactory(hub_role="portal-hub", member_role="portal-member")
    hub = administrator.get(page_of(connection, "hub-role/"))
    member = administrator.get(page_of(connection, "member-role/"))
    assert hub["Content-Disposition"] == f'attachment; filename="{connection.public_id}-hub-role.yaml"'
    assert f'Default: "{connection.external_id}"' in hub.content.decode()
    assert 'Default: "portal-member"' in member.content.decode()


def test_nobody_else_is_given_the_templates_with_the_external_id(second_line: LoggedIn) -> None:
    connection = ConnectionFactory()
    for which in ("hub-role/", "member-role/", "write-role/", "event-queue/", "event-forwarding/", "test/"):
        assert second_line.get(page_of(connection, which)).status_code == 403


# Coverage


def test_coverage_lists_what_cannot_be_spoken_for_and_why(second_line: LoggedIn) -> None:
    CoverageSpanFactory(scope__region="eu-west-1")
    CoverageSpanFactory(scope__region="us-east-1", scope__state=CoverageState.DENIED, scope__reason="No role there.")
    answer = second_line.get("/findings/coverage/")
    assert title(answer) == "1 of 2 places cannot be spoken for"
    assert "No role there." in words(answer)
    assert len(answer.context["listed"]) == 1
    assert len(second_line.get("/findings/coverage/?state=fresh").context["listed"]) == 1


def test_coverage_as_of_a_moment_is_what_was_so_then(second_line: LoggedIn) -> None:
    scope = ScopeFactory(state=CoverageState.FRESH, since=LONG_AGO)
    CoverageSpanFactory(scope=scope)
    with at("2026-03-20"):
        then = second_line.get("/findings/coverage/?as_of=2026-03-01")
        before = second_line.get("/findings/coverage/?as_of=2001-01-01")
    assert title(then) == "1 place is read and fresh"
    assert title(before) == "Nothing is observed"


def test_the_first_line_sees_the_coverage_of_its_own_accounts(log_in: LogIn) -> None:
    solution, account = SolutionFactory(), AccountFactory(account_id="444455556666")
    SolutionAccountFactory(solution=solution, account=account)
    CoverageSpanFactory(scope__account="444455556666")
    CoverageSpanFactory(scope__account="777788889999")
    answer = log_in(first_line=True, owns=[solution]).get("/findings/coverage/")
    assert [row["account"] for row in answer.context["matrix"]["rows"]] == ["444455556666"]


def test_an_administrator_finds_no_door_that_is_closed_to_them(administrator: LoggedIn) -> None:
    span = CoverageSpanFactory(scope__state=CoverageState.DENIED)
    for address in ("/findings/coverage/", page_of(span.scope.connection)):
        assert "/findings/?account=" not in administrator.get(address).content.decode()


def under_way(browser: LoggedIn, connection: Connection) -> Any:
    """What the part of the page that tells of readings under way asks for, every two seconds."""
    return browser.get(page_of(connection), headers={"HX-Request": "true", "HX-Target": "under-way"})


def test_a_page_under_way_becomes_the_whole_page_when_the_sync_has_ended(second_line: LoggedIn) -> None:
    connection = ConnectionFactory()
    scope = ScopeFactory(connection=connection, state=CoverageState.STALE)
    job = JobFactory(subject=connection.public_id, running=True)
    assert 'id="under-way"' in second_line.get(page_of(connection)).content.decode()
    answer = under_way(second_line, connection)
    assert "hx-get" in answer.content.decode()
    assert "<h1" not in answer.content.decode()
    job.finish(Job.State.DONE, step="Read")
    Scope.objects.filter(pk=scope.pk).update(state=CoverageState.FRESH)
    answer = under_way(second_line, connection)
    assert {name: answer[name] for name in ("HX-Retarget", "HX-Reselect", "HX-Reswap")} == {
        "HX-Retarget": "#main",
        "HX-Reselect": "#main",
        "HX-Reswap": "outerHTML",
    }
    assert title(answer).endswith("its 1 place is fresh")
    assert 'id="under-way"' not in answer.content.decode()


def test_a_list_narrowed_to_a_state_stays_so_through_a_sync(second_line: LoggedIn, handed_over: HandedOver) -> None:
    connection = ConnectionFactory()
    narrowed = f"{page_of(connection)}?state=denied"
    ScopeFactory(connection=connection, state=CoverageState.DENIED)
    ScopeFactory(connection=connection, state=CoverageState.FRESH, region="us-east-1")
    asks = re.search(r'action="([^"]+/sync/[^"]*)"', second_line.get(narrowed).content.decode())
    assert asks
    assert second_line.post(asks[1])["Location"] == narrowed
    assert f'hx-get="{narrowed}"' in second_line.get(narrowed).content.decode()
    Job.objects.get().finish(Job.State.DONE, step="Read")
    answer = second_line.get(narrowed, headers={"HX-Request": "true", "HX-Target": "under-way"})
    assert "1 places: access denied" in words(answer)


def test_the_page_says_whether_exceptions_are_written_back(administrator: LoggedIn) -> None:
    connection = ConnectionFactory()
    assert "none: nothing is written to AWS" in words(administrator.get(page_of(connection)))
    entries = {**ENTRIES, "write_role": "portal-write", "version": connection.version, "enabled": "on"}
    assert administrator.post(page_of(connection, "change/"), entries).status_code == 302
    text = words(administrator.get(page_of(connection)))
    assert "portal-write" in text
    assert "suppressed in Security Hub with a note, and given back at its end" in text
    changed = TrailEntry.objects.get(action="connection.changed").detail["changed"]
    assert changed["write_role"] == ["", "portal-write"]
    template = administrator.get(page_of(connection, "write-role/"))
    assert template["Content-Disposition"] == f'attachment; filename="{connection.public_id}-write-role.yaml"'
    assert "securityhub:BatchUpdateFindings" in template.content.decode()
    assert template.content.decode().count("securityhub:") == 1
