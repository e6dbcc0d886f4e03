"""What the pages do, the API does: each action that a page names, an operation of the API names too."""

from __future__ import annotations

from organisation.permissions import action_of
from tests.test_permissions import OURS

ASKED_WITHIN = {"risk.add"}
"""Asked for within an operation that goes by another action: the list of risks takes a new one by POST."""


def actions_of(*, api: bool) -> set[str]:
    named = {action_of(one.callback) for name, one in OURS.items() if name.startswith("api:") == api}
    return {action for action in named if action}


def test_what_a_page_does_the_api_does() -> None:
    assert actions_of(api=False) - actions_of(api=True) == ASKED_WITHIN
