"""What page authors may rely on: tags, filters and partials, rendered without a database."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import timezone

from audit.keyset import Page
from audit.moment import Moment
from compliance_portal import geometry
from compliance_portal.templatetags.frame import percent, share

AT = datetime(2026, 6, 30, 13, 0, tzinfo=UTC)


def rendered(source: str, path: str = "/", **context: Any) -> str:
    request: Any = RequestFactory().get(path)
    request.moment = Moment(at=AT, known_at=AT)
    template = Template("{% load frame charts %}" + source)
    return template.render(Context({"request": request, **context}))


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize(
    ("status", "shape", "word"),
    [
        ("pass", "status-pass", "Pass"),
        ("fail", "status-fail", "Fail"),
        ("unknown", "status-unknown", "Unknown"),
        ("not_observed", "status-unobserved", "Not observed"),
        ("not_applicable", "status-na", "Not applicable"),
        ("accepted", "status-accepted", "Fail, accepted"),
        ("", "status-unobserved", "Not observed"),
    ],
)
def test_a_status_has_a_shape_and_a_word(status: str, shape: str, word: str) -> None:
    html = rendered("{% status value %}", value=status)
    assert f"#{shape}" in html
    assert words(html) == word


def test_a_status_that_nobody_knows_is_unknown_and_keeps_its_name() -> None:
    html = rendered("{% status 'HALF' %}")
    assert "#status-unknown" in html
    assert words(html) == "HALF"


@pytest.mark.parametrize(("value", "word", "filled"), [(5, "Critical", 5), ("HIGH", "High", 4), (0, "Not rated", 0)])
def test_a_severity_fills_its_meter(value: object, word: str, filled: int) -> None:
    html = rendered("{% severity value %}", value=value)
    assert words(html) == word
    assert html.count('class="on"') == filled


def test_a_moment_is_shown_in_the_readers_zone() -> None:
    with timezone.override("Europe/Lisbon"):
        html = rendered("{{ at|moment }}", at=AT)
    assert html == '<time datetime="2026-06-30T14:00:00+01:00">30 Jun 2026, 14:00</time>'


def test_a_distance_is_told_from_the_moment_looked_at() -> None:
    past = rendered("{% ago at %}", at=datetime(2026, 6, 26, 13, 0, tzinfo=UTC))
    assert words(past) == "26 Jun 2026, 13:00 4 days ago"
    future = rendered("{% ago at exact=False %}", at=datetime(2026, 6, 30, 16, 0, tzinfo=UTC))
    assert words(future) == "in 3 hours"


def test_facts_are_shown_as_people_read_them() -> None:
    facts = [("Due", date(2026, 7, 1)), ("Rows", 12345), ("Share", 2.5), ("Owner", None)]
    html = render_to_string("frame/_definition.html", {"facts": facts})
    assert words(html) == "Due 1 Jul 2026 Rows 12,345 Share 2.5 Owner –"


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (0.2, "<1"), (96.9, "96"), (99.97, ">99"), (100, "100")])
def test_a_share_never_rounds_to_nothing_or_to_everything(value: float, text: str) -> None:
    assert percent(value) == f"{text}\u202f%"


def test_a_share_of_nothing_is_a_dash() -> None:
    assert share(0, 0) == "–"


def test_a_chip_is_removed_alone_and_from_the_first_page_on() -> None:
    path = "/?severity=5&severity=4&cursor=abc"
    assert rendered("{% without 'severity' 5 %}", path) == "?severity=4"
    assert rendered("{% without 'severity' %}", path) == "?"


def test_a_door_keeps_the_moment_and_the_scope_and_nothing_else() -> None:
    html = rendered("{% door 'account_login' q='a b' solution=None %}", "/?as_of=2026-06-30&solution=S-1&x=1")
    assert html == "/account/login/?as_of=2026-06-30&amp;q=a+b"


def test_a_form_carries_the_query_of_the_page() -> None:
    html = rendered("{% hidden_query 'as_of' %}", '/?as_of=1&q="&cursor=x')
    assert html == '<input type="hidden" name="q" value="&quot;">'


class Ask(forms.Form):
    reason = forms.CharField(help_text="Read first.")
    until = forms.DateField(required=False)
    sure = forms.BooleanField()


def test_a_field_has_its_label_help_and_error_tied_to_it() -> None:
    html = render_to_string("frame/_fields.html", {"form": Ask({})})
    assert 'class="form-control"' in html
    assert 'aria-describedby="id_reason_helptext id_reason_error"' in html
    assert 'id="id_reason_helptext"' in html
    assert 'id="id_reason_error"' in html
    assert 'class="form-check-input"' in html
    assert words(html) == "Reason This field is required. Read first. Until optional Sure This field is required."


def test_a_pager_offers_only_what_there_is() -> None:
    page = Page(rows=[1, 2], next_cursor="next", is_first=True)  # type: ignore[type-var]
    html = rendered("{% include 'frame/_pager.html' with total=1200 noun='findings' %}", page=page)
    assert words(html) == "2 of 1,200 findings Next"
    assert 'href="?cursor=next"' in html


def test_coverage_says_what_is_missing() -> None:
    coverage = {"fresh": 96.4, "stale": 3, "gaps": [{"words": "1 account denied access", "url": "/gaps/"}]}
    html = rendered("{% include 'frame/_coverage.html' %}", coverage=coverage)
    assert words(html) == "fresh 96 % stale 3 % 1 account denied access ›"
    never = rendered("{% include 'frame/_coverage.html' %}", coverage={"fresh": None})
    assert words(never) == "Not observed"


def test_a_job_is_asked_about_until_it_has_finished() -> None:
    job = SimpleNamespace(public_id="J-1", title="Read", step="Page 2", is_finished=False, per_cent=40, state="running")
    assert 'hx-trigger="every 2s"' in rendered("{% include 'frame/_progress.html' with url='/j/' %}", job=job)
    job.is_finished, job.state, job.finished_at = True, "done", AT
    assert "hx-get" not in rendered("{% include 'frame/_progress.html' with url='/j/' %}", job=job)


def test_a_bar_says_what_it_shows_and_opens_what_it_counts() -> None:
    parts = [{"status": "pass", "count": 999, "url": "/p/"}, {"status": "not_observed", "count": 1}]
    html = rendered("{% bar parts label='Findings' %}", parts=parts)
    assert 'aria-label="Findings: 999 pass, 1 not observed"' in html
    assert 'href="/p/"' in html
    assert 'fill="url(#hatch)"' in html
    assert "style=" not in html


def test_a_trend_has_its_figures_in_a_table_and_a_gap_where_nothing_was_observed() -> None:
    points = [{"at": date(2026, 1, day), "value": value} for day, value in ((1, 4), (2, None), (3, 8))]
    html = rendered("{% trend points label='Failing' unit='findings' %}", points=points)
    assert html.count('fill="url(#hatch)"') == 1
    assert "1 Jan 2026 4 findings 2 Jan 2026 not observed 3 Jan 2026 8 findings" in words(html)


def test_a_sparkline_says_from_where_to_where() -> None:
    html = rendered("{% sparkline values label='Failing' %}", values=[3, None, 7])
    assert 'aria-label="Failing: from 3 to 7"' in html
    assert "not observed" in rendered("{% sparkline values label='Failing' %}", values=[None, None])


def test_a_single_failure_among_thousands_is_still_seen() -> None:
    many, one = geometry.slices([9999, 1])
    assert one.width > 0.9
    assert round(many.width + one.width) == 100


def test_a_line_breaks_where_nothing_was_observed() -> None:
    points = geometry.places([0, 10, None, 5], high=10, height=100)
    assert geometry.path(points) == "M0 100L33.33 0M100 50L100 50"
    assert geometry.gaps([0, 10, None, 5]) == [geometry.Slice(33.33, 66.67)]


@pytest.mark.parametrize(("highest", "top"), [(0, 1), (3, 5), (101, 200), (5000, 5000)])
def test_an_axis_ends_at_a_round_number(highest: float, top: float) -> None:
    assert geometry.round_top(highest) == top
