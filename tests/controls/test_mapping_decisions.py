"""The second line decides on everything that a filter matches: told before, whole, recorded, and with a way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audit.models import TrailEntry
from controls import deciding, tasks
from controls.models import Mapping, MappingDecision
from desk.models import Notice
from tests.conftest import LoggedIn, LogIn
from tests.controls.test_mapping_pages import MAPPINGS, decide, decide_on_all, shown, states
from tests.factories.controls import (
    CheckReferenceFactory,
    ControlCheckFactory,
    EditionFactory,
    FrameworkFactory,
    FrameworkVersionFactory,
    MappingDecisionFactory,
    MappingFactory,
    MappingSetFactory,
)
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db
DECIDE = f"{MAPPINGS}decide/"
DECISIONS = f"{MAPPINGS}decisions/"


def page_of(decision: MappingDecision) -> str:
    return f"{DECISIONS}{decision.public_id}/"


@pytest.fixture
def published(db: None) -> list[Mapping]:
    """A set of three proposals about two requirements, one of which has a check already; and a control's."""
    version = FrameworkVersionFactory(framework=FrameworkFactory(key="nist", name="NIST"))
    held = MappingSetFactory(framework=version.framework)
    new, known = EditionFactory(key="AC-2", version=version), EditionFactory(key="AC-3", version=version)
    MappingFactory(edition=known, approved=True, mapping_set=MappingSetFactory(framework=version.framework))
    return [MappingFactory(edition=edition, mapping_set=held) for edition in (new, new, known)]


def of(published: list[Mapping]) -> str:
    held = published[0].mapping_set
    assert held
    return f"?set={held.public_id}"


def test_the_page_tells_how_many_and_what_changes_before_anything_does(
    second_line: LoggedIn, published: list[Mapping]
) -> None:
    page = second_line.get(f"{DECIDE}{of(published)}")
    assert title(page) == "Decide on all 3 mappings that match"
    assert "Approve 3 that are proposed" in words(page)
    assert "1 requirement gets a check for the first time." in words(page)
    assert states(*published) == ["proposed"] * 3
    whole = second_line.get(DECIDE)
    assert title(whole) == "Decide on all 4 mappings that match"
    assert "1 is approved already and stays as it is." in words(whole)
    ControlCheckFactory()
    assert "1 control gets a check for the first time." in words(second_line.get(DECIDE))


def test_everything_that_matches_is_approved_as_one_recorded_decision(
    second_line: LoggedIn, published: list[Mapping]
) -> None:
    listed = second_line.get(f"{MAPPINGS}{of(published)}")
    assert f"/frameworks/mappings/decide/{of(published)}" in listed.content.decode()
    answer = decide_on_all(second_line, of(published), because="Reviewed in the forum")
    made = MappingDecision.objects.get()
    assert title(answer) == f"{made.public_id} approved 3 mappings"
    assert (made.changed, made.left, made.decided_by) == (3, 0, second_line.person)
    assert f"?set={made.asked['set']}" == of(published)
    assert states(*published) == ["approved"] * 3
    (entry,) = TrailEntry.objects.filter(action__startswith="mapping")
    assert (entry.action, entry.detail["changed"], entry.detail["because"]) == (
        "mapping_decision.approved", 3, "Reviewed in the forum",
    )  # fmt: skip
    assert set(shown(second_line.get(f"{MAPPINGS}?decision={made.public_id}"))) == set(published)
    assert made.public_id in words(second_line.get(f"{MAPPINGS}{published[0].public_id}/"))


def test_ones_own_proposals_are_left_out_and_told(log_in: LogIn, published: list[Mapping]) -> None:
    sam = log_in(second_line=True)
    Mapping.objects.filter(pk=published[0].pk).update(proposed_by=sam.person.public_id)
    page = sam.get(f"{DECIDE}{of(published)}")
    assert "Approve 2 that are proposed" in words(page)
    assert "1 that you proposed is left out: somebody else approves it." in words(page)
    assert "1 was left as it was." in words(decide_on_all(sam, of(published)))
    assert states(*published) == ["proposed", "approved", "approved"]


def test_what_a_decision_approved_is_withdrawn_as_one_act(second_line: LoggedIn, published: list[Mapping]) -> None:
    decide_on_all(second_line, of(published))
    decide(second_line, "end", published[2])
    approval = MappingDecision.objects.get()
    back = f"{page_of(approval)}reverse/"
    assert "1 requirement loses its only check." in words(second_line.get(back))
    answer = second_line.post(back, {"reason": "It was the wrong set"}, follow=True)
    reversal = MappingDecision.objects.get(reverses=approval)
    assert title(answer) == f"{reversal.public_id} ended 2 mappings"
    assert states(*published) == ["withdrawn"] * 3
    assert TrailEntry.objects.get(action="mapping_decision.reversed").detail["reverses"] == approval.public_id
    assert "It was the wrong set" in words(second_line.get(page_of(approval)))
    refused = second_line.post(back, {"reason": "Again"})
    assert (refused.status_code, MappingDecision.objects.count()) == (422, 2)


def test_everything_that_matches_is_ended_as_one_decision(second_line: LoggedIn, published: list[Mapping]) -> None:
    decide_on_all(second_line, "?framework=nist", action="end", because="Another library is used")
    assert set(Mapping.objects.values_list("state", flat=True)) == {"rejected", "withdrawn"}
    assert {row.state for row in second_line.get(f"{MAPPINGS}?state=ended").context["rows"]} == {
        "rejected", "withdrawn",
    }  # fmt: skip
    assert "Nothing that matches is open" in words(second_line.get(f"{DECIDE}?state=ended"))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"because": ""}, "This field is required."),
        ({"action": "forget"}, "forget is not one of the available choices."),
        ({"seen": "another"}, "What matches has changed since you opened this page."),
    ],
)
def test_a_decision_that_is_not_whole_changes_nothing(
    second_line: LoggedIn, published: list[Mapping], said: dict[str, Any], why: str
) -> None:
    answer = decide_on_all(second_line, of(published), **said)
    assert (answer.status_code, MappingDecision.objects.count()) == (422, 0)
    assert why in words(answer)
    assert states(*published) == ["proposed"] * 3


def test_approving_what_nobody_else_proposed_is_refused(second_line: LoggedIn, published: list[Mapping]) -> None:
    decide_on_all(second_line, of(published))
    answer = decide_on_all(second_line, of(published))
    assert "Nothing that matches is a proposal of somebody else" in words(answer)
    assert (answer.status_code, MappingDecision.objects.count()) == (422, 1)


@pytest.mark.parametrize("line", ["first_line", "third_line", "external"])
def test_the_other_lines_read_decisions_and_make_none(log_in: LogIn, published: list[Mapping], line: str) -> None:
    sam, browser = log_in(second_line=True), log_in(**{line: True})
    decide_on_all(sam, of(published))
    made = MappingDecision.objects.get()
    assert title(browser.get(DECISIONS)) == "1 decision on many mappings"
    assert "Withdraw what it approved" not in words(browser.get(page_of(made)))
    for page in (f"{DECIDE}{of(published)}", f"{page_of(made)}reverse/"):
        assert browser.post(page, {"reason": "Mine"}).status_code == 403
    assert states(*published) == ["approved"] * 3


def test_a_long_decision_is_a_job_that_can_be_left_and_found_again(
    second_line: LoggedIn,
    published: list[Mapping],
    handed_over: Callable[[], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    monkeypatch.setattr(deciding, "AT_ONCE", 2)
    with django_capture_on_commit_callbacks(execute=True):
        answer = decide_on_all(second_line, of(published))
    made = MappingDecision.objects.get()
    assert title(answer) == f"{made.public_id}: under way"
    assert "Decide on 3 mappings" in words(answer)
    assert states(*published) == ["proposed"] * 3
    (task,) = handed_over()
    assert task == ("controls.tasks.carry_out_decision", (made.pk,))
    for _ in range(2):  # a task may come twice
        tasks.carry_out_decision(made.pk)
    assert states(*published) == ["approved"] * 3
    assert title(second_line.get(page_of(made))) == f"{made.public_id} approved 3 mappings"
    assert Notice.objects.get().text == f"{made.public_id}: 3 mappings changed."
    assert TrailEntry.objects.filter(action="mapping_decision.approved").count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_pages_cost_the_same_for_any_number_of_rows(
    second_line: LoggedIn, count: int, django_assert_max_num_queries: Any
) -> None:
    version = FrameworkVersionFactory()
    mappings = [MappingFactory(edition__version=version, check_named=CheckReferenceFactory()) for _ in range(count)]
    MappingDecisionFactory.create_batch(count, chosen=[one.pk for one in mappings])
    one = MappingDecision.objects.all()[0]
    pages = ((DECISIONS, 12), (DECIDE, 18), (page_of(one), 14), (f"{MAPPINGS}{mappings[0].public_id}/", 16))
    for page, most in pages:
        second_line.get(page)
        with django_assert_max_num_queries(most):
            assert second_line.get(page).status_code == 200
