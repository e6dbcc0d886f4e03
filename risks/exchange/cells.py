"""What a cell holds: the same text whether it went through CSV, a workbook or a form."""

from __future__ import annotations

import re
from datetime import date, datetime

from controls.tables import RISKY
from organisation.days import is_in_reach

UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
"""What a workbook cannot hold; a text that people write has no use for it."""
GUARDED = re.compile(f"'*[{re.escape(''.join(RISKY))}]")
"""Apostrophes included, so that a text that begins with one by itself is read back as it was."""
DATE_FORMATS = ("%Y-%m-%d", "%d %b %Y", "%d %B %Y")


def clean(text: str) -> str:
    """As both sides of a comparison have it: no other line ends, nothing unprintable, no space around it."""
    return UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def guarded(text: str) -> str:
    """No spreadsheet takes it for a formula: an apostrophe before what one would begin with."""
    return f"'{text}" if GUARDED.match(text) else text


def unguarded(text: str) -> str:
    """Without the apostrophe that `guarded` added."""
    return text[1:] if text.startswith("'") and GUARDED.match(text) else text


def same(one: str, other: str) -> bool:
    """Workbooks write a mark of their own (x005F_) that readers drop, wherever it stands."""
    return one == other or one.replace("x005F_", "") == other.replace("x005F_", "")


def date_of(text: str) -> date:
    """Raises ValueError."""
    for form in DATE_FORMATS:
        try:
            found = datetime.strptime(text, form).date()  # noqa: DTZ007  a date has no zone
        except ValueError:
            continue
        if is_in_reach(found):
            return found
    raise ValueError(text)
