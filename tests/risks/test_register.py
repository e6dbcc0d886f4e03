"""The register: what it counts and lists, how it is narrowed, sorted and paged, now and at any moment before."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from audit import clock
from organisation.models import Solution
from risks import registering, standing
from risks.models import Risk
from risks.register_rows import ORDERS
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.risks import (
    AppetiteFactory,
    AssessmentFactory,
    CategoryFactory,
    MatrixFactory,
    RiskFactory,
    TreatmentActionFactory,
    TreatmentFactory,
)
from tests.findings_pages.reading_pages import words
from tests.risks.people import World

pytestmark = pytest.mark.django_db
PAGE = "/risks/"
QUERIES = 22


def assessed(likelihood: int, impact: int, kind: str = "current", **more: Any) -> Risk:
    risk: Risk = more.pop("risk", None) or RiskFactory(**more)
    AssessmentFactory(risk=risk, likelihood=likelihood, impact=impact, kind=kind)
    standing.refresh([risk.pk])
    risk.refresh_from_db()
    return risk


def listed(browser: LoggedIn, query: str = "") -> list[str]:
    """The titles of the rows, in their order."""
    answer = browser.get(f"{PAGE}{query}")
    assert answer.status_code == 200, answer.content
    return [one["risk"].title for one in answer.context["rows"]]


def test_its_title_is_the_answer_and_each_number_a_door(second_line: LoggedIn) -> None:
    AppetiteFactory(appetite=1, tolerance=2)
    payments = SolutionFactory(name="Payments")
    assessed(4, 4, solution=payments, title="Keys leak")
    assessed(3, 3, solution=payments, title="Queues fill")
    assessed(0, 0, solution=payments, title="Logs end")
    RiskFactory(title="Elsewhere")
    page = second_line.get(f"{PAGE}?solution={payments.public_id}")
    told = words(page)
    assert "Payments: 3 open risks, 1 above tolerance , 1 above appetite" in told
    html = page.content.decode().replace("&amp;", "&")
    assert f'href="/risks/?solution={payments.public_id}&standing=above_tolerance"' in html
    assert listed(second_line, f"?solution={payments.public_id}&standing=above_tolerance") == ["Keys leak"]
    assert listed(second_line, f"?solution={payments.public_id}") == ["Keys leak", "Queues fill", "Logs end"]
    assert "4 open risks" in words(second_line.get(PAGE))


def test_a_row_says_level_standing_treatment_and_review(second_line: LoggedIn) -> None:
    AppetiteFactory(appetite=1, tolerance=2)
    with at("2026-03-31"):
        risk = assessed(4, 4, title="Keys leak", review_on=date(2026, 3, 1))
        assessed(1, 1, kind="target", risk=risk)
        TreatmentActionFactory(treatment=TreatmentFactory(risk=risk), due_on=date(2026, 3, 20))
        page = second_line.get(PAGE)
    (row,) = page.context["rows"]
    assert (row["current"]["label"], row["target"]["label"], row["inherent"]) == ("Critical", "Low", None)
    told = words(page)
    assert "Above tolerance" in told
    assert "Mitigate overdue since 20 Mar 2026" in told
    assert "overdue 1 Mar 2026" in told


def test_it_is_narrowed_by_the_address(second_line: LoggedIn) -> None:
    MatrixFactory()
    privacy, owner = CategoryFactory(name="Privacy"), UserFactory(name="Ana", first_line=True)
    assessed(3, 2, title="A", category=privacy)
    assessed(1, 1, title="B", owner=owner, cause="A vendor ends its service")
    inherent = assessed(4, 4, title="C", kind="inherent")
    RiskFactory(title="D", review_on=date(2020, 1, 1))
    shown = {
        f"category={privacy.public_id}": ["A"],
        f"owner={owner.public_id}": ["B"],
        "likelihood=3&impact=2": ["A"],
        "kind=inherent&likelihood=4&impact=4": ["C"],
        "kind=inherent&level=3": ["C"],
        "level=none": ["D", "C"],
        "level=2": ["A"],
        "standing=not_assessed": ["D", "C"],
        "review=overdue": ["D"],
        "q=vendor": ["B"],
        f"q={inherent.public_id.lower()}": ["C"],
        "likelihood=none": [],
        "kind=target&likelihood=1": [],
    }
    assert {query: listed(second_line, f"?{query}") for query in shown} == shown
    page = second_line.get(f"{PAGE}?category={privacy.public_id}&level=2")
    assert [(one["key"], one["word"], one["count"]) for one in page.context["chips"]] == [
        ("level", "High", 1),
        ("category", "Privacy", 1),
    ]
    for nonsense in (
        "standing=good",
        "category=RC-999999",
        "kind=x",
        "order=x",
        "level=9",
        "owner=P-999999",
        "cursor=x",
    ):
        assert second_line.get(f"{PAGE}?{nonsense}").status_code == 400, nonsense
    assert second_line.get(f"{PAGE}?solution=S-999999").status_code == 404


@pytest.mark.parametrize("past", [False, True])
def test_it_is_sorted_by_each_column_and_paged_without_gap(second_line: LoggedIn, past: bool) -> None:
    AppetiteFactory(appetite=1, tolerance=2)
    solution, category, owner = SolutionFactory(), CategoryFactory(), UserFactory(first_line=True)
    whose = {"solution": solution, "category": category, "owner": owner}
    for n in range(52):
        made = RiskFactory(title=f"Risk {n}", **(whose if n % 2 else {}))
        if n % 4:
            AssessmentFactory(risk=made, likelihood=n % 5, impact=n % 3)
        if n % 7 == 0:
            TreatmentActionFactory(treatment=TreatmentFactory(risk=made))
    standing.refresh()
    asked = f"&as_of={clock.now():%Y-%m-%dT%H:%M:%S}" if past else ""
    for order in (*ORDERS, *(f"-{one}" for one in ORDERS)):
        query = f"?order={order}{asked}"
        first = second_line.get(f"{PAGE}{query}")
        second = second_line.get(f"{PAGE}{query}&cursor={first.context['page'].next_cursor}")
        rows = [one["risk"].pk for one in (*first.context["rows"], *second.context["rows"])]
        assert len(first.context["rows"]) == 50
        assert sorted(rows) == sorted(Risk.objects.values_list("pk", flat=True))
        lines = second_line.get(f"/risks/register.csv{query}").content.decode("utf-8-sig").splitlines()[1:]
        assert [line.split(",")[0] for line in lines] == [f"R-{pk}" for pk in rows], order


def test_closed_ones_are_listed_where_they_are_asked_for(second_line: LoggedIn) -> None:
    MatrixFactory()
    now = clock.now()
    RiskFactory(title="Open")
    RiskFactory(title="Closed", closure_proposed_at=now, closed_at=now, closed_by=UserFactory(first_line=True))
    assert listed(second_line) == ["Open"]
    assert listed(second_line, "?state=closed") == ["Closed"]
    assert sorted(listed(second_line, "?state=all")) == ["Closed", "Open"]
    assert "1 open risk, 1 not assessed" in words(second_line.get(f"{PAGE}?state=closed"))


def test_the_reader_chooses_the_columns(second_line: LoggedIn) -> None:
    RiskFactory(title="Keys leak", link="https://tickets.example.org/1")
    page = second_line.get(f"{PAGE}?columns=owner&columns=link")
    assert page.context["columns"].shown == {"owner", "link"}
    assert "https://tickets.example.org/1" in page.content.decode()
    assert "sort" in second_line.get(PAGE).content.decode()


def test_everybody_sees_their_own(world: World, log_in: LogIn) -> None:
    RiskFactory(title="Elsewhere")
    assert listed(log_in(world.ana)) == ["Keys leak"], "she owns it, without a grant"
    assert listed(log_in(world.ben)) == ["Keys leak"]
    assert listed(log_in(world.dee)) == []
    assert sorted(listed(log_in(world.ines))) == ["Elsewhere", "Keys leak"]
    assert sorted(listed(log_in(third_line=True))) == ["Elsewhere", "Keys leak"]
    assert log_in(administrator=True).get(PAGE).status_code == 403


def test_an_empty_list_says_why_to_each_reader(log_in: LogIn) -> None:
    alone = log_in(first_line=True)
    assert "No solution is open to you yet" in words(alone.get(PAGE))
    second = log_in(second_line=True)
    assert "Add a category" in words(second.get(PAGE))
    CategoryFactory()
    GrantFactory(person=alone.person, solution=SolutionFactory())
    member = log_in(alone.person)
    assert "Add the first one" in words(member.get(PAGE))
    assert "The first line adds what may happen" in words(log_in(third_line=True).get(PAGE))
    assert "Remove a filter" in words(second.get(f"{PAGE}?q=nothing"))
    assert "Those of today were added later" in words(second.get(f"{PAGE}?as_of=2019-01-01T00:00:00"))


def test_it_is_as_it_was_at_any_moment(world: World, log_in: LogIn) -> None:
    AppetiteFactory(appetite=1, tolerance=2)
    assessed(0, 0, risk=world.risk)
    before = clock.now()
    with at("2099-01-01"):
        registering.change(world.risk, read=world.risk.version, by=world.ana, title="Keys leak twice")
        AssessmentFactory(risk=world.risk, likelihood=4, impact=4, proposed_at=clock.now())
        standing.refresh([world.risk.pk])
        RiskFactory(title="Later", added_at=clock.now())
    with at("2099-02-01"):
        ines = log_in(world.ines)
        assert listed(ines) == ["Keys leak twice", "Later"]
        page = ines.get(f"{PAGE}?as_of={before:%Y-%m-%dT%H:%M:%S}.999")
        (row,) = page.context["rows"]
        assert (row["risk"].title, row["current"]["label"], row["risk"].standing) == ("Keys leak", "Low", "within")
        asked = f"&as_of={before:%Y-%m-%dT%H:%M:%S}.999"
        assert listed(ines, f"?standing=within{asked}") == ["Keys leak"]
        assert listed(ines, f"?standing=above_tolerance{asked}") == []
        assert listed(ines, f"?likelihood=0&impact=0{asked}") == ["Keys leak"]
        assert listed(ines, f"?q=twice{asked}") == []
        assert "Add a risk" not in words(page)


@pytest.mark.parametrize("past", ["", "?as_of=2099-01-01T00:00:00"])
@pytest.mark.parametrize("count", [1, 3])
def test_it_costs_the_same_for_any_number_of_risks(
    log_in: LogIn, django_assert_max_num_queries: Any, count: int, past: str
) -> None:
    AppetiteFactory()
    for _n in range(count):
        TreatmentActionFactory(treatment=TreatmentFactory(risk=assessed(1, 1)))
    with at("2099-02-01"):
        second_line = log_in(second_line=True)
        with django_assert_max_num_queries(QUERIES):
            assert len(listed(second_line, past)) == count


def add(browser: LoggedIn, **said: Any) -> Any:
    return browser.post("/risks/add/", said)


def _said(world: World, **more: Any) -> dict[str, Any]:
    return {
        "title": "Queues fill", "cause": "Nobody empties them", "event": "They overflow",
        "consequence": "Orders are lost",
        "solution": world.payments.pk, "category": world.risk.category_id, "owner": world.ana.pk, **more,
    }  # fmt: skip


def test_the_first_line_adds_a_risk_in_its_solutions(world: World, log_in: LogIn) -> None:
    ben = log_in(world.ben)
    form = ben.get(f"/risks/add/?title=Queues+fill&solution={world.payments.public_id}&owner={world.ana.public_id}")
    assert 'value="Queues fill"' in form.content.decode()
    assert f'<option value="{world.payments.pk}" selected>' in form.content.decode()
    answer = add(ben, **_said(world))
    made = Risk.objects.latest("pk")
    assert answer.url == f"/risks/{made.public_id}/"
    assert (made.title, made.owner, made.standing) == ("Queues fill", world.ana, Risk.Standing.NOT_ASSESSED)
    refused = add(log_in(world.dee), **_said(world))
    assert refused.status_code == 422
    assert refused.context["form"].errors.keys() == {"solution"}


def test_what_is_missing_is_said_at_its_field(world: World, log_in: LogIn) -> None:
    answer = add(log_in(world.ben), **_said(world, title="", owner=""))
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"title", "owner"}
    assert Risk.objects.count() == 1


def test_the_second_line_raises_one_for_an_owner_and_the_third_none(world: World, log_in: LogIn) -> None:
    assert add(log_in(world.ines), **_said(world)).status_code == 302
    assert Risk.objects.latest("pk").added_by == world.ines.public_id
    assert add(log_in(third_line=True), **_said(world)).status_code == 403


def test_the_solution_s_page_names_its_risks(world: World, log_in: LogIn) -> None:
    assessed(4, 4, risk=world.risk)
    told = words(log_in(world.ben).get(f"/organisation/solutions/{world.payments.public_id}/"))
    assert "Keys leak R-" in told
    assert "Critical" in told
    assert "All its risks" in told


def _solution(name: str) -> Solution:
    found: Solution = SolutionFactory(name=name)
    return found


def test_the_header_s_scope_narrows_it(second_line: LoggedIn) -> None:
    payments = _solution("Payments")
    RiskFactory(title="A", solution=payments, added_at=clock.now() - timedelta(days=1))
    RiskFactory(title="B")
    assert listed(second_line, f"?solution={payments.public_id}") == ["A"]
    assert listed(second_line, "?solution=none") == []
