"""A list of requests as somebody fills it in, and who has to do with it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile

from audit import clock
from evidence.pbc.columns import COLUMNS
from organisation.models import Solution, User
from tests.factories import SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory

HEADS = [one.head for one in COLUMNS]


class Story:
    """Ana works on Payments and owns its control; Kim audits."""

    def __init__(self) -> None:
        self.payments: Solution = SolutionFactory(name="Payments")
        self.ana: User = UserFactory(name="Ana", email="ana@example.org", first_line=True, owns=[self.payments])
        self.kim: User = UserFactory(name="Kim", third_line=True)
        self.control = ControlFactory(name="Leavers lose access", solution=self.payments, owner=self.ana)
        self.due = (clock.now() + timedelta(days=10)).date().isoformat()

    def row(self, **told: Any) -> dict[str, Any]:
        whole = {
            "Reference": "PBC-1", "What is asked for": "List of leavers", "In detail": "All of June",
            "Solution": "payments", "Control or requirement": self.control.public_id, "Period from": "2026-06-01",
            "Period until": "2026-06-30", "Sample item": "", "Who is asked": "Ana@Example.org", "Due on": self.due,
        }  # fmt: skip
        return whole | {name.replace("_", " "): value for name, value in told.items()}


def workbook(rows: Sequence[dict[str, Any]], heads: Sequence[str] = HEADS) -> SimpleUploadedFile:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = "Requests"
    sheet.append(list(heads))
    for row in rows:
        sheet.append([row.get(head, "") for head in heads])
    held = io.BytesIO()
    book.save(held)
    return SimpleUploadedFile("list.xlsx", held.getvalue())
