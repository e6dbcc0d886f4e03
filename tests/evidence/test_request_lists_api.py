"""Lists of requests for programs: brought in as a file, looked at, asked whole or dropped."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from evidence.models import EvidenceRequest, RequestImport
from tests.conftest import LoggedIn, LogIn
from tests.evidence.filled_lists import Story, workbook
from tests.factories.assurance import EngagementFactory
from tests.factories.evidence import RequestImportFactory

pytestmark = pytest.mark.django_db
API = "/api/v1/evidence-requests/lists/"


@pytest.fixture
def story() -> Story:
    return Story()


def bring(browser: LoggedIn, file: SimpleUploadedFile, **said: Any) -> Any:
    return browser.post(f"{API}add/", {"file": file, **said})


def act(browser: LoggedIn, one: str, verb: str) -> Any:
    return browser.post(f"{API}{one}/{verb}/", content_type="application/json")


def refused(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 400
    told: dict[str, list[str]] = answer.json()["errors"]
    return told


def test_a_list_is_brought_looked_at_and_asked_whole(log_in: LogIn, story: Story) -> None:
    kim = log_in(story.kim)
    engagement = EngagementFactory(of=[story.payments], with_team=[story.kim])
    brought = bring(kim, workbook([story.row()]), asked_for=f"engagement:{engagement.public_id}")
    told = brought.json()
    assert (brought.status_code, told["name"], told["state"], told["asked_for"], told["problems"]) == (
        201, "list.xlsx", "ready", f"engagement:{engagement.public_id}", [],
    )  # fmt: skip
    (row,) = told["rows"]
    assert {name: row[name] for name in ("row", "title", "solution", "period", "assignee", "due_on")} == {
        "row": 2, "title": "PBC-1: List of leavers", "solution": "Payments", "period": "1 Jun 2026 – 30 Jun 2026",
        "assignee": "Ana", "due_on": story.due,
    }  # fmt: skip
    assert not EvidenceRequest.objects.exists()
    asked = act(kim, told["id"], "apply").json()
    request = EvidenceRequest.objects.get()
    assert (asked["state"], asked["done"]) == ("applied", [request.public_id])
    assert refused(act(kim, told["id"], "apply")) == {"refused": ["It is not ready to ask."]}
    assert refused(act(kim, told["id"], "drop")) == {"refused": ["It is asked or dropped already."]}
    assert kim.get(f"{API}{told['id']}/").json() == asked
    (listed,) = kim.get(API).json()["results"]
    assert listed == {name: asked[name] for name in listed}


def test_what_is_wrong_with_a_list_is_named_and_it_is_dropped(log_in: LogIn, story: Story) -> None:
    kim = log_in(story.kim)
    told = bring(kim, workbook([story.row(Due_on="never")])).json()
    assert (told["state"], told["rows"], len(told["problems"])) == ("refused", [], 1)
    assert told["problems"][0]["place"] == "sheet Requests, row 2, column J (Due on)"
    assert act(kim, told["id"], "drop").json()["state"] == "dropped"
    assert refused(kim.post(f"{API}add/", {})) == {"file": ["No file was submitted."]}
    assert bring(kim, workbook([story.row()]), asked_for="engagement:EN-999999").status_code == 404


def test_a_list_is_for_who_brought_it_alone(log_in: LogIn, story: Story) -> None:
    theirs, kim = RequestImportFactory(), log_in(story.kim)
    assert kim.get(API).json()["results"] == []
    assert kim.get(f"{API}{theirs.public_id}/").status_code == 404
    for verb in ("apply", "drop"):
        assert act(kim, theirs.public_id, verb).status_code == 404
    assert bring(log_in(story.ana), workbook([story.row()])).status_code == 403
    assert RequestImport.objects.count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_the_lists_cost_the_same_for_any_number(
    log_in: LogIn, story: Story, count: int, django_assert_num_queries: Any
) -> None:
    RequestImportFactory.create_batch(count, requested_by=story.kim)
    kim = log_in(story.kim)
    kim.get(API)
    with django_assert_num_queries(4):
        assert len(kim.get(API).json()["results"]) == count
