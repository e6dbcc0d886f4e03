"""What a page says, read as its reader would."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from typing import Any

from findings import posture
from findings.models import Finding, FindingSpan


def title(answer: Any) -> str:
    """The h1 of a page."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", answer.content.decode(), re.DOTALL)
    assert found
    return html.unescape(re.sub(r"<[^>]+>", "", found[1])).strip()


def words(answer: Any) -> str:
    """The page's text without its markup, spaces joined."""
    text = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", html.unescape(text)).replace("\u202f", " ")


def without_token(answer: Any) -> str:
    """The markup without the token of its forms, which is another one at each rendering."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())


def listed(answer: Any) -> list[str]:
    """Public ids of the findings that a list shows, in its order."""
    return re.findall(r'<td class="door"><a href="/findings/(F-\d+)/', answer.content.decode())


def ids(findings: Iterable[Finding]) -> list[str]:
    return [finding.public_id for finding in findings]


def counted() -> None:
    """Count the postures anew, as a sync does at its end."""
    places = FindingSpan.objects.values_list("check_ran", "account", "region")
    posture.refresh(set(places.order_by().distinct()))
