"""Working papers for programs: planned, frozen, drawn, asked for, tested, concluded and reviewed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from assurance.models import ControlTest, Engagement, Population, Sample
from audit.models import TrailEntry
from evidence.models import Evidence, EvidenceRequest
from tests.assurance.papers_world import TODAY, Audit, an_audit, buckets
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.assurance import ControlTestFactory, EngagementFactory, TeamMemberFactory
from tests.factories.controls import ControlFactory
from tests.factories.evidence import EvidenceFactory

pytestmark = pytest.mark.django_db
SAYS = {"method": "random", "confidence": "0.9", "tolerable": "0.1", "expected": "0"}
API = "/api/v1/control-tests/"


@pytest.fixture
def audit() -> Iterator[Audit]:
    with at(TODAY):
        yield an_audit()


def act(browser: LoggedIn, test: ControlTest, verb: str, **said: Any) -> Any:
    return browser.post(f"{API}{test.public_id}/{verb}/", said, content_type="application/json")


def refused(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 400
    told: dict[str, list[str]] = answer.json()["errors"]
    return told


def ids(browser: LoggedIn, query: str = "") -> list[str]:
    return [one["id"] for one in browser.get(f"{API}{query}").json()["results"]]


def test_a_program_tests_a_control_from_the_freeze_to_the_ledger(log_in: LogIn, audit: Audit) -> None:
    jo, ida, test = log_in(audit.jo), log_in(audit.ida), audit.test
    buckets(audit, 2)
    frozen = act(jo, test, "freeze", source="resources", against="inventory").json()
    (population,) = frozen["populations"]
    assert (frozen["state"], population["size"], population["only_there"], population["sample"]) == (
        "under_way", 2, [], None,
    )  # fmt: skip
    assert population["evidence"] == Evidence.objects.get().public_id
    assert refused(act(jo, test, "explain", words="x")) == {
        "refused": ["Nothing of its population needs to be explained."]
    }
    drawn = act(jo, test, "draw", method="all").json()["populations"][0]["sample"]
    keys = sorted(one["key"] for one in drawn["items"])
    assert (drawn["method"], drawn["size"], drawn["issued_at"], len(keys)) == ("all", 2, None, 2)

    said = {"assignee": audit.ana.public_id, "what": "Show it", "due_on": "2026-04-14"}
    issued = act(jo, test, "issue", solution=audit.payments.public_id, **said).json()["populations"][0]["sample"]
    asked = list(EvidenceRequest.objects.order_by("pk"))
    assert issued["issued_at"]
    assert [one["request"] for one in issued["items"]] == [one.public_id for one in asked]

    shows = EvidenceFactory(solution=audit.payments)
    act(jo, test, "items/1", result="no_deviation", evidence=[shows.public_id])
    why = {"note": ["Say what deviates, or what is missing."]}
    assert refused(act(jo, test, "items/2", result="missing")) == why
    told = act(jo, test, "items/2", result="missing", note="Nobody has it").json()["populations"][0]["sample"]["items"]
    assert [(one["result"], one["note"], one["evidence"], one["tested_by"]["name"]) for one in told] == [
        ("no_deviation", "", [shows.public_id], "Jo"), ("missing", "Nobody has it", [], "Jo"),
    ]  # fmt: skip

    assert refused(act(jo, test, "review"))["refused"] == ["It is not concluded: there is nothing to review."]
    act(jo, test, "conclude", conclusion="not_effective", because="One of two lacks it")
    assert act(ida, test, "return", words="Say which").json()["state"] == "under_way"
    act(jo, test, "conclude", conclusion="not_effective", because="The second of two lacks it")
    own = refused(act(jo, test, "review"))
    assert own == {"refused": ["You prepared it: somebody else on the team reviews it."]}
    reviewed = act(ida, test, "review", words="Agreed").json()
    assert (reviewed["state"], reviewed["conclusion"], reviewed["deviations"], reviewed["reviewed_by"]["name"]) == (
        "reviewed", "not_effective", 1, "Ida",
    )  # fmt: skip
    assert [(one["state"], one["by"]["name"], one["words"]) for one in reviewed["steps"]] == [
        ("under_way", "Jo", ""), ("concluded", "Jo", ""), ("under_way", "Ida", "Say which"), ("concluded", "Jo", ""),
        ("reviewed", "Ida", "Agreed"),
    ]  # fmt: skip
    assert jo.get(f"{API}{test.public_id}/").json() == reviewed
    (configuration,) = reviewed["configurations"]
    assert (configuration["begin"], configuration["sha256"]) == ("2026-01-01T12:00:00Z", reviewed["configuration"])
    assert TrailEntry.objects.filter(action="own_work.refused").count() == 1


def test_a_sample_is_computed_from_shares_and_refused_at_its_field(log_in: LogIn, audit: Audit) -> None:
    jo, test = log_in(audit.jo), audit.test
    assert refused(act(jo, test, "draw", **SAYS)) == {"refused": ["Freeze its population first."]}
    assert refused(act(jo, test, "issue", assignee="P-1", what="x", due_on="2026-04-14")) == {
        "refused": ["Draw a sample first."]
    }
    buckets(audit, 40)
    act(jo, test, "freeze", source="resources", against="inventory")
    for said, field, why in (
        ({"confidence": 1}, "confidence", "Ensure this value is less than or equal to 0.99."),
        ({"expected": "0.1"}, "expected", "test every item"),
        ({"size": 12}, "size_because", "Computed are 17: say why it is another number."),
    ):
        (words,) = refused(act(jo, test, "draw", **{**SAYS, **said}))[field]
        assert why in words
    drawn = act(jo, test, "draw", **SAYS).json()["populations"][0]["sample"]
    assert (drawn["size"], drawn["allowed"], drawn["confidence"], len(drawn["seed"])) == (17, 0, "0.9000", 32)


def test_tests_are_planned_for_controls_in_scope_once(log_in: LogIn, audit: Audit) -> None:
    jo, other = log_in(audit.jo), ControlFactory(name="Keys turn", solution=audit.payments, procedure="Look at each.")
    said = {
        "engagement": audit.engagement.public_id, "controls": [audit.control.public_id, other.public_id],
        "kinds": ["design", "operation"], "assigned_to": audit.jo.public_id,
    }  # fmt: skip
    made = jo.post(f"{API}plan/", said, content_type="application/json")
    assert made.status_code == 201
    told = [(one["control"]["name"], one["kind"], one["assigned_to"]["name"]) for one in made.json()["tests"]]
    assert told == [("Access ends", "design", "Jo"), ("Keys turn", "design", "Jo"), ("Keys turn", "operation", "Jo")]
    assert made.json()["tests"][2]["procedure"] == "Look at each."
    again = jo.post(f"{API}plan/", said, content_type="application/json")
    assert again.json() == {"tests": []}
    elsewhere = {**said, "controls": [ControlFactory(solution=SolutionFactory()).public_id]}
    assert jo.post(f"{API}plan/", elsewhere, content_type="application/json").status_code == 404
    stranger = {**said, "assigned_to": audit.kai.public_id}
    assert jo.post(f"{API}plan/", stranger, content_type="application/json").status_code == 404
    assert log_in(audit.kai).post(f"{API}plan/", said, content_type="application/json").status_code == 404
    assert log_in(audit.ana).post(f"{API}plan/", said, content_type="application/json").status_code == 403


def test_a_list_and_a_working_paper_are_brought_as_files(log_in: LogIn, audit: Audit) -> None:
    jo = log_in(audit.jo)
    test = ControlTestFactory(engagement=audit.engagement, control=ControlFactory(manual=True))
    url = f"{API}{test.public_id}/"
    assert refused(act(jo, test, "freeze", source="resources")) == {
        "source": ["People work this control, and no check sees what they do: bring a list."]
    }
    assert refused(act(jo, test, "freeze", source="imported")) == {"listed": ["Choose the file of the list."]}
    files = {name: SimpleUploadedFile(f"{name}.csv", b"Key\na\n") for name in ("listed", "other")}
    told = jo.post(f"{url}freeze/", {"source": "imported", "against": "imported", **files}).json()["populations"]
    assert [(one["source"], one["against"], one["size"]) for one in told] == [("imported", "imported", 1)]
    act(jo, test, "draw", method="all")
    shown = SimpleUploadedFile("seen.txt", b"Closed on 3 March")
    said = {"result": "no_deviation", "file": shown, "file_title": "The ticket"}
    (item,) = jo.post(f"{url}items/1/", said).json()["populations"][0]["sample"]["items"]
    paper = Evidence.objects.get(title="The ticket")
    assert (item["evidence"], paper.kind) == ([paper.public_id], "working_paper")
    assert act(jo, test, "items/2", result="no_deviation").status_code == 404
    assert act(jo, test, "evidence", evidence=[paper.public_id]).json()["evidence"] == [paper.public_id]
    assert refused(act(jo, test, "evidence")) == {"evidence": ["Choose a piece of evidence, or bring a file."]}
    of_something_else = EvidenceFactory(solution=SolutionFactory())
    assert act(jo, test, "evidence", evidence=[of_something_else.public_id]).status_code == 404


def test_an_auditor_from_outside_brings_a_working_paper_and_concludes(log_in: LogIn, audit: Audit) -> None:
    Engagement.objects.update(from_outside=True, access_until=audit.engagement.about_to + timedelta(days=30))
    eve = UserFactory(name="Eve", external=True)
    GrantFactory(person=eve, solution=audit.payments, kind="assurance")
    TeamMemberFactory(engagement=audit.engagement, person=eve)
    browser, url = log_in(eve), f"{API}{audit.test.public_id}/"
    shown = SimpleUploadedFile("seen.txt", b"Closed on 3 March")
    (paper,) = browser.post(f"{url}evidence/", {"file": shown, "file_title": "The ticket"}).json()["evidence"]
    told = act(browser, audit.test, "conclude", conclusion="effective", because="It was closed in time").json()
    assert (told["state"], told["prepared_by"]["name"], told["evidence"]) == ("concluded", "Eve", [paper])
    assert browser.get(f"/api/v1/evidence/{paper}/").json()["kind"] == "working_paper"
    assert log_in(audit.ana).get(url).status_code == 404


def test_what_was_changed_meanwhile_is_not_overwritten(log_in: LogIn, audit: Audit) -> None:
    jo, url = log_in(audit.jo), f"{API}{audit.test.public_id}/change/"
    said = {"procedure": "Look at each", "assigned_to": audit.ida.public_id, "version": 1}
    changed = jo.post(url, said, content_type="application/json").json()
    assert (changed["procedure"], changed["assigned_to"]["name"], changed["version"]) == ("Look at each", "Ida", 2)
    assert jo.post(url, said, content_type="application/json").status_code == 409
    stale = jo.post(url, {"procedure": "No"}, content_type="application/json", headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert jo.post(url, {"procedure": "Yes"}, content_type="application/json").json()["procedure"] == "Yes"


def test_who_is_not_on_the_team_finds_nothing_to_work_on(log_in: LogIn, audit: Audit) -> None:
    ControlTest.objects.update(
        state="reviewed", conclusion="effective", because="18 of 18", prepared_by=audit.jo,
        prepared_at=audit.engagement.about_to, reviewed_by=audit.ida, reviewed_at=audit.engagement.about_to,
    )  # fmt: skip
    kai, said = log_in(audit.kai), {"procedure": "x", "words": "x", "source": "checks", "method": "all"}
    assert kai.get(f"{API}{audit.test.public_id}/").status_code == 200
    for verb in ("change", "freeze", "explain", "draw", "evidence", "review", "return"):
        assert act(kai, audit.test, verb, **said).status_code == 404, verb
    closed = refused(act(log_in(audit.jo), audit.test, "change", procedure="x"))
    assert closed == {"refused": ["It is reviewed, and stays as it is."]}
    assert not Population.objects.exists()
    assert not Sample.objects.exists()


def test_the_list_is_narrowed_as_on_its_page(log_in: LogIn, audit: Audit) -> None:
    jo, mine, reviewed = log_in(audit.jo), audit.test, ControlTestFactory(engagement=EngagementFactory(), reviewed=True)
    ControlTest.objects.filter(pk=mine.pk).update(assigned_to=audit.jo)
    assert ids(jo) == [reviewed.public_id, mine.public_id]
    assert ids(jo, "?state=open") == ids(jo, "?mine=tests") == ids(jo, "?q=access ends") == [mine.public_id]
    assert ids(jo, f"?engagement={reviewed.engagement.public_id}") == ids(jo, "?conclusion=effective")
    assert jo.get(f"{API}?state=none").status_code == 400
    assert jo.get(f"{API}?engagement=EN-999999").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(
    log_in: LogIn, audit: Audit, count: int, django_assert_num_queries: Any
) -> None:
    for _n in range(count - 1):
        ControlTestFactory(engagement=audit.engagement, assigned_to=UserFactory())
    jo, of = log_in(audit.jo), f"?engagement={audit.engagement.public_id}"
    ids(jo)
    with django_assert_num_queries(5):
        assert len(ids(jo, of)) == count
