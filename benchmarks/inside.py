"""The parts that run inside the portal: `python -m benchmarks.inside PART FILE …` writes FILE, JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command
from django.db import connection

VERSIONS = "SELECT current_setting('server_version')"
SIZE = "SELECT pg_database_size(current_database())"
TABLES = """
SELECT relname, pg_total_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 2 DESC LIMIT 8
"""


def main() -> None:
    part, file, *arguments = sys.argv[1:]
    django.setup()
    parts: dict[str, Callable[..., dict[str, Any]]] = {
        "build": build,
        "look": look,
        "live": live,
        "paced": paced,
        "bulk": bulk,
        "export": export,
        "risks": risks,
        "packs": packs,
        "pack": pack,
        "pack_report": pack_report,
        "seats": seats,
    }
    Path(file).write_text(json.dumps(parts[part](*arguments)))


def seats() -> dict[str, Any]:
    """Two hundred people with a session each."""
    from benchmarks import crowd

    return {"seats": crowd.seats()}


def build(findings: str, days: str) -> dict[str, Any]:
    """An empty database becomes a portal with a past."""
    from benchmarks import history

    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    return history.build(int(findings), int(days))


def look() -> dict[str, Any]:
    """What the pages are, who asks for them, and how large it all is."""
    from benchmarks import addresses, frameworks, people

    call_command("migrate", interactive=False, verbosity=0)  # a kept database may be of an earlier commit
    call_command("collectstatic", interactive=False, verbosity=0)
    frameworks.seed()
    cookies = people.cookies()
    with connection.cursor() as cursor:
        cursor.execute(VERSIONS)
        (postgres,) = cursor.fetchone()
        cursor.execute(SIZE)
        (size,) = cursor.fetchone()
        cursor.execute(TABLES)
        tables = {name: round(held / 1e6, 1) for name, held in cursor.fetchall()}
    return {
        "versions": {"postgres": postgres, "django": django.get_version()},
        "database_mb": round(size / 1e6),
        "largest_tables_mb": tables,
        "cookies": cookies,
        "roll_up": frameworks.rolled_up(),
        "mapping_changed": frameworks.changed(cookies["second"]),
        "pages": addresses.asked(cookies),
    }


def live(address: str, sandbox: str) -> dict[str, Any]:
    """Read the sandbox's whole estate through boto3, then all of it again. sandbox: the number of its process."""
    from benchmarks import reading

    call_command("migrate", interactive=False, verbosity=0)
    return reading.measured(address, int(sandbox))


def paced(address: str, sandbox: str) -> dict[str, Any]:
    """Read the sandbox's Security Hub at the rates that it enforces."""
    from benchmarks import reading

    call_command("migrate", interactive=False, verbosity=0)
    return reading.paced(address)


def bulk(file: str) -> dict[str, Any]:
    """Load exported findings into an empty portal."""
    from benchmarks import reading

    call_command("migrate", interactive=False, verbosity=0)
    return reading.loaded(file)


def export() -> dict[str, Any]:
    """Take all findings away as files."""
    from benchmarks import exports

    return exports.measured()


def risks() -> dict[str, Any]:
    """An empty portal becomes one with a register of risks."""
    from benchmarks import risks as register

    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    return register.build()


def packs() -> dict[str, Any]:
    """An empty portal becomes one with evidence and with packs asked for."""
    from benchmarks import packs

    call_command("migrate", interactive=False, verbosity=0)
    return packs.build()


def pack(key: str) -> dict[str, Any]:
    """Make one of them."""
    from benchmarks import packs

    return packs.made(int(key))


def pack_report(key: str) -> dict[str, Any]:
    """Set the report of one that is made."""
    from benchmarks import packs

    return packs.set_report(int(key))


if __name__ == "__main__":
    main()
