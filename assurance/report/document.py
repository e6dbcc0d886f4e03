"""What the pages of the report say, in their order: plain texts and figures, which the templates lay out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from assurance.pack.contents import Contents
from assurance.report import appendix, controls, requirements, words
from assurance.report.letters import shown_everywhere
from assurance.report.places import SHOWN, Places

STATUSES = {
    "failing": "Failing",
    "partly_failing": "Partly failing",
    "not_observed": "Not observed",
    "not_mapped": "Nothing shows it yet",
    "partly_shown": "Partly shown",
    "passing": "Passing",
    "not_applicable": "Not applicable",
}
"""In the order in which they deserve attention."""


def document(contents: Contents) -> dict[str, Any]:
    """Every text as letters.shown has it."""
    told_under = requirements.told_under(contents)
    places = Places(contents)
    unmapped = [one.id for one in contents.controls if one.id not in told_under]
    sections = requirements.sections(contents, told_under, places)
    told: dict[str, Any] = shown_everywhere(
        {
            "about": _about(contents),
            "coverage": _coverage(contents),
            "summary": _summary(contents),
            "sections": sections,
            "unmapped": unmapped,
            "statements": [[number, said.splitlines()] for said, number in requirements.statements(contents).items()],
            "controls": controls.controls(contents, places, [*told_under, *unmapped]),
            **appendix.appendix(contents, places),
        }
    )
    return told


def _about(contents: Contents) -> dict[str, Any]:
    engagement = contents.engagement
    solutions = words.listed([f"{one.name} ({one.id})" for one in contents.solutions])
    framework = f"{contents.framework.name} {contents.framework_version}"
    is_moment = contents.about_from == contents.about_to
    scope = [
        ("Engagement", f"{engagement.name} ({engagement.id})" if engagement else ""),
        ("Objective", contents.objective),
        ("Framework", framework),
        ("Solutions", solutions),
        ("Moment" if is_moment else "Period", words.span(contents.about_from, contents.about_to)),
        ("Team", words.listed(contents.team)),
        ("Requested by", contents.requested_by),
    ]
    seal = [
        ("Sealed", words.moment(contents.seal_time)),
        ("Figures as of", words.moment(contents.at)),
        ("As known at", words.moment(contents.known_at)),
        ("Trail at entry", f"{contents.trail_position:,}"),
        ("Trail digest", contents.trail_digest),
        ("Software", contents.software),
    ]
    return {
        "id": contents.id,
        "title": contents.title,
        "organisation": contents.organisation,
        "framework": framework,
        "about": words.span(contents.about_from, contents.about_to),
        "is_moment": is_moment,
        "sealed": words.moment(contents.seal_time),
        "at": words.moment(contents.at),
        "heading": " · ".join(filter(None, (contents.organisation, contents.title))),
        "scope": [[label, fact] for label, fact in scope if fact],
        "seal": [[label, fact] for label, fact in seal if fact],
    }


def _coverage(contents: Contents) -> dict[str, Any]:
    lines = [
        {
            "account": one.account,
            "region": one.region,
            "source": one.source,
            "state": one.state,
            "reason": one.reason,
            "since": words.moment(one.since),
            "hours": words.hours(one.unobserved_hours),
        }
        for one in contents.coverage[:SHOWN]
    ]
    more = words.more(len(contents.coverage), SHOWN, "csv/coverage.csv")
    return {"words": contents.coverage_words, "lines": lines, "more": more}


def _counts(some: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """some: key and words of each status."""
    pairs = list(some)
    found, counts = dict(pairs), Counter(key for key, _ in pairs)
    keys = [*(key for key in STATUSES if key in counts), *sorted(counts.keys() - STATUSES.keys())]
    return [{"key": key, "words": found[key], "count": counts[key]} for key in keys]


def _summary(contents: Contents) -> dict[str, Any]:
    sections = [
        {
            "name": section or "Requirements",
            "anchor": f"section-{number}",
            "total": len(some),
            "counts": {one["key"]: one["count"] for one in _counts((r.status_key, r.status) for r in some)},
        }
        for number, (section, some) in enumerate(requirements.by_section(contents))
    ]
    checks = {check.id: check for control in contents.controls for check in control.checks}.values()
    return {
        "requirements": _counts((one.status_key, one.status) for one in contents.requirements),
        "controls": _counts((one.status_key, one.status) for one in contents.controls),
        "concluded": [
            {"words": word, "count": count}
            for word, count in sorted(Counter(one.concluded for one in contents.controls if one.concluded).items())
        ],
        "sections": sections,
        "figures": [
            ["Requirements", f"{len(contents.requirements):,}"],
            ["Controls", f"{len(contents.controls):,}"],
            ["Tests reviewed", f"{sum(len(one.tests) for one in contents.controls):,}"],
            ["Results that fail", f"{sum(one.failing + one.accepted for one in checks):,}"],
            ["of them accepted", f"{sum(one.accepted for one in checks):,}"],
            ["Pieces of evidence", f"{len(contents.evidence):,}"],
            ["Exceptions", f"{len(contents.exceptions):,}"],
            ["Risks", f"{len(contents.risks):,}"],
            ["Audit findings", f"{len(contents.audit_findings):,}"],
        ],
    }
