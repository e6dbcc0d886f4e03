"""Whoever rules the database server can do anything to the trail. What they did shows, and is named."""

from __future__ import annotations

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from audit import trail
from audit.models import TrailEntry
from evidence import trail_heads
from tests.clock import at
from tests.databases import Clone
from tests.evidence.test_trail_heads import REBUILD, acts

PAST_EVERY_RULE = "SET session_replication_role = replica"
"""No trigger fires and no reference is checked."""
TAKE_OUT = "DELETE FROM audit_trailentry WHERE id = {id}"
UNCHAIN = "DELETE FROM audit_traillink WHERE entry_id = {id}"
CHANGE = "UPDATE audit_trailentry SET actor_name = 'nobody' WHERE id = {id}"
BLIND = """
CREATE OR REPLACE FUNCTION trail_digest(entry audit_trailentry, previous bytea) RETURNS bytea LANGUAGE sql STABLE AS
$$ SELECT coalesce((SELECT digest FROM audit_traillink WHERE entry_id = entry.id), sha256(previous)) $$
"""
"""The database's own function then finds every entry right."""

DEEDS: dict[str, tuple[list[str], str, str]] = {
    # deed: statements about the second of three acts; what the chain says; what the signed head says
    "a row changed": ([CHANGE], "broken at entry {second}", "Entry {second} was changed"),
    "a row changed, and what computes digests": (
        [CHANGE, BLIND], "broken at entry {second}", "Entry {second} was changed",
    ),
    "a row removed": ([TAKE_OUT], "broken at entry {second}", "Entry {second} was changed, or one before it"),
    "a row and its link removed": ([TAKE_OUT, UNCHAIN], "broken at entry {third}", "one before it was taken out"),
    "the last row removed": (
        ["DELETE FROM audit_trailentry WHERE id = (SELECT max(id) FROM audit_trailentry)"],
        "broken at entry {last}", "Entry {last} was changed",
    ),
    "a row slipped in": (
        ["INSERT INTO audit_trailentry (at, actor, actor_name, line, action, kind, object_id, detail, request_id, "
         "address) VALUES (now(), 'P-1', 'Ana', '', 'risk.accepted', 'risk', 'R-1', '{{}}', '', '')"],
        "1 of 5 entries have no place", "1 entries have no place in the chain",
    ),
    "the tail cut": (
        ["DELETE FROM audit_traillink WHERE entry_id > {id}", "DELETE FROM audit_trailentry WHERE id > {id}"],
        "", "The trail ends at position 2: what came until 3 was cut off.",
    ),
    "the whole emptied": (
        ["TRUNCATE audit_traillink, audit_trailentry"], "", "The trail ends at position 0: what came until 3 was cut",
    ),
    "a row changed and the whole chain rebuilt": (
        [CHANGE, REBUILD], "", "The entry at position 3 has another digest: the trail was rebuilt.",
    ),
    "a row removed and the whole chain rebuilt": (
        [UNCHAIN, TAKE_OUT, REBUILD], "", "The entry at position 3 has another digest: the trail was rebuilt.",
    ),
}  # fmt: skip


def by_a_superuser(statements: list[str]) -> None:
    """By the server's own superuser, whom the portal never logs in as."""
    known = connection.get_connection_params()
    where = {name: known[name] for name in ("host", "port", "dbname") if name in known}
    with psycopg.connect(**where, user="postgres", autocommit=True) as session:
        assert session.info.parameter_status("is_superuser") == "on"
        for statement in (PAST_EVERY_RULE, *statements):
            session.execute(statement)


@pytest.mark.parametrize("deed", DEEDS)
def test_what_a_superuser_did_to_the_trail_is_found_and_named(committed_database: Clone, deed: str) -> None:
    _, second, third = acts()
    with at("2026-03-31"):
        assert trail_heads.keep()
    named = {"second": second.pk, "third": third.pk, "last": TrailEntry.objects.last_first()[0].pk}
    statements, chain_says, head_says = DEEDS[deed]
    by_a_superuser([one.format(id=second.pk) if "{" in one else one for one in statements])
    if chain_says:
        with pytest.raises(CommandError, match=chain_says.format(**named)):
            call_command("verify_trail")
    else:
        assert trail.verify().holds  # in itself: only what is kept outside the database shows it
    with pytest.raises(CommandError, match=head_says.format(**named)):
        call_command("verify_trail_heads")


@pytest.mark.parametrize("table", ["audit_trailentry", "audit_traillink"])
def test_the_applications_role_may_change_and_empty_nothing_of_it(committed_database: Clone, table: str) -> None:
    with connection.cursor() as cursor:
        for may in ("UPDATE", "DELETE", "TRUNCATE", "TRIGGER"):
            cursor.execute("SELECT current_user::text, has_table_privilege(%s, %s)", [table, may])
            assert cursor.fetchone() == (settings.DATABASE_APPLICATION_ROLE, False), may


@pytest.mark.parametrize(
    "statement",
    [
        PAST_EVERY_RULE,
        "ALTER TABLE audit_trailentry DISABLE TRIGGER append_only",
        "DROP TRIGGER append_only ON audit_trailentry",
        "DROP TABLE audit_trailentry CASCADE",
        BLIND,
    ],
)
def test_nor_switch_the_rules_off(db: None, statement: str) -> None:
    with pytest.raises(DatabaseError, match=r"permission denied|must be owner"), transaction.atomic():
        connection.cursor().execute(statement)
