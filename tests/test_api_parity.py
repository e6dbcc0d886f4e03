"""What the pages do, the API does: each action that a page names, an operation of the API names too."""

from __future__ import annotations

from organisation.permissions import action_of
from tests.test_permissions import OURS

PAGES_ALONE = {
    "home.view": "A home puts together what findings, items, risks and coverage say: each has its own address.",
}
"""Actions of pages alone, and why."""

STILL_TO_COME = {
    "appetite.manage", "appetite.view", "audit_finding.write", "control.answer", "control.inherit", "control.manage",
    "engagement.manage", "engagement.work", "evidence.hold", "evidence.verify", "framework.manage", "mapping.decide",
    "mapping.propose", "provider_report.record", "responsibility.manage", "risk.add", "risk.assess", "risk.change",
    "risk.close", "risk.export", "risk.import", "trail.heads", "triage.change",
}  # fmt: skip
"""Floors whose operations are being written: to be emptied, and removed with its last name."""


def actions_of(*, api: bool) -> set[str]:
    named = {action_of(one.callback) for name, one in OURS.items() if name.startswith("api:") == api}
    return {action for action in named if action}


def test_what_a_page_does_the_api_does_or_a_reason_says_why_not() -> None:
    assert actions_of(api=False) - actions_of(api=True) == set(PAGES_ALONE) | STILL_TO_COME
