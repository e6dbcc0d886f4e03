"""People propose mappings, say how and why, and change them; somebody else decides, and what was stays readable."""

from __future__ import annotations

import re
from typing import Any

import pytest

from audit.models import TrailEntry
from controls.models import CheckReference, Mapping
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.controls.test_mapping_pages import MAPPINGS, decide, decide_on_all, moment, shown, states
from tests.factories import SolutionFactory
from tests.factories.controls import (
    CheckReferenceFactory,
    ControlFactory,
    EditionFactory,
    FrameworkVersionFactory,
    MappingFactory,
    RequirementFactory,
)
from tests.factories.findings import CheckFactory, FindingFactory
from tests.findings_pages.reading_pages import counted, title, words

pytestmark = pytest.mark.django_db
PAGE = f"{MAPPINGS}propose/"
ENDS = f"{PAGE}ends/"


def propose(browser: LoggedIn, one: str, two: str, **said: str) -> Any:
    how = {"relation": "equal", "rationale": "The check asks just this.", **said}
    return browser.post(PAGE, {"one": one, "two": two, **how}, follow=True)


def page_of(mapping: Mapping) -> str:
    return f"{MAPPINGS}{mapping.public_id}/"


def errors(answer: Any) -> list[str]:
    """What stands at the fields of a refused form."""
    return [
        words_of(one) for one in re.findall(r'class="(?:field-error|form-errors)".*?</div>', answer.content.decode())
    ]


def words_of(markup: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>|^class[^>]+>", " ", markup)).strip()


def test_a_check_is_proposed_for_a_requirement_and_awaits_somebody_else(first_line: LoggedIn, log_in: LogIn) -> None:
    edition, check = EditionFactory(key="AC-3"), CheckReferenceFactory(key="S3.8", source="security_hub")
    answer = propose(first_line, edition.public_id, "security_hub:S3.8", rationale="S3.8 is just this.")
    made = Mapping.objects.get()
    assert title(answer) == "S3.8 and AC-3: equal, proposed"
    assert (made.requirement, made.check_named, made.relation, made.rationale, made.proposed_by) == (
        edition.requirement, check, "equal", "S3.8 is just this.", first_line.person.public_id,
    )  # fmt: skip
    assert "No approved mapping shows AC-3: this would be the first." in words(answer)
    entry = TrailEntry.objects.get(action="mapping.proposed")
    assert (entry.object_id, entry.detail["because"]) == (made.public_id, "S3.8 is just this.")
    sam = log_in(second_line=True)
    said = sam.post(f"{page_of(made)}decide/", {"action": "approve", "because": "Agreed"}, follow=True)
    assert title(said) == "S3.8 and AC-3: equal, approved"
    assert "It is the only approved mapping of AC-3" in words(said)


@pytest.mark.parametrize("first", [True, False])
def test_the_ends_are_put_in_either_order(second_line: LoggedIn, first: bool) -> None:
    control, check = ControlFactory(), CheckFactory(source="config", config_rule="S3_PUBLIC", key="S3_PUBLIC")
    ends = [control.public_id, check.public_id]
    propose(second_line, *(ends if first else ends[::-1]), relation="subset")
    made = Mapping.objects.get()
    assert (made.pair, made.control, made.relation) == ("control_check", control, "subset")
    assert made.check_named == CheckReference.objects.get(source="config", key="S3_PUBLIC")


def test_of_two_frameworks_the_second_requirement_shows_the_first(second_line: LoggedIn) -> None:
    asks, shows = EditionFactory(key="AC-3"), EditionFactory(key="A.8.3")
    answer = propose(second_line, asks.public_id, shows.public_id, relation="intersects")
    made = Mapping.objects.get()
    assert (made.requirement, made.other) == (asks.requirement, shows.requirement)
    assert title(answer) == "A.8.3 and AC-3: intersects, proposed"
    assert "Between two frameworks nothing is carried over." in words(answer)


def refusal(name: str) -> tuple[str, str, str]:
    """The ends of a mapping that is refused, and why."""
    version = FrameworkVersionFactory(framework__name="NZISM")
    edition = EditionFactory(key="AC-3", version=version)
    if name == "same":
        mapping = MappingFactory(edition=edition, check_named=CheckReferenceFactory(key="ONE"), approved=True)
        why = f"{mapping.public_id} joins them already (Intersects, Approved; {mapping.mapping_set}): its type can be"
        return edition.public_id, "config:ONE", why
    if name == "not current":
        gone = RequirementFactory(framework=version.framework, key="999")
        CheckReferenceFactory(key="ONE")
        return gone.public_id, "config:ONE", "The current version of NZISM has no 999."
    if name == "one framework":
        return edition.public_id, EditionFactory(version=version).public_id, "Both are of one framework"
    if name == "retired":
        retired = ControlFactory(retired_at=moment("2026-01-01"), retired_by="test", retired_because="No longer done")
        return edition.public_id, retired.public_id, f"{retired.public_id} is retired"
    if name == "two controls":
        return ControlFactory().public_id, ControlFactory().public_id, "Two controls are not mapped to each other"
    if name == "hidden":
        theirs = ControlFactory(solution=SolutionFactory())
        return edition.public_id, theirs.public_id, f"There is no {theirs.public_id}, or you may not see it"
    return edition.public_id, "", "Find what the mapping joins and choose it."


@pytest.mark.parametrize(
    "name", ["same", "not current", "one framework", "retired", "two controls", "hidden", "nothing chosen"]
)
def test_what_cannot_be_joined_is_refused_at_its_field_with_the_reason(first_line: LoggedIn, name: str) -> None:
    one, two, why = refusal(name)
    before = Mapping.objects.count()
    answer = propose(first_line, one, two, rationale="My reasons")
    assert answer.status_code == 422
    assert len(errors(answer)) == 1
    assert why in errors(answer)[0]
    assert "My reasons" in words(answer)
    assert Mapping.objects.count() == before


def test_a_proposal_says_how_and_why(first_line: LoggedIn) -> None:
    edition, check = EditionFactory(), CheckReferenceFactory()
    answer = propose(first_line, edition.public_id, f"config:{check.key}", relation="", rationale=" ")
    assert (answer.status_code, len(errors(answer)), Mapping.objects.count()) == (422, 2, 0)


@pytest.mark.parametrize("line", ["third_line", "external", "administrator"])
def test_the_other_lines_propose_nothing(log_in: LogIn, line: str) -> None:
    browser = log_in(**{line: True})
    assert browser.get(PAGE).status_code == 403
    assert propose(browser, "RQ-1", "K-1").status_code == 403


def test_an_address_fills_the_ends_in(first_line: LoggedIn) -> None:
    edition, check = EditionFactory(key="AC-3"), CheckFactory(key="S3.8", source="security_hub", title="Block access")
    answer = first_line.get(f"{PAGE}?check={check.public_id}&requirement={edition.public_id}")
    chosen = [place["chosen"].name for place in answer.context["places"]]
    assert chosen == ["AC-3", "S3.8"]
    assert errors(answer) == []
    assert CheckReference.objects.count() == 0
    assert "There is no RQ-999999" in words(first_line.get(f"{PAGE}?requirement=RQ-999999"))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("AC-3", ["AC-3"]),
        ("nzism privileged", ["AC-3", "AC-4"]),
        ("s3.8", ["S3.8"]),
        ("block public", ["S3.8"]),
        ("closed", ["Storage is closed"]),
        ("nothing of the kind", []),
    ],
)
def test_ends_are_found_by_id_number_and_words(first_line: LoggedIn, asked: str, expected: list[str]) -> None:
    version = FrameworkVersionFactory(framework__name="NZISM")
    for key in ("AC-3", "AC-4"):
        EditionFactory(key=key, version=version)
    CheckReferenceFactory(key="S3.8", source="security_hub")
    CheckFactory(key="S3.8", source="security_hub", title="S3 should block public access")
    control = ControlFactory(name="Storage is closed")
    found = first_line.get(f"{ENDS}?place=two&two_words={asked}").context["place"]["found"]
    assert [one.name for one in found] == expected
    beside = first_line.get(f"{ENDS}?place=two&two_words={asked}&one={control.public_id}").context["place"]["found"]
    assert not [one for one in beside if one.kind == "control"]


def test_without_a_script_find_answers_with_the_whole_page_and_loses_nothing(first_line: LoggedIn) -> None:
    edition = EditionFactory(key="AC-3")
    CheckReferenceFactory(key="S3.8", source="security_hub")
    written = {
        "one": edition.public_id,
        "two_words": "S3",
        "find": "two",
        "rationale": "My reasons",
        "relation": "equal",
    }
    answer = first_line.post(PAGE, written)
    assert (answer.status_code, errors(answer), Mapping.objects.count()) == (200, [], 0)
    part = first_line.get(f"{ENDS}?place=two&two_words=S3&one={edition.public_id}")
    assert part.content.decode().strip() in answer.content.decode()
    assert 'value="security_hub:S3.8"' in answer.content.decode()
    assert "My reasons" in words(answer)


def test_only_who_proposed_it_takes_it_back_and_only_until_it_is_decided(log_in: LogIn) -> None:
    ana, wei, sam = log_in(first_line=True), log_in(first_line=True), log_in(second_line=True)
    edition, check = EditionFactory(), CheckReferenceFactory()
    propose(ana, edition.public_id, f"config:{check.key}")
    made = Mapping.objects.get()
    back = f"{page_of(made)}take-back/"
    assert wei.post(back, {"reason": "Not so"}).status_code == 422
    ana.post(back, {"reason": "It shows less than I thought"})
    made.refresh_from_db()
    assert (made.state, made.ended_by, made.ended_because) == (
        "withdrawn", ana.person.public_id, "It shows less than I thought",
    )  # fmt: skip
    propose(ana, edition.public_id, f"config:{check.key}")
    again = Mapping.objects.open().get()
    decide(sam, "approve", again)
    assert ana.post(f"{page_of(again)}take-back/", {"reason": "Too late"}).status_code == 422
    assert states(again) == ["approved"]


def test_another_type_ends_the_mapping_and_proposes_one_in_its_place(log_in: LogIn) -> None:
    sam, other = log_in(second_line=True), log_in(second_line=True)
    with at("2026-03-01"):
        was = MappingFactory(approved=True)
    with at("2026-03-05"):
        sam.post(f"{page_of(was)}change/", {"relation": "subset", "rationale": "It shows only buckets"})
        now = Mapping.objects.get(replaces=was)
        assert states(was, now) == ["withdrawn", "proposed"]
        assert (now.relation, now.stated_relation, now.mapping_set) == ("subset", "intersects", was.mapping_set)
        assert "replaced: It shows only buckets" not in words(sam.get(page_of(was)))
        assert "Replaced: It shows only buckets" in words(sam.get(page_of(was)))
        assert "Took the place of" in words(sam.get(page_of(now)))
        decide(sam, "approve", now)
        assert states(now) == ["proposed"]
        decide(other, "approve", now)
        assert states(now) == ["approved"]
    with at("2026-03-10"):
        assert "Intersects" in words(sam.get(f"{page_of(was)}?as_of=2026-03-03"))
        assert "approved" in title(sam.get(f"{page_of(was)}?as_of=2026-03-03"))
        assert sam.get(f"{page_of(now)}?as_of=2026-03-03").status_code == 404
    refused = sam.post(f"{page_of(was)}change/", {"relation": "equal", "rationale": "Once more"})
    assert "It is no longer in force" in errors(refused)[0]
    same = sam.post(f"{page_of(now)}change/", {"relation": now.relation, "rationale": now.rationale})
    assert "This is what it says already" in errors(same)[0]


def test_who_approves_may_state_the_type_and_what_is_published_stays_beside(second_line: LoggedIn) -> None:
    with at("2026-03-01"):
        mapping = MappingFactory(proposed_at=moment("2026-03-01"))
    with at("2026-03-05"):
        answer = decide_on_all(second_line, f"?set={mapping.mapping_set.public_id}", relation="equal")
        mapping.refresh_from_db()
        assert (mapping.relation, mapping.stated_relation) == ("equal", "intersects")
        assert "Approved, as equal" in words(answer)
        assert "published: Intersects" in words(second_line.get(MAPPINGS))
    with at("2026-03-10"):
        (then,) = second_line.get(f"{MAPPINGS}?as_of=2026-03-03").context["rows"]
        assert (then.mapping, then.relation, then.state) == (mapping, "intersects", "proposed")
        assert shown(second_line.get(f"{MAPPINGS}?relation=equal")) == [mapping]


def test_a_mapping_tells_every_state_with_who_when_and_why(log_in: LogIn) -> None:
    ana, sam, tui = log_in(first_line=True), log_in(second_line=True), log_in(third_line=True)
    edition, check = EditionFactory(), CheckReferenceFactory()
    propose(ana, edition.public_id, f"config:{check.key}", rationale="It asks the same")
    made = Mapping.objects.get()
    decide(sam, "approve", made, because="Agreed in March")
    decide(sam, "end", made, because="The rule has changed")
    events = tui.get(page_of(made)).context["events"]
    assert [(one.state, one.who, one.because) for one in events] == [
        ("withdrawn", sam.person.name, "The rule has changed"),
        ("approved", sam.person.name, "Agreed in March"),
        ("proposed", ana.person.name, "It asks the same"),
    ]
    assert tui.get(page_of(made)).context["ends"] is False


def test_a_mapping_tells_what_it_does_to_the_figures(second_line: LoggedIn) -> None:
    edition = EditionFactory(key="AC-3")
    failing, passing = (
        MappingFactory(edition=edition, approved=True, relation="equal", check_named__key=key) for key in ("ONE", "TWO")
    )
    for mapping, status in ((failing, "fail"), (passing, "pass")):
        assert mapping.check_named
        key = mapping.check_named.key
        FindingFactory(check_ran=CheckFactory(source="config", key=key, config_rule=key), status=status)
    counted()
    said = second_line.get(page_of(failing))
    assert (said.context["effect"].now, said.context["effect"].without) == ("partly_failing", "passing")
    assert "With it AC-3 is Partly failing Without it Passing" in words(said)
    told = second_line.get(f"/api/v1/mappings/{failing.public_id}/").json()
    assert told["effect"] == {"now": "partly_failing", "without": "passing"}
    ended = MappingFactory(edition=edition)
    assert second_line.get(page_of(ended)).context["effect"] is None
