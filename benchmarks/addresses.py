"""Which pages are measured, for whom, and what each asks of the database."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from django.db import connection
from django.db.models import Count
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audit import clock
from benchmarks import frameworks
from findings.models import Check, Finding, FindingSpan

AGES = (30, 120)
"""Days back that pages are asked as of."""


@dataclass(frozen=True)
class Page:
    """name: of the page. line: whose. now: the name of the page that it is compared with, of a past moment."""

    name: str
    line: str
    path: str
    now: str = ""


def pages() -> list[Page]:
    check = Check.objects.annotate(n=Count("findings")).latest("n")
    span = FindingSpan.objects.filter(valid_to=None, status="fail").latest("pk")
    finding = Finding.objects.get(pk=span.finding_id)
    resource = finding.resource
    assert resource is not None
    found = [
        Page("home, first line", "first", "/"),
        Page("home, second line", "second", "/"),
        Page("home, third line", "third", "/"),
        Page("home, administrator", "administrator", "/"),
        Page("explorer, first line", "first", "/findings/"),
        Page("explorer", "second", "/findings/"),
        Page("explorer, fails", "second", "/findings/?status=fail&suppressed=no"),
        Page("explorer, latest first", "second", "/findings/?order=-changed"),
        Page("explorer, search", "second", "/findings/?q=payments-ledger"),
        Page("explorer, search for one resource", "second", f"/findings/?q={quote(resource.key)}"),
        Page("explorer, search in titles", "second", "/findings/?q=CVE-2026-2592"),
        Page("check", "second", reverse("findings:check", args=[check.public_id])),
        Page("resource", "second", reverse("findings:resource", args=[resource.public_id])),
        Page("finding", "second", reverse("findings:finding", args=[finding.public_id])),
        Page("coverage", "second", reverse("findings:coverage")),
        Page("unowned", "second", reverse("findings:unowned")),
        Page("changes", "second", reverse("changes")),
        Page("trail", "third", reverse("audit:trail")),
    ]
    past = [page for page in found if page.name in ("home, first line", "home, second line", "home, third line")]
    past.append(found[5])
    for page in past:
        for days in AGES:
            at = (clock.now() - timedelta(days=days)).date().isoformat()
            found.append(Page(f"{page.name}, {days} days ago", page.line, f"{page.path}?as_of={at}", now=page.name))
    return [*found, *_of_frameworks()]


def _of_frameworks() -> list[Page]:
    """Where frameworks stand: the list, the largest of them now and half a year ago, and one requirement."""
    found = [
        Page("frameworks", "second", reverse("controls:frameworks")),
        Page("frameworks by solution", "second", reverse("controls:posture")),
    ]
    then = frameworks.half_a_year_ago()
    for version in frameworks.versions():
        path = reverse("controls:framework", args=[version.framework.public_id])
        found.append(Page(str(version.framework), "second", path))
        past = f"{version.framework}, half a year ago"
        found.append(Page(past, "second", f"{path}?as_of={then}", now=str(version.framework)))
    requirement = frameworks.most_shown(frameworks.versions()[0])
    for name in ("requirement", "requirement_history"):
        path = reverse(f"controls:{name}", args=[requirement.public_id])
        found.append(Page(name.replace("_", ", its "), "second", path))
    return found


def asked(cookies: dict[str, str]) -> list[dict[str, Any]]:
    """Every page, with how many queries it takes when nothing of it is kept."""
    return [{**asdict(page), "queries": queries(page, cookies[page.line])} for page in pages()]


def queries(page: Page, cookie: str) -> int:
    browser = Client()
    browser.cookies["sessionid"] = cookie
    answer = browser.get(page.path)
    assert answer.status_code == 200, f"{page.path} answers {answer.status_code}"
    with CaptureQueriesContext(connection) as captured:
        browser.get(f"{page.path}{'&' if '?' in page.path else '?'}fresh=queries")
    return len(captured)
