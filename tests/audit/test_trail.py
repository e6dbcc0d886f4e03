import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from pytest_django import DjangoAssertNumQueries
from structlog.contextvars import bound_contextvars

from audit import trail
from audit.models import TrailEntry, TrailLink
from audit.postgres.base import owner_rights
from tests.clock import at
from tests.conftest import LoggedIn
from tests.databases import Clone
from tests.factories import SolutionFactory, UserFactory

CHANGES = (
    "UPDATE audit_trailentry SET actor_name = 'somebody else'",
    "DELETE FROM audit_trailentry",
    "TRUNCATE audit_trailentry CASCADE",
    "UPDATE audit_traillink SET position = position + 1",
    "DELETE FROM audit_traillink",
    "TRUNCATE audit_traillink",
)


@contextmanager
def as_owner() -> Iterator[None]:
    """With the rights of the database's owner, which the portal itself never works with."""
    connection.close()
    with owner_rights():
        yield
        connection.close()


def tampered(statement: str, entry: TrailEntry) -> None:
    """What only somebody with the owner's rights can do: switch the trigger off and change a row."""
    with as_owner(), connection.cursor() as cursor:
        for table in ("audit_trailentry", "audit_traillink"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
        cursor.execute(statement, [entry.pk])
        for table in ("audit_trailentry", "audit_traillink"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")


def three_acts() -> list[TrailEntry]:
    person, solution = UserFactory(second_line=True), SolutionFactory()
    return [trail.record(person, "solution.changed", solution, step=step) for step in range(3)]


@pytest.mark.parametrize("statement", CHANGES)
def test_the_portal_can_change_nothing_in_the_trail(db: None, statement: str) -> None:
    three_acts()
    with pytest.raises(DatabaseError, match=r"append-only|permission denied"), transaction.atomic():
        connection.cursor().execute(statement)
    assert TrailEntry.objects.count() == 3


@pytest.mark.parametrize("statement", CHANGES)
def test_even_the_owner_is_refused(committed_database: Clone, statement: str) -> None:
    three_acts()
    with as_owner(), pytest.raises(DatabaseError, match="append-only"):
        connection.cursor().execute(statement)
    assert trail.verify().holds


def test_the_portal_cannot_write_a_link_of_its_own(db: None) -> None:
    three_acts()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute("INSERT INTO audit_traillink VALUES (1, 99, '', '')")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_trailentry SET detail = '{\"step\": 9}' WHERE id = %s",
        "UPDATE audit_trailentry SET actor_name = 'somebody else' WHERE id = %s",
        "UPDATE audit_trailentry SET at = at - interval '1 day' WHERE id = %s",
        "UPDATE audit_traillink SET digest = '\\x00' WHERE entry_id = %s",
    ],
)
def test_a_changed_act_is_found(committed_database: Clone, statement: str) -> None:
    _, second, _ = three_acts()
    tampered(statement, second)
    assert trail.verify().broken_at == second.pk
    with pytest.raises(CommandError, match=f"broken at entry {second.pk} of 3"):
        call_command("verify_trail")


def test_an_act_taken_out_is_found(committed_database: Clone) -> None:
    _, second, third = three_acts()
    tampered("DELETE FROM audit_traillink WHERE entry_id = %s", second)
    verdict = trail.verify()
    assert (verdict.unlinked, verdict.broken_at) == (1, third.pk)


def test_a_chain_that_holds_is_told_with_its_head(committed_database: Clone) -> None:
    three_acts()
    call_command("verify_trail")
    assert trail.verify() == trail.Verdict(entries=3, unlinked=0, broken_at=None)


def test_an_act_that_did_not_happen_leaves_nothing(committed_database: Clone) -> None:
    with transaction.atomic():
        three_acts()
        transaction.set_rollback(True)
    assert not TrailEntry.objects.exists()
    three_acts()
    assert trail.verify().holds


def test_an_auditor_finds_who_did_what(third_line: LoggedIn) -> None:
    ana, solution = UserFactory(second_line=True, name="Ana"), SolutionFactory()
    with at("2026-03-31"):
        trail.record(ana, "solution.changed", solution, name="Card payments")
    with at("2026-04-02"), bound_contextvars(request_id="0f8c"):
        trail.record("sync", "connection.read", solution)
        trail.record("sync", "person.changed", ana)
    found = {
        "": "3 acts in the trail",
        f"?actor={ana.public_id}": "1 act in the trail",
        "?actor=ana": "1 act in the trail",
        "?actor=sync": "2 acts in the trail",
        "?kind=user": "1 act in the trail",
        "?request=0f8c": "2 acts in the trail",
        "?request=0f8c&kind=Solution": "1 act in the trail",
        "?action=solution": "1 act in the trail",
        f"?object={solution.public_id}": "2 acts in the trail",
        "?q=card+payments": "1 act in the trail",
        "?since=2026-04-01": "2 acts in the trail",
        "?until=2026-03-31": "1 act in the trail",
        "?as_of=2026-03-31": "1 act in the trail",
        "?q=nothing+like+it": "0 acts in the trail",
    }
    for query, heading in found.items():
        assert heading in third_line.get(f"/audit/trail/{query}").content.decode(), query
    assert third_line.get("/audit/trail/?since=yesterday").status_code == 400


def test_a_page_follows_the_last_row_seen(third_line: LoggedIn) -> None:
    solution = SolutionFactory()
    for step in range(51):
        trail.record("setup", "solution.changed", solution, step=step)
    first = third_line.get("/audit/trail/")
    assert b"step: 50" in first.content
    assert b"step: 0<" not in first.content
    following = third_line.get(f"/audit/trail/?cursor={first.context['page'].next_cursor}")
    assert b"step: 0<" in following.content


def test_the_chain_is_verified_on_a_page(third_line: LoggedIn) -> None:
    three_acts()
    connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
    shown = third_line.get("/audit/trail/verify/").content.decode()
    assert "The chain holds: 3 acts, none changed or taken away" in shown


@pytest.mark.parametrize("count", [1, 3])
def test_the_trail_costs_the_same_for_any_number(
    third_line: LoggedIn, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        three_acts()
    third_line.get("/audit/trail/")
    with django_assert_num_queries(7):
        third_line.get("/audit/trail/")


def test_what_a_filter_matches_is_taken_away_as_lines_and_that_is_on_the_trail(third_line: LoggedIn) -> None:
    ana, solution = UserFactory(second_line=True, name="Ana"), SolutionFactory()
    with at("2026-03-31"), bound_contextvars(request_id="0f8c", ip="192.0.2.7"):
        first = trail.record(ana, "solution.changed", solution, changed={"name": ["Cards", "Card payments"]})
    trail.record("sync", "connection.read", solution)
    second = trail.record(ana, "solution.changed", solution)
    connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
    answer = third_line.get("/audit/trail/export/?actor=ana&cursor=x")
    assert answer["Content-Type"] == "application/jsonl"
    assert answer["Content-Disposition"].startswith('attachment; filename="trail-')
    lines = [json.loads(line) for line in b"".join(answer).splitlines()]
    assert [line["entry"] for line in lines] == [first.pk, second.pk]
    link = TrailLink.objects.get(entry=first)
    assert lines[0] == {
        "entry": first.pk, "at": "2026-03-31T12:00:00Z", "actor": ana.public_id, "actor_name": "Ana",
        "line": "second", "action": "solution.changed", "kind": "solution", "object": solution.public_id,
        "detail": {"changed": {"name": ["Cards", "Card payments"]}}, "request_id": "0f8c", "address": "192.0.2.7",
        "position": link.position, "digest": link.hex, "previous": link.previous_hex,
    }  # fmt: skip
    assert lines[1]["previous"] != lines[0]["digest"]  # what the sync did stands between them
    written = TrailEntry.objects.get(action="trail.exported")
    assert (written.actor, written.detail) == (third_line.person.public_id, {"filters": {"actor": "ana"}, "acts": 2})


def test_a_file_of_nothing_is_empty_and_one_of_no_day_is_refused(third_line: LoggedIn) -> None:
    assert b"".join(third_line.get("/audit/trail/export/?request=none")) == b""
    assert third_line.get("/audit/trail/export/?since=yesterday").status_code == 400
    assert TrailEntry.objects.filter(action="trail.exported").count() == 1


def test_the_page_leads_to_the_file_of_what_it_shows(third_line: LoggedIn) -> None:
    three_acts()
    page = third_line.get("/audit/trail/?action=solution&cursor=").content.decode()
    assert 'href="/audit/trail/export/?action=solution"' in page


def test_an_act_tells_what_was_there_before_and_after_from_where_and_in_which_request(third_line: LoggedIn) -> None:
    with bound_contextvars(request_id="0f8c", ip="192.0.2.7"):
        act = trail.record("setup", "solution.changed", SolutionFactory(), changed={"name": ["Cards", "Payments"]})
    page = third_line.get(f"/audit/trail/{act.pk}/").content.decode()
    assert ">Cards</td>" in page
    assert ">Payments</td>" in page
    assert "192.0.2.7" in page
    assert 'href="/audit/trail/?request=0f8c"' in page
    odd = trail.record("setup", "solution.changed", SolutionFactory(), changed=3)
    assert "<dt>changed</dt><dd>3</dd>" in third_line.get(f"/audit/trail/{odd.pk}/").content.decode()
