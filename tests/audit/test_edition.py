from __future__ import annotations

import psycopg

from audit import edition
from tests.databases import Clone

RENAMED = "UPDATE organisation_account SET name = 'Ledger'"


def test_the_edition_moves_with_every_commit_in_whatever_order_they_began(committed_database: Clone) -> None:
    address = committed_database.environment["DATABASE_URL"]
    with psycopg.connect(address) as first, psycopg.connect(address) as second:
        editions = [edition.current()]
        first.execute(RENAMED)
        second.execute(RENAMED)
        assert edition.current() == editions[0]
        for one in (second, first):
            one.commit()
            editions.append(edition.current())
    assert len(set(editions)) == 3


def test_what_is_taken_back_leaves_the_edition(committed_database: Clone) -> None:
    before = edition.current()
    with psycopg.connect(committed_database.environment["DATABASE_URL"]) as other:
        other.execute(RENAMED)
        other.rollback()
    assert edition.current() == before


def test_a_log_in_leaves_the_edition(committed_database: Clone) -> None:
    before = edition.current()
    with psycopg.connect(committed_database.environment["DATABASE_URL"]) as other:
        other.execute("UPDATE organisation_user SET last_login = now()")
    assert edition.current() == before
