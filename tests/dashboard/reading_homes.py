"""What a home's numbers say, and what the lists behind them count."""

from __future__ import annotations

import html
import re
from datetime import datetime
from typing import Any

from tests.conftest import LoggedIn
from tests.findings_pages.reading_pages import listed

NUMBER_DOOR = r'<a (?:class="quiet" )?href="(/(?:findings|changes)/\?[^"]*)"[^>]*>(?:\s*<[^>]+>)*\s*(?:All )?([\d,]+)\b'
BAR_DOOR = r'<a href="(/findings/\?[^"]*)"><span class="status">.*?<b>([\d,]+)</b>'


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00+00:00")


def number_doors(answer: Any) -> dict[str, int]:
    """Address → the number that stands on its door, of every list of findings that a page leads to."""
    text = answer.content.decode()
    found = re.findall(NUMBER_DOOR, text) + re.findall(BAR_DOOR, text, re.DOTALL)
    return {html.unescape(url): int(number.replace(",", "")) for url, number in found}


def counted_behind(browser: LoggedIn, doors: dict[str, int]) -> dict[str, int]:
    """Address → how many findings its list shows. For fewer than a page of them."""
    return {url: len(listed(browser.get(url))) for url in doors}


def checks(answer: Any) -> list[str]:
    """The keys of the checks in a page's tables, in order."""
    return re.findall(r'<span class="check-key">([^<]+)</span>', answer.content.decode())
