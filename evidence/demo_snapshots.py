"""The demo's automatic evidence, by the ordinary verbs. Called at each step of its history, after what people did."""

from __future__ import annotations

from evidence import signing, snapshots, trail_heads

MOST = 24
"""Snapshots at one step of the history: a few, so that the demo is up soon. The worker takes the rest by itself."""


def seed() -> int:
    """How many snapshots and heads of the trail it made."""
    taken = snapshots.take_due(most=MOST)
    kept = trail_heads.keep_due() if signing.has_key() else None
    return taken + (kept is not None)
