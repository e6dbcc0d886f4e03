"""docs/security.md answers every requirement of ASVS 5.0 up to level 2, and names what there is."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "security.md").read_text()
SECTIONS = (
    "1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1 4.3:2 4.4:4 "
    "5.1:1 5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2 "
    "8.1:2 8.2:3 8.3:1 8.4:1 9.1:3 9.2:4 10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2 10.7:3 11.1:2 11.2:3 11.3:3 "
    "11.4:4 11.5:1 11.6:1 12.1:3 12.2:2 12.3:4 13.1:1 13.2:5 13.3:2 13.4:5 14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 "
    "15.3:7 16.1:1 16.2:5 16.3:4 16.4:3 16.5:3 17.1:1 17.2:4 17.3:2"
)
"""Section:number of its requirements of levels 1 and 2, which come first in each. Source: ASVS 5.0.0's own list."""
IDS = [f"{name}.{n + 1}" for name, many in (one.split(":") for one in SECTIONS.split()) for n in range(int(many))]


def rows() -> list[list[str]]:
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line[:1] == "|"]
    return [row for row in found if re.match(r"\d+\.\d+\.\d+", row[0])]


def test_every_requirement_up_to_level_2_is_answered_once() -> None:
    ids = [one for row in rows() for one in row[0].split(", ")]
    assert len(IDS) == 253
    assert sorted(ids) == sorted(IDS)


def test_every_answer_says_yes_or_what_lacks_and_where() -> None:
    for _ids, asks, answer, where in rows():
        assert asks
        assert answer in {"Yes", "Part", "No", "Yours", "–"}
        assert where


def test_every_file_that_is_named_exists() -> None:
    named = set(re.findall(r"`([\w./-]+/[\w./-]+\.\w+|Dockerfile|docker-compose\.yml|\.dockerignore)`", TEXT))
    assert len(named) > 30
    assert not [one for one in named if not (ROOT / one).exists()]
