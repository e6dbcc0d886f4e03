from datetime import UTC, datetime, timedelta

import time_machine


def at(day: str) -> time_machine.travel:
    """Stop the clock at noon UTC: `with at("2026-03-31"): ...`."""
    return time_machine.travel(datetime.fromisoformat(f"{day}T12:00+00:00"), tick=False)


def after(**units: float) -> time_machine.travel:
    """Stop the clock some time after now: `with after(minutes=20): ...`."""
    return time_machine.travel(datetime.now(UTC) + timedelta(**units), tick=False)
