"""What a matrix may look like, and the one that an organisation can begin with."""

from __future__ import annotations

from typing import Any

FIVE_BY_FIVE: dict[str, Any] = {
    "likelihoods": ["Rare", "Unlikely", "Possible", "Likely", "Almost certain"],
    "impacts": ["Insignificant", "Minor", "Moderate", "Major", "Severe"],
    "levels": [
        {"label": "Low", "tone": 2},
        {"label": "Medium", "tone": 3},
        {"label": "High", "tone": 4},
        {"label": "Critical", "tone": 6},
    ],
    "cells": [
        [0, 0, 0, 1, 1],
        [0, 0, 1, 1, 2],
        [0, 1, 1, 2, 2],
        [0, 1, 2, 2, 3],
        [1, 1, 2, 3, 3],
    ],
    "by_severity": [0, 0, 0, 1, 2, 3],
}
"""by_severity: from not rated (0) to critical (5), as findings.models.Severity ranks them."""
