"""Audit findings for programs: written, issued, agreed and re-tested with the verbs of the pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from assurance.models import AuditFinding
from tests.assurance.people import Story, a_story
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import SolutionFactory, UserFactory
from tests.factories.assurance import AuditFindingFactory, ControlTestFactory, EngagementFactory
from tests.factories.controls import ControlFactory, RequirementFactory
from tests.factories.evidence import EvidenceFactory

pytestmark = pytest.mark.django_db
API = "/api/v1/audit-findings/"


@pytest.fixture
def story() -> Iterator[Story]:
    with at("2026-03-31"):
        yield a_story()


def post(browser: LoggedIn, path: str, **said: Any) -> Any:
    return browser.post(f"{API}{path}", said, content_type="application/json")


def write(browser: LoggedIn, story: Story, **said: Any) -> Any:
    whole = {
        "engagement": story.engagement.public_id, "title": "Leavers keep access", "rating": "high",
        "condition": "3 of 25 could log in", "criteria": "Access ends on the last day",
        "owner": story.ana.public_id, "solution": story.payments.public_id,
    }  # fmt: skip
    return post(browser, "write/", **{**whole, **said})


def refused(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 400
    told: dict[str, list[str]] = answer.json()["errors"]
    return told


def ids(browser: LoggedIn, query: str = "") -> list[str]:
    return [one["id"] for one in browser.get(f"{API}{query}").json()["results"]]


def test_a_finding_goes_from_draft_to_closed(log_in: LogIn, story: Story) -> None:
    jo, ana = log_in(story.jo), log_in(story.ana)
    paper = ControlTestFactory(engagement=story.engagement)
    written = write(jo, story, test=paper.public_id, control=paper.control.public_id)
    draft = written.json()
    assert (written.status_code, draft["state"], draft["test"], draft["control"]["id"], draft["steps"]) == (
        201, "draft", paper.public_id, paper.control.public_id, [],
    )  # fmt: skip
    one = f"{draft['id']}/"
    assert ana.get(f"{API}{one}").status_code == 404
    changed = post(jo, f"{one}change/", title="Leavers keep their access", test=None, version=1).json()
    assert changed == {**draft, "title": "Leavers keep their access", "test": None, "version": 2}
    assert post(jo, f"{one}change/", title="No", version=1).status_code == 409
    assert post(jo, f"{one}issue/").json()["state"] == "issued"
    assert refused(post(ana, f"{one}respond/", words="By script", done_by="2026-03-01")) == {
        "done_by": ["This day is over."]
    }
    post(ana, f"{one}respond/", words="By hand", done_by="2026-05-31")
    assert post(jo, f"{one}return/", words="By script").json()["state"] == "issued"
    post(ana, f"{one}respond/", words="By script", done_by="2026-05-31")
    agreed = post(jo, f"{one}agree/", done_by="2026-06-30").json()
    assert (agreed["state"], agreed["agreed_on"], agreed["response"]) == ("agreed", "2026-06-30", "By script")
    shows = EvidenceFactory(solution=story.payments)
    done = post(ana, f"{one}done/", words="It runs nightly", evidence=[shows.public_id]).json()
    assert done["steps"][-1] == {
        "state": "done", "at": "2026-03-31T12:00:00Z", "by": {"id": story.ana.public_id, "name": "Ana"},
        "words": "It runs nightly", "evidence": [shows.public_id],
    }  # fmt: skip
    assert post(jo, f"{one}reopen/", words="Not for contractors").json()["state"] == "agreed"
    post(ana, f"{one}done/", words="For contractors too")
    closed = post(jo, f"{one}close/", words="25 of 25", evidence=[shows.public_id]).json()
    assert [step["state"] for step in closed["steps"]] == [
        "issued", "responded", "issued", "responded", "agreed", "done", "agreed", "done", "closed",
    ]  # fmt: skip
    assert jo.get(f"{API}{one}").json() == closed


def test_a_draft_names_what_its_page_offers(log_in: LogIn, story: Story) -> None:
    jo, earlier = log_in(story.jo), AuditFindingFactory(title="Last year")
    names = RequirementFactory(framework=story.engagement.framework.framework)
    told = write(jo, story, requirement=names.public_id, repeats=earlier.public_id).json()
    assert (told["requirement"], told["repeats"]) == (names.public_id, earlier.public_id)
    for said in (
        {"requirement": RequirementFactory().public_id},
        {"control": ControlFactory(solution=SolutionFactory()).public_id},
        {"solution": SolutionFactory().public_id},
        {"test": ControlTestFactory().public_id},
        {"repeats": told["id"]},
        {"repeats": AuditFindingFactory(draft=True).public_id},
        {"owner": story.kai.public_id},
    ):
        assert write(jo, story, **said).status_code == 404, said
    assert AuditFinding.objects.filter(engagement=story.engagement).count() == 1


def test_only_its_team_writes_changes_and_drops_a_draft(log_in: LogIn, story: Story) -> None:
    draft = write(log_in(story.jo), story).json()["id"]
    kai, eve = log_in(story.kai), log_in(external=True)
    for browser in (kai, eve):
        assert write(browser, story).status_code == 404
        for verb in ("change", "issue", "drop"):
            assert post(browser, f"{draft}/{verb}/", words="x").status_code == 404, verb
    assert write(log_in(story.ana), story).status_code == 403
    assert post(log_in(story.jo), f"{draft}/drop/").status_code == 400
    assert post(log_in(story.jo), f"{draft}/drop/", words="Not so").json()["state"] == "dropped"


def test_what_shows_it_is_of_its_solution(log_in: LogIn, story: Story) -> None:
    found = AuditFindingFactory(
        engagement=story.engagement, solution=story.payments, owner=story.ana, state="agreed", agreed_on="2026-05-31"
    )
    elsewhere = EvidenceFactory(solution=SolutionFactory())
    answer = post(log_in(story.ana), f"{found.public_id}/done/", words="Done", evidence=[elsewhere.public_id])
    assert answer.status_code == 404
    found.refresh_from_db()
    assert found.state == "agreed"


def test_the_list_is_narrowed_as_on_its_page(log_in: LogIn, story: Story) -> None:
    jo = log_in(story.jo)
    mine = AuditFindingFactory(engagement=story.engagement, solution=story.payments, title="Keys", rating="low")
    other = AuditFindingFactory(repeats=mine)
    assert ids(jo) == [other.public_id, mine.public_id]
    assert ids(jo, "?rating=low") == ids(jo, "?mine=team") == ids(jo, "?q=keys") == [mine.public_id]
    assert ids(jo, f"?engagement={story.engagement.public_id}") == [mine.public_id]
    assert ids(jo, "?repeated=yes") == [other.public_id]
    assert jo.get(f"{API}?rating=none").status_code == 400


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(log_in: LogIn, count: int, django_assert_num_queries: Any) -> None:
    for _n in range(count):
        AuditFindingFactory(engagement=EngagementFactory(), repeats=AuditFindingFactory())
    browser = log_in(UserFactory(third_line=True))
    ids(browser)
    with django_assert_num_queries(4):
        assert len(ids(browser)) == 2 * count
