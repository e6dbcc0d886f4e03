"""Who has to do with a request for evidence in these tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.urls import reverse

from audit import clock
from controls.models import Control
from evidence.models import EvidenceRequest
from organisation.models import Solution, User
from tests.conftest import LoggedIn
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory
from tests.factories.evidence import EvidenceRequestFactory


class Story:
    """Ana and Ben work on Payments; Ines oversees; Kim audits, and so does Lou."""

    def __init__(self) -> None:
        self.payments: Solution = SolutionFactory(name="Payments")
        self.ana: User = UserFactory(name="Ana", first_line=True, owns=[self.payments])
        self.ben: User = GrantFactory(person__name="Ben", solution=self.payments).person
        self.dee: User = UserFactory(name="Dee", first_line=True)
        self.ines: User = UserFactory(name="Ines", second_line=True)
        self.kim: User = UserFactory(name="Kim", third_line=True)
        self.lou: User = UserFactory(name="Lou", third_line=True)
        self.control: Control = ControlFactory(name="Leavers lose access", solution=self.payments, owner=self.ana)

    def asked(self, **told: Any) -> EvidenceRequest:
        said = {"title": "List of leavers", "asked_by": self.kim, "assignee": self.ana}
        return EvidenceRequestFactory(solution=self.payments, control=self.control, **(said | told))


def post(browser: LoggedIn, request: EvidenceRequest, verb: str, **said: Any) -> Any:
    request.refresh_from_db()
    url = reverse(f"evidence:request_{verb}", args=[request.public_id])
    return browser.post(url, {"version": request.version, **said}, follow=True)


def asking(story: Story, **said: Any) -> dict[str, Any]:
    due = (clock.now() + timedelta(days=10)).date()
    whole = {
        "title": "List of leavers", "what": "All of June", "control": story.control.pk, "solution": story.payments.pk,
        "assignee": story.ana.pk, "due_on": due, "period_from": "2026-06-01", "period_to": "2026-06-30",
    }  # fmt: skip
    return {**whole, **said}


ASK = "/evidence/requests/ask/"
