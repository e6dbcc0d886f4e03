"""Two hundred people at once, each in a session of their own: nobody meets an error, nobody meets another's rows."""

from __future__ import annotations

import re
import secrets
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.portal import Browser, figures

SESSIONS, FOR = 200, 60.0
"""People at once, and seconds."""
OF_THE_FIRST_LINE = 0.8
PATHS = ("/", "/findings/", "/findings/?status=fail", "/my-items/", "/risks/", "/frameworks/", "/api/v1/findings/")
ACCOUNT_ID = re.compile(r"(?<!\d)\d{12}(?!\d)")


def seats() -> list[dict[str, Any]]:
    """Inside the portal: people with a session each, and which accounts are somebody else's to them.

    The first line has part in one solution each, in turn; the second and the third line see everything.
    """
    from audit import clock
    from benchmarks import people
    from organisation.models import Account, Grant, Role, Solution, SolutionAccount, User

    every = set(Account.objects.values_list("account_id", flat=True))
    solutions = list(Solution.objects.order_by("pk"))
    crowd, found = secrets.token_hex(4), []  # a kept database has those of another run
    for number in range(SESSIONS):
        person = User.objects.create_user(f"seat{number}-{crowd}@example.org", name=f"Seat {number}")
        first = number < SESSIONS * OF_THE_FIRST_LINE
        role = Role.FIRST if first else (Role.SECOND, Role.THIRD)[number % 2]
        person.give_role(role, reason="Measured", by="benchmark")
        others: set[str] = set()
        if first:
            solution = solutions[number % len(solutions)]
            Grant.give(solution, person, kind=Grant.Kind.MEMBER, reason="Measured", by="benchmark")
            lived = SolutionAccount.objects.in_force(clock.now()).filter(solution=solution)
            others = every - set(lived.values_list("account__account_id", flat=True))
        paths = [path for path in PATHS if path != "/my-items/" or role != Role.THIRD]
        found.append({"cookie": people.session_of(person), "others": sorted(others), "paths": paths})
    return found


def crowded(port: int, taken: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Everybody reads their pages in turn, without a pause. What they met: pages, errors by their words, rows."""
    until = time.monotonic() + FOR
    with ThreadPoolExecutor(len(taken)) as pool:
        met = list(pool.map(lambda pair: _read(port, pair[1], until, first=pair[0]), enumerate(taken)))
    seconds = [one for visit in met for one in visit["seconds"]]
    errors = sum((visit["errors"] for visit in met), Counter[str]())
    return {
        "sessions": len(taken),
        "pages": len(seconds),
        "errors": dict(errors),
        "failed": errors.total(),
        "rows_of_others": sum(visit["rows_of_others"] for visit in met),
        **figures(seconds),
    }


def _read(port: int, seat: Mapping[str, Any], until: float, *, first: int) -> dict[str, Any]:
    """One person's minute. first: with which page they begin."""
    browser, others = Browser(port, seat["cookie"]), set(seat["others"])
    seconds: list[float] = []
    errors: Counter[str] = Counter()
    strange, number = 0, first
    while time.monotonic() < until:
        path = seat["paths"][number % len(seat["paths"])]
        number += 1
        try:
            took, body = browser.read(path)
        except (OSError, RuntimeError) as error:
            errors[str(error)] += 1
            browser = Browser(port, seat["cookie"])
        else:
            seconds.append(took)
            strange += len(others & set(ACCOUNT_ID.findall(body.decode())))
    return {"seconds": seconds, "errors": errors, "rows_of_others": strange}
