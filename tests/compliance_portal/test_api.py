from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.exceptions import ValidationError

from compliance_portal.errors import api_exception
from organisation.api import Me
from organisation.models import Grant
from tests.conftest import LoggedIn, LogIn
from tests.factories import (
    GrantFactory,
    JobFactory,
    SolutionAccountFactory,
    SolutionFactory,
    TagRuleFactory,
    UserFactory,
)

PROBLEM = "application/problem+json"


def test_a_solution_is_told_with_its_accounts_rules_and_people(second_line: LoggedIn) -> None:
    grant = GrantFactory(kind=Grant.Kind.OWNER)
    place = SolutionAccountFactory(solution=grant.solution, whole=False)
    TagRuleFactory(solution=grant.solution)
    told = second_line.get(f"/api/v1/solutions/{grant.solution.public_id}/").json()
    assert told["id"] == grant.solution.public_id
    assert [(one["account"], one["whole"]) for one in told["accounts"]] == [(place.account.account_id, False)]
    assert [(one["key"], one["value"]) for one in told["tag_rules"]] == [("solution", "payments")]
    assert [(one["person"], one["kind"]) for one in told["people"]] == [(grant.person.public_id, "owner")]


def test_page_and_api_show_the_same_solutions(log_in: LogIn) -> None:
    SolutionFactory()
    mine = SolutionFactory()
    browser = log_in(first_line=True, owns=[mine])
    told = browser.get("/api/v1/solutions/").json()
    assert [one["id"] for one in told["results"]] == [mine.public_id]
    assert told["next"] is None


def test_the_next_page_is_an_address(second_line: LoggedIn) -> None:
    for name in "abc":
        SolutionFactory(name=name)
    first = second_line.get("/api/v1/solutions/?size=2").json()
    second = second_line.get(first["next"]).json()
    names = [one["name"] for one in [*first["results"], *second["results"]]]
    assert (names, second["next"]) == (["a", "b", "c"], None)


@pytest.mark.parametrize("size", ["0", "-1", "²", "9" * 5_000])
def test_a_size_that_no_page_has_is_brought_within_reach(second_line: LoggedIn, size: str) -> None:
    SolutionFactory()
    assert len(second_line.get("/api/v1/solutions/", {"size": size}).json()["results"]) == 1


def test_a_body_that_is_nested_without_end_is_refused(second_line: LoggedIn) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    refused = second_line.post("/api/v1/risks/", deep, content_type="application/json")
    assert (refused.status_code, refused["Content-Type"]) == (400, PROBLEM)
    assert refused.json()["detail"] == "The body is nested too deeply."


def test_me_says_what_i_may_do(external: LoggedIn) -> None:
    told = external.get("/api/v1/me/").json()
    assert told["line"] == "external"
    assert "finding.view" in told["may"]
    assert "solution.manage" not in told["may"]


def test_jobs_are_the_readers_own(second_line: LoggedIn) -> None:
    JobFactory()
    mine = JobFactory(requested_by=second_line.person, running=True)
    told = second_line.get("/api/v1/jobs/").json()["results"]
    assert [(one["id"], one["per_cent"]) for one in told] == [(mine.public_id, 40)]


def test_a_refusal_is_a_problem(first_line: LoggedIn) -> None:
    refused = first_line.get("/api/v1/people/")
    assert (refused.status_code, refused["Content-Type"]) == (403, PROBLEM)
    assert refused.json()["detail"].startswith("It needs one of these roles: Second line")
    missing = first_line.get("/api/v1/solutions/S-1/")
    assert (missing.status_code, missing["Content-Type"], missing.json()["title"]) == (404, PROBLEM, "Not Found")
    nowhere = first_line.get("/api/v1/nowhere/")
    assert (nowhere.status_code, nowhere["Content-Type"]) == (404, PROBLEM)
    garbled = first_line.get("/api/v1/solutions/?cursor=garbage")
    assert (garbled.status_code, garbled["Content-Type"]) == (400, PROBLEM)
    posted = first_line.post("/api/v1/me/")
    assert (posted.status_code, posted["Content-Type"]) == (405, PROBLEM)


def test_the_schema_names_every_address(first_line: LoggedIn) -> None:
    told = first_line.get("/api/v1/schema/?format=json").json()
    assert {"/api/v1/me/", "/api/v1/solutions/{public_id}/", "/api/v1/jobs/"} <= set(told["paths"])


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(("url", "queries"), [("solutions", 7), ("people", 5)])
def test_a_list_costs_the_same_for_any_number(
    second_line: LoggedIn, url: str, queries: int, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        TagRuleFactory(solution=SolutionAccountFactory(solution=GrantFactory().solution).solution)
        UserFactory()
    second_line.get(f"/api/v1/{url}/")
    with django_assert_num_queries(queries):
        second_line.get(f"/api/v1/{url}/")


def test_every_refusal_names_its_fields_in_one_form() -> None:
    nested: Any = {"title": "Too long.", "people": [{}, {"name": ["Missing."]}], "non_field_errors": ["Both ends."]}
    cases: list[tuple[Any, Any]] = [
        (nested, {"title": ["Too long."], "people.1.name": ["Missing."], "non_field_errors": ["Both ends."]}),
        (["Nothing of it."], {"non_field_errors": ["Nothing of it."]}),
        ("No.", {"non_field_errors": ["No."]}),
    ]
    for sent, told in cases:
        answer = api_exception(ValidationError(sent), {})
        assert answer is not None
        assert (answer.status_code, answer.content_type, answer.data["errors"]) == (400, PROBLEM, told)


def test_what_cannot_be_read_is_refused_as_a_problem(second_line: LoggedIn) -> None:
    comments = f"/api/v1/subjects/solution/{SolutionFactory().public_id}/comments/"
    for sent, kind, status in (("{", "application/json", 400), ("a", "text/plain", 415)):
        answer = second_line.post(comments, sent, kind)
        assert (answer.status_code, answer["Content-Type"], answer.json()["status"]) == (status, PROBLEM, status)
    wrong = second_line.get("/api/v1/me/?as_of=noon")
    assert (wrong.status_code, wrong["Content-Type"]) == (400, PROBLEM)
    strange = second_line.get("/api/v1/me/", headers={"Accept": "text/csv"})
    assert (strange.status_code, strange["Content-Type"]) == (406, PROBLEM)


def test_a_fault_is_a_problem_too(second_line: LoggedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Me, "get", lambda *said: 1 // 0)
    second_line.raise_request_exception = False
    answer = second_line.get("/api/v1/me/")
    assert (answer.status_code, answer["Content-Type"]) == (500, PROBLEM)


def test_the_schema_tells_of_refusals_and_of_tokens(first_line: LoggedIn) -> None:
    told = first_line.get("/api/v1/schema/?format=json").json()
    assert told["components"]["schemas"]["Problem"]["required"] == ["type", "title", "status", "detail"]
    assert told["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    for address, operations in told["paths"].items():
        for method, one in operations.items():
            refusal = one["responses"]["403"]["content"][PROBLEM]["schema"]
            assert refusal == {"$ref": "#/components/schemas/Problem"}, (method, address)
    accept = told["paths"]["/api/v1/exceptions/{public_id}/accept/"]["post"]
    assert {"412", "422"} <= accept["responses"].keys()
    assert {"If-Match", "Idempotency-Key"} <= {one["name"] for one in accept["parameters"]}
