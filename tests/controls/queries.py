from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.conftest import LoggedIn


def queries(browser: LoggedIn, *addresses: str) -> list[int]:
    """How many each of these pages asks."""
    asked = []
    for address in addresses:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(address).status_code == 200
        asked.append(len(captured))
    return asked
