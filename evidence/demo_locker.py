"""What people of the demo brought into the locker, by the ordinary verbs: on each day of its history what was due.

`seed` does what was to be done by the moment of the clock and is not done yet, so it is called at each step.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from audit import clock
from controls.models import Control
from evidence import changing, holding
from evidence.models import Evidence, LegalHold
from evidence.uploading import supersede, upload
from organisation.models import Solution, User

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Piece:
    """day: after the beginning of the history. until, length: its period, days before that day, and how long."""

    day: int
    who: str
    title: str
    note: str
    file: str
    content: Callable[[], bytes]
    control: str
    solution: str = ""
    kind: str = "document"
    confidentiality: str = "internal"
    until: int = 1
    length: int = 90


def as_csv(rows: Rows) -> Callable[[], bytes]:
    def made() -> bytes:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        return text.getvalue().encode()

    return made


def as_workbook(name: str, rows: Rows) -> Callable[[], bytes]:
    def made() -> bytes:
        file = io.BytesIO()
        with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
        return file.getvalue()

    return made


def as_text(*lines: str) -> Callable[[], bytes]:
    return lambda: ("\n".join(lines) + "\n").encode()


ACCESS = (
    ("Person", "Role", "Confirmed by", "Decision"),
    ("Ana Ferreira", "administrator", "Piotr Nowak", "keeps it"),
    ("Deploy robot", "deployer", "Ana Ferreira", "keeps it"),
    ("Former consultant", "read-only", "Ana Ferreira", "taken away"),
)
LEAVERS = (
    ("Person", "Last day", "Access ended", "By"),
    ("HR-2214", "2026-03-06", "2026-03-06 17:12", "joiners-leavers job"),
    ("HR-1987", "2026-03-20", "2026-03-20 16:40", "joiners-leavers job"),
)
PATCHES = (
    ("Finding", "Severity", "Found", "Mended", "Days"),
    ("CVE-2026-1034", "critical", "2026-02-03", "2026-02-10", "7"),
    ("CVE-2026-1187", "high", "2026-02-11", "2026-03-02", "19"),
    ("CVE-2026-1320", "high", "2026-02-19", "", "open"),
)
COURSE = (
    ("Team", "People", "Attended"),
    ("Payments", "11", "11"),
    ("Data platform", "8", "7"),
    ("HR systems", "5", "5"),
)
REVIEWS = [
    {"change": "platform#812", "author": "wei", "reviewed_by": "piotr", "merged_at": "2026-03-02T10:14:00Z"},
    {"change": "platform#815", "author": "piotr", "reviewed_by": "wei", "merged_at": "2026-03-04T15:41:00Z"},
    {"change": "platform#820", "author": "piotr", "reviewed_by": None, "merged_at": "2026-03-09T22:03:00Z"},
]
REVIEW_OF_ACCESS = "Access review of Payments"
WRONG = "Restore test of the customer portal"
PIECES = (
    Piece(
        1, "ana", REVIEW_OF_ACCESS, "Everybody with access to the production account, and who confirmed that they need "
        "it. Exported from the directory on the day of the review.", "access-review.csv", as_csv(ACCESS),
        "Access rights are reviewed every quarter", "Payments",
    ),
    Piece(
        2, "lucia", "Leavers and when their access ended", "Each leaver of the month, from the personnel system, held "
        "against the log of the directory.", "leavers.xlsx", as_workbook("Leavers", LEAVERS),
        "People who leave lose their access the same day", "HR systems", "report", "confidential", until=40, length=31,
    ),
    Piece(
        3, "ana", "Record of the restore test", "The database of Payments, brought back from last night's backup into "
        "an account of its own.", "restore-test.md", as_text(
            "# Restore test", "", "- Began 09:02, readable at 09:49, within the four hours that are allowed.",
            "- 1,204,551 rows of bookings, the same as in production at 02:00.", "- One grant was missing and is added "
            "to the template since.",
        ), "A restore is tried twice a year", "Payments",
    ),
    Piece(
        4, "piotr", "Reviews of merged changes", "Every change that was merged in the period, with who reviewed it, "
        "from the repository's own record. One has no reviewer.", "reviews.json",
        lambda: json.dumps(REVIEWS, indent=2).encode(), "Changes are reviewed by a second person", "Shared platform",
        "report", length=30,
    ),
    Piece(
        5, "wei", "Weaknesses mended in February", "Critical and high ones of the month, from the scanner. One is "
        "still open.", "weaknesses.csv", as_csv(PATCHES), "Serious weaknesses are mended in a month", "Data platform",
        "report", until=8, length=28,
    ),
    Piece(
        5, "jonas", "Minutes of the exercise", "The yearly exercise: a leaked key, from the alert to the letter to "
        "customers.", "exercise.eml", as_text(
            "From: jonas@example.org", "To: on-call@example.org", "Subject: Minutes of the exercise", "",
            "10:00 the alert comes in. 10:07 the key is revoked. 10:40 what it reached is known.",
        ), "Incidents are handled as rehearsed", until=20, length=1,
    ),
    Piece(
        6, "jonas", "Attendance of the course", "Per team; names stay with the trainer.", "attendance.xlsx",
        as_workbook("Attendance", COURSE), "People learn how to work safely", confidentiality="confidential", length=30,
    ),
    Piece(
        7, "ana", WRONG, "", "restore.txt", as_text("Restore of the portal's database, begun 14:00."),
        "A restore is tried twice a year", "Customer portal",
    ),
    Piece(
        8, "miriam", "Notes of the walk-through", "What was seen on the screen, step by step.", "walk-through.md",
        as_text("# Walk-through", "", "1. The reviewer opens the export.", "2. Each line is confirmed by its owner."),
        "Access rights are reviewed every quarter", "Payments", "working_paper", "restricted", length=1,
    ),
)  # fmt: skip
CORRECTED, WITHDRAWN, HELD = 6, 8, 9
"""The days of what happens to them later."""


@transaction.atomic
def seed() -> int:
    """How many acts it did; 0 where everything is done, or the demo's people and controls are not there yet."""
    first = Control.objects.order_by("added_at").first()
    if first is None or not User.objects.filter(email="jonas@example.org").exists():
        return 0
    return sum(1 for _act in Acts(first.added_at, clock.now()).done())


class Acts:
    def __init__(self, began: datetime, now: datetime) -> None:
        self.began, self.now = began, now
        self.people = {one.email.partition("@")[0]: one for one in User.objects.all()}
        self.solutions = {one.name: one for one in Solution.objects.all()}
        self.controls = {one.name: one for one in Control.objects.in_use(now)}

    def is_due(self, day: int) -> bool:
        return self.began + timedelta(days=day) <= self.now

    def done(self) -> Iterator[object]:
        there = set(Evidence.objects.values_list("title", flat=True))
        for piece in PIECES:
            known = piece.control in self.controls and piece.solution in {"", *self.solutions}
            if self.is_due(piece.day) and known and piece.title not in there:
                yield self._brought(piece)
        yield from self._later()

    def _brought(self, piece: Piece) -> Evidence:
        ends = self.now - timedelta(days=piece.until)
        return upload(
            SimpleUploadedFile(piece.file, piece.content()),
            kind=piece.kind,
            title=piece.title,
            note=piece.note,
            effective_from=ends - timedelta(days=piece.length),
            effective_to=ends,
            by=self.people[piece.who],
            solution=self.solutions.get(piece.solution),
            confidentiality=piece.confidentiality,
            controls=[self.controls[piece.control]],
        )

    def _later(self) -> Iterator[object]:
        """A correction, a withdrawal and a legal hold."""
        standing = Evidence.objects.standing(clock.now())
        review = standing.filter(title=REVIEW_OF_ACCESS, version=1).first()
        if review and self.is_due(CORRECTED):
            yield self._corrected(review)
        wrong = standing.filter(title=WRONG).first()
        if wrong and self.is_due(WITHDRAWN):
            because = "The log breaks off: the restore did not end. It is tried again."
            yield changing.withdraw(wrong, because=because, by=self.people["ana"])
        personnel = self.solutions.get("HR systems")
        if personnel and self.is_due(HELD) and not LegalHold.objects.exists():
            because = "A former employee disputes when their access ended."
            yield holding.hold(because=because, by=self.people["jonas"], solution=personnel)

    def _corrected(self, review: Evidence) -> Evidence:
        rows = (*ACCESS, ("Night operator", "operator", "Ana Ferreira", "keeps it"))
        said: dict[str, Any] = {"effective_from": review.effective_from, "effective_to": review.effective_to}
        note = f"{review.note} The night operator was missing in the first version."
        file = SimpleUploadedFile("access-review.csv", as_csv(rows)())
        return supersede(review, file, by=self.people["ana"], note=note, **said)
