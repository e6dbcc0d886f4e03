"""The shared clock file: the demo's world begins in the past and is led to now."""

import json
from pathlib import Path

from demo.progress import write_private

DAY = 86_400
CURVE = 1.5  # more steps towards now, where people look first


def set_back(file: Path, days: float) -> None:
    """Let every process that reads FILE see the moment DAYS ago."""
    write_private(file, json.dumps({"offset_seconds": -days * DAY}))


def moments(days: float, steps: int) -> list[float]:
    """How many days back each step of the history lies: from DAYS down to 0, STEPS steps after the first."""
    curve = CURVE if steps < days else 1
    return [round(days * (1 - step / steps) ** curve, 3) for step in range(steps + 1)]
