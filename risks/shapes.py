"""What a matrix may look like, and the one that an organisation can begin with."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop as word

FIVE_BY_FIVE: dict[str, Any] = {
    "likelihoods": [word("Rare"), word("Unlikely"), word("Possible"), word("Likely"), word("Almost certain")],
    "impacts": [word("Insignificant"), word("Minor"), word("Moderate"), word("Major"), word("Severe")],
    "levels": [
        {"label": word("Low"), "tone": 2},
        {"label": word("Medium"), "tone": 3},
        {"label": word("High"), "tone": 4},
        {"label": word("Critical"), "tone": 6},
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
