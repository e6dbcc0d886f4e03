from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from audit import trail
from audit.models import TrailEntry
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
    with at("2026-04-02"):
        trail.record("sync", "connection.read", solution)
    found = {
        "": "2 acts in the trail",
        f"?actor={ana.public_id}": "1 act in the trail",
        "?action=solution": "1 act in the trail",
        f"?object={solution.public_id}": "2 acts in the trail",
        "?q=card+payments": "1 act in the trail",
        "?since=2026-04-01": "1 act in the trail",
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
