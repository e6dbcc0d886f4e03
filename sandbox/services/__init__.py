"""What each AWS service answers, one room per service. Importing a room registers its operations."""

from __future__ import annotations

import importlib

_ROOMS = (
    "sts",
    "account",
    "organizations",
    "sqs",
    "securityhub.hub",
    "securityhub.findings",
    "securityhub.controls",
    "securityhub.writing",
    "config.recorders",
    "config.rules",
    "config.aggregator",
    "config.inventory",
    "config.packs",
    "config.remediation",
)


def load() -> None:
    for room in _ROOMS:
        importlib.import_module(f"sandbox.services.{room}")
