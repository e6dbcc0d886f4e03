"""Working papers: a population frozen and held against another source, a sample, results, a conclusion, a review."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import Error, connection, transaction

from assurance.drawing import digest_of, frozen
from assurance.models import ControlTest, Engagement, Population, Sample, SampleItem, TestStep
from assurance.sampling import at_random
from audit.models import TrailEntry
from controls.models import Verdict
from evidence.capturing import storage
from evidence.models import Evidence, EvidenceRequest
from findings.models import ConfigRule, CoverageSpan, Status
from organisation.models import User
from tests.assurance.papers_world import TODAY, Audit, an_audit, buckets
from tests.assurance.people import noon
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.assurance import (
    ControlTestFactory,
    SampleItemFactory,
    TeamMemberFactory,
)
from tests.factories.controls import ControlFactory
from tests.factories.evidence import EvidenceFactory
from tests.factories.findings import ResourceFactory, ScopeFactory
from tests.factories.organisation import LONG_AGO, AccountFactory, SolutionAccountFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db
SAYS = {"method": "random", "confidence": "90", "tolerable": "10", "expected": "0"}


@pytest.fixture
def audit() -> Iterator[Audit]:
    with at(TODAY):
        yield an_audit()


def act(browser: LoggedIn, test: ControlTest, verb: str, **said: Any) -> Any:
    test.refresh_from_db()
    return browser.post(f"/assurance/tests/{test.public_id}/{verb}/", {"version": test.version, **said}, follow=True)


def page(browser: LoggedIn, test: ControlTest) -> str:
    return words(browser.get(f"/assurance/tests/{test.public_id}/"))


def a_sample(browser: LoggedIn, audit: Audit, n: int = 40, **said: Any) -> Sample:
    buckets(audit, n)
    act(browser, audit.test, "freeze", source="resources", against="inventory")
    act(browser, audit.test, "draw", **{**SAYS, **said})
    return Sample.objects.get()


def test_a_control_is_tested_from_plan_to_the_ledger(log_in: LogIn, audit: Audit) -> None:
    ida, jo, ana = log_in(audit.ida), log_in(audit.jo), log_in(audit.ana)
    sample = a_sample(jo, audit)
    assert (sample.size, sample.items.count(), len(sample.seed)) == (17, 17, 32)
    assert "Test the items that are left: 17." in page(jo, audit.test)
    act(jo, audit.test, "issue", assignee=audit.ana.pk, solution=audit.payments.pk, what="Show it", due_on="2026-04-14")
    asked = EvidenceRequest.objects.order_by("pk")
    assert [one.item for one in asked] == [one.key for one in sample.items.all()]
    assert {(one.assignee, one.source_id) for one in asked} == {(audit.ana, audit.engagement.public_id)}
    shows = SimpleUploadedFile("closed.txt", b"Closed on 3 March")
    ana.post(f"/evidence/requests/{asked[0].public_id}/answer/", {"file": shows, "words": "Here", "version": 1})
    answer = Evidence.objects.get(kind="document")
    act(jo, audit.test, "items/1", result="no_deviation", note="Closed in time", evidence=[answer.pk])
    assert act(jo, audit.test, "items/2", result="missing").status_code == 422
    act(jo, audit.test, "items/2", result="missing", note="Nobody has it")
    for number in range(3, 18):
        act(jo, audit.test, f"items/{number}", result="no_deviation")
    refused = act(jo, audit.test, "conclude", conclusion="effective", because="Most were closed")
    assert "1 items deviate, and the sample was drawn to bear 0" in words(refused)
    act(jo, audit.test, "conclude", conclusion="partly_effective", because="16 of 17 were closed in time")
    assert "Somebody else than Jo reviews it." in page(ida, audit.test)
    assert "You prepared it: somebody else on the team reviews it." in words(act(jo, audit.test, "review"))
    assert title(act(ida, audit.test, "review", words="Agreed")).startswith("Access ends: ")
    audit.test.refresh_from_db()
    assert (audit.test.state, audit.test.deviations, audit.test.unobserved_hours) == ("reviewed", 1, 0.0)
    verdict = Verdict.objects.conclusions().get()
    assert (verdict.control, verdict.solution, verdict.result, verdict.said_by) == (
        audit.control, audit.payments, "partly_effective", audit.jo,
    )  # fmt: skip
    assert (verdict.period_from, verdict.period_to) == (audit.engagement.about_from, audit.engagement.about_to)
    assert [one.state for one in TestStep.objects.filter(test=audit.test)] == ["under_way", "concluded", "reviewed"]
    acts = TrailEntry.objects.about("controltest", audit.test.public_id).order_by("pk")
    assert [one.action.removeprefix("control_test.") for one in acts] == [
        "population_frozen", "sample_drawn", "sample_issued", *["item_tested"] * 17, "concluded",
        "own_work.refused", "reviewed",
    ]  # fmt: skip
    shown = words(ida.get(f"/controls/{audit.control.public_id}/"))
    assert "Tested by auditors" in shown
    assert "Partly effective" in shown


def test_tests_are_planned_for_controls_in_scope_once(log_in: LogIn, audit: Audit) -> None:
    jo = log_in(audit.jo)
    other = ControlFactory(name="Keys turn", solution=audit.payments, procedure="Look at the age of each key.")
    url = f"/assurance/{audit.engagement.public_id}/tests/plan/"
    said = {"controls": [audit.control.pk, other.pk], "kinds": ["design", "operation"], "assigned_to": audit.jo.pk}
    jo.post(url, said)
    jo.post(url, said)
    made = ControlTest.objects.order_by("control__name", "kind")
    assert [(one.control, one.kind) for one in made] == [
        (audit.control, "design"), (audit.control, "operation"), (other, "design"), (other, "operation"),
    ]  # fmt: skip
    assert made[3].procedure == "Look at the age of each key."
    outside = ControlFactory(solution=SolutionFactory())
    answer = jo.post(url, {"controls": [outside.pk], "kinds": ["design"]})
    assert (answer.status_code, "is not one of the available choices" in words(answer)) == (422, True)
    listed = jo.get(f"/assurance/{audit.engagement.public_id}/tests/?mine=tests&order=-control")
    assert re.findall(r"Keys turn|Access ends", listed.content.decode()) == ["Keys turn", "Keys turn", "Access ends"]


def test_of_a_moment_only_the_design_is_tested(log_in: LogIn, audit: Audit) -> None:
    Engagement.objects.update(about_from=noon("2026-03-30"))
    url = f"/assurance/{audit.engagement.public_id}/tests/plan/"
    answer = log_in(audit.jo).post(url, {"controls": [audit.control.pk], "kinds": ["operation"]})
    assert answer.status_code == 422


def test_what_is_frozen_is_the_list_whose_hash_stands_in_the_trail(log_in: LogIn, audit: Audit) -> None:
    found = buckets(audit, 3, failing=1)
    act(log_in(audit.jo), audit.test, "freeze", source="resources", against="inventory")
    population = Population.objects.get()
    lines = [json.loads(line) for line in _raw(population).splitlines()]
    assert [line["key"] for line in lines] == sorted(one.resource.key for one in found)
    assert sorted(line["status"] for line in lines) == ["fail", "pass", "pass"]
    assert (population.size, population.only_here, population.only_there) == (3, [], [])
    entry = TrailEntry.objects.get(action="control_test.population_frozen")
    assert entry.detail["sha256"] == hashlib.sha256(_raw(population)).hexdigest()


def _raw(population: Population) -> bytes:
    with storage().open(population.evidence.stored_as) as file:
        return bytes(file.read())


def test_results_of_the_period_say_fail_where_it_ever_failed(log_in: LogIn, audit: Audit) -> None:
    buckets(audit, 2, failing=1)
    act(log_in(audit.jo), audit.test, "freeze", source="checks", against="inventory")
    lines = frozen(Population.objects.get())
    assert sorted((line.status, line.key.startswith("F-")) for line in lines) == [("fail", True), ("pass", True)]


def test_changes_of_the_period_are_items_too(log_in: LogIn, audit: Audit) -> None:
    buckets(audit, 2)
    changed = audit.world.finding(Status.FAIL, since=noon("2026-02-10"))
    act(log_in(audit.jo), audit.test, "freeze", source="changes", against="")
    (line,) = frozen(Population.objects.get())
    assert line.key.startswith(f"{changed.public_id} 2026-02-10")
    assert line.status == "fail"


def test_a_resource_that_the_checks_do_not_see_has_to_be_explained_before_the_draw(log_in: LogIn, audit: Audit) -> None:
    jo = log_in(audit.jo)
    found = buckets(audit, 3)
    unseen = ResourceFactory(
        solutions=[audit.payments.pk],
        type=found[0].resource.type,
        in_inventory_at=noon("2026-03-30"),
        first_seen_at=LONG_AGO,
    )
    act(jo, audit.test, "freeze", source="resources", against="inventory")
    population = Population.objects.get()
    assert (population.only_here, population.only_there) == ([], [unseen.key])
    assert "0 only in the population, 1 only there" in page(jo, audit.test)
    refused = words(act(jo, audit.test, "draw", **SAYS))
    assert "Explain first where the population and what it was held against differ." in refused
    act(jo, audit.test, "explain", words="It was made after the check ran")
    assert "Nothing of its population needs to be explained." in words(act(jo, audit.test, "explain", words="No"))
    act(jo, audit.test, "draw", method="all")
    assert Sample.objects.get().size == 3


def test_accounts_that_organizations_lists_and_nothing_was_seen_in_are_named(log_in: LogIn, audit: Audit) -> None:
    buckets(audit, 2)
    audit.payments.accounts.update(valid_from=LONG_AGO)
    account = AccountFactory(account_id="999999999999", seen_at=noon("2026-03-01"), state="ACTIVE")
    SolutionAccountFactory(solution=audit.payments, account=account, valid_from=LONG_AGO)
    act(log_in(audit.jo), audit.test, "freeze", source="resources", against="organizations")
    assert "999999999999" in Population.objects.get().only_there


def test_a_list_that_is_brought_names_the_row_that_is_wrong(log_in: LogIn, audit: Audit) -> None:
    jo = log_in(audit.jo)
    for content, why in (
        (b"Name\na\n", "row 1: The first row names no column “Key”."),
        (b"Key,Label\na,A\n,B\n", "row 3, column A: This item has no key."),
        (b"Key\na\nb\na\n", "row 4, column A: a stands in row 2 already."),
        (b"Key\n", "There is nothing in it"),
    ):
        listed = SimpleUploadedFile("list.csv", content)
        answer = act(jo, audit.test, "freeze", source="imported", against="", listed=listed)
        assert (answer.status_code, why in words(answer)) == (422, True), why
    assert not Population.objects.exists()
    assert not Evidence.objects.exists()
    listed = SimpleUploadedFile("a.csv", b"Key\na\nb\n")
    other = SimpleUploadedFile("b.csv", b"Key\nb\nc\n")
    act(jo, audit.test, "freeze", source="imported", against="imported", listed=listed, other=other)
    population = Population.objects.get()
    assert (population.only_here, population.only_there, population.size) == (["a"], ["c"], 2)
    assert population.against_evidence is not None


def test_an_automated_control_is_tested_once_in_each_configuration(log_in: LogIn, audit: Audit) -> None:
    jo = log_in(audit.jo)
    scope = ScopeFactory(source="config", account=audit.world.scope.account, region="eu-west-1")
    audit.world.finding(rule_name="access-rule")
    told = {"scope": scope, "name": "access-rule"}
    changed = noon("2026-02-01")
    ConfigRule.objects.create(
        **told, parameters={"days": "90"}, valid_from=LONG_AGO, recorded_at=LONG_AGO, valid_to=changed,
        end_recorded_at=changed,
    )  # fmt: skip
    ConfigRule.objects.create(**told, parameters={"days": "30"}, valid_from=changed, recorded_at=changed)
    shown = page(jo, audit.test)
    assert "Configurations in the period 2" in shown
    assert "changed: " in shown
    act(jo, audit.test, "freeze", source="configs", against="")
    act(jo, audit.test, "explain", words="The list is the history of the control itself")
    act(jo, audit.test, "draw", method="all")
    items = list(SampleItem.objects.all())
    assert [one.label.partition(": ")[0] for one in items] == [
        "From 2026-01-01 12:00 UTC", "From 2026-02-01 12:00 UTC",
    ]  # fmt: skip
    audit.test.refresh_from_db()
    assert re.fullmatch("[0-9a-f]{64}", audit.test.configuration)


def test_a_control_that_people_work_has_no_configuration(log_in: LogIn, audit: Audit) -> None:
    manual = ControlTestFactory(engagement=audit.engagement, control=ControlFactory(manual=True))
    answer = act(log_in(audit.jo), manual, "freeze", source="configs", against="")
    assert answer.status_code == 422
    assert not Population.objects.exists()


def test_anybody_draws_the_same_sample_from_the_file_and_the_seed(log_in: LogIn, audit: Audit) -> None:
    sample = a_sample(log_in(audit.jo), audit)
    lines = frozen(sample.population)
    again = [lines[place] for place in at_random([line.key for line in lines], sample.size, sample.seed)]
    assert [one.key for one in sample.items.all()] == [line.key for line in again]
    entry = TrailEntry.objects.get(action="control_test.sample_drawn")
    assert entry.detail["items_sha256"] == digest_of(again)
    assert sample.seed not in json.dumps(list(TrailEntry.objects.values_list("detail", flat=True)))


@pytest.mark.parametrize(
    ("said", "field", "why"),
    [
        ({"confidence": ""}, "confidence", "Say how sure it has to be."),
        ({"expected": "10"}, "expected", "test every item"),
        ({"method": "stratified"}, "strata", "Say by what it is divided."),
        ({"size": "12"}, "size_because", "Computed are 17: say why it is another number."),
        ({"size": "41"}, "size", "The population has 40 items."),
        ({"tolerable": "101"}, "tolerable", "less than or equal to 100"),
    ],
)
def test_a_draw_that_shows_nothing_is_refused_at_its_field(
    log_in: LogIn, audit: Audit, said: dict[str, str], field: str, why: str
) -> None:
    jo = log_in(audit.jo)
    buckets(audit, 40)
    act(jo, audit.test, "freeze", source="resources", against="inventory")
    answer = act(jo, audit.test, "draw", **{**SAYS, **said})
    assert answer.status_code == 422
    assert why in words(answer)
    assert field in answer.context["form"].errors
    assert not Sample.objects.exists()


def test_a_population_is_drawn_from_once(log_in: LogIn, audit: Audit) -> None:
    jo = log_in(audit.jo)
    first = a_sample(jo, audit)
    assert "drawn already" in words(act(jo, audit.test, "draw", **SAYS))
    act(jo, audit.test, "freeze", source="resources", against="inventory")
    act(jo, audit.test, "draw", method="systematic", confidence="95", tolerable="10", expected="0")
    later = Sample.objects.exclude(pk=first.pk).get()
    assert (later.size, later.method) == (21, "systematic")
    assert "Frozen before it" in page(jo, audit.test)


def test_a_file_of_a_population_that_was_changed_is_not_drawn_from(log_in: LogIn, audit: Audit) -> None:
    jo = log_in(audit.jo)
    buckets(audit, 3)
    act(jo, audit.test, "freeze", source="resources", against="inventory")
    kept = Population.objects.get().evidence
    with storage().open(kept.stored_as) as file:
        raw = file.read()
    path = storage().path(kept.stored_as)
    with open(path, "wb") as file:
        file.write(raw[:-2])
    answer = act(jo, audit.test, "draw", **SAYS)
    assert "is not the one that was frozen: its hash differs" in words(answer)
    assert not Sample.objects.exists()


@pytest.mark.parametrize("line", ["first_line", "second_line", "third_line", "external", "administrator"])
def test_a_sample_and_its_papers_are_the_teams_alone_until_review(log_in: LogIn, audit: Audit, line: str) -> None:
    a_sample(log_in(audit.jo), audit)
    person = UserFactory(**{line: True})
    GrantFactory(person=person, solution=audit.payments)
    browser = log_in(person)
    refused = {403} if line == "administrator" else {404}
    paper = Evidence.objects.get(kind="working_paper")
    for url in (f"/assurance/tests/{audit.test.public_id}/", f"/evidence/{paper.public_id}/"):
        assert browser.get(url).status_code in refused
    assert browser.get(f"/evidence/{paper.public_id}/file/").status_code in refused
    assert browser.post(f"/assurance/tests/{audit.test.public_id}/draw/", SAYS).status_code in {403, 404}
    for url in ("/evidence/", f"/assurance/{audit.engagement.public_id}/tests/"):
        assert paper.public_id not in browser.get(url).content.decode()
        assert "Access ends" not in browser.get(url).content.decode()
    assert log_in(audit.jo).get(f"/evidence/{paper.public_id}/").status_code == 200


def test_an_auditor_from_outside_on_the_team_reads_its_papers(log_in: LogIn, audit: Audit) -> None:
    Engagement.objects.update(from_outside=True, access_until=noon("2026-05-01"))
    eve = UserFactory(name="Eve", external=True)
    GrantFactory(person=eve, solution=audit.payments, kind="assurance")
    TeamMemberFactory(engagement=audit.engagement, person=eve)
    a_sample(log_in(eve), audit)
    paper = Evidence.objects.get(kind="working_paper")
    answer = log_in(eve).get(f"/evidence/{paper.public_id}/file/")
    assert hashlib.sha256(answer.getvalue()).hexdigest() == paper.sha256


def test_auditors_from_outside_conclude_and_review_and_it_goes_on_the_ledger(log_in: LogIn, audit: Audit) -> None:
    Engagement.objects.update(from_outside=True, access_until=noon("2026-05-01"))
    eve, fay = (UserFactory(name=name, external=True) for name in ("Eve", "Fay"))
    for person, part in ((eve, "auditor"), (fay, "lead")):
        GrantFactory(person=person, solution=audit.payments, kind="assurance")
        TeamMemberFactory(engagement=audit.engagement, person=person, part=part)
    a_sample(log_in(eve), audit, 1, method="all")
    act(log_in(eve), audit.test, "items/1", result="no_deviation")
    act(log_in(eve), audit.test, "conclude", conclusion="effective", because="1 of 1")
    act(log_in(fay), audit.test, "review")
    verdict = Verdict.objects.conclusions().get()
    assert (verdict.said_by, verdict.result, verdict.source_id) == (eve, "effective", audit.test.public_id)


def test_what_is_reviewed_is_read_by_who_oversees(log_in: LogIn, audit: Audit) -> None:
    ControlTest.objects.update(
        state="reviewed", conclusion="effective", because="18 of 18", prepared_by=audit.jo, prepared_at=noon(TODAY),
        reviewed_by=audit.ida, reviewed_at=noon(TODAY),
    )  # fmt: skip
    TestStep.objects.create(test=audit.test, state="reviewed", by=audit.ida, at=noon(TODAY))
    second = log_in(second_line=True)
    assert "18 of 18" in page(second, audit.test)
    assert "Access ends" in words(second.get(f"/assurance/{audit.engagement.public_id}/tests/"))
    before = second.get(f"/assurance/tests/{audit.test.public_id}/?as_of=2026-03-20")
    assert before.status_code == 404


def test_a_reviewer_sends_it_back_with_what_it_lacks(log_in: LogIn, audit: Audit) -> None:
    jo, ida = log_in(audit.jo), log_in(audit.ida)
    shows = EvidenceFactory(solution=audit.payments, title="The script")
    act(jo, audit.test, "evidence", evidence=[shows.pk])
    act(jo, audit.test, "conclude", conclusion="effective", because="The script runs")
    assert act(ida, audit.test, "return", words="").status_code == 422
    act(ida, audit.test, "return", words="Show that it ran in February")
    audit.test.refresh_from_db()
    assert (audit.test.state, audit.test.conclusion, audit.test.prepared_by) == ("under_way", "", None)
    assert "Show that it ran in February" in page(jo, audit.test)
    assert not Verdict.objects.exists()


def test_nothing_is_concluded_from_nothing(log_in: LogIn, audit: Audit) -> None:
    jo = log_in(audit.jo)
    answer = act(jo, audit.test, "conclude", conclusion="effective", because="I think so")
    assert "Nothing was tested: draw a sample, or attach the evidence that it rests on." in words(answer)
    act(jo, audit.test, "conclude", conclusion="not_concluded", because="Nobody could be asked")
    act(log_in(audit.ida), audit.test, "review")
    assert not Verdict.objects.exists()


def test_before_the_period_is_over_nothing_is_concluded(log_in: LogIn, audit: Audit) -> None:
    Engagement.objects.update(about_to=noon("2026-06-30"))
    answer = act(log_in(audit.jo), audit.test, "conclude", conclusion="effective", because="x")
    assert "The audited period is not over yet" in words(answer)


def test_hours_that_nobody_observed_stand_in_the_conclusion(log_in: LogIn, audit: Audit) -> None:
    jo = log_in(audit.jo)
    begun = noon("2026-03-01")
    CoverageSpan.objects.update(valid_to=begun, end_recorded_at=begun)
    CoverageSpan.objects.create(
        scope=audit.world.scope, state="fresh", valid_from=begun + timedelta(hours=36), recorded_at=begun
    )
    a_sample(jo, audit, 1, method="all")
    act(jo, audit.test, "items/1", result="no_deviation")
    act(jo, audit.test, "conclude", conclusion="effective", because="1 of 1")
    audit.test.refresh_from_db()
    assert audit.test.unobserved_hours == 36.0
    assert "36" in page(jo, audit.test)


@pytest.mark.parametrize("who", ["kai", "undeclared", "owner"])
def test_nobody_works_on_it_who_is_not_independent_and_on_the_team(log_in: LogIn, audit: Audit, who: str) -> None:
    person: User = audit.kai
    if who == "undeclared":
        TeamMemberFactory(engagement=audit.engagement, person=person, undeclared=True)
    if who == "owner":
        TeamMemberFactory(engagement=audit.engagement, person=person)
        GrantFactory(person=person, solution=audit.payments, kind="owner")
    buckets(audit, 1)
    answer = act(log_in(person), audit.test, "freeze", source="resources", against="inventory")
    why = {"kai": "", "undeclared": "Declare on the engagement's page", "owner": "Nobody audits what they answer for"}
    assert answer.status_code == (404 if who == "kai" else 200)
    assert why[who] in words(answer)
    assert not Population.objects.exists()


def test_what_was_drawn_stays_drawn_even_in_the_database(log_in: LogIn, audit: Audit) -> None:
    item = SampleItemFactory()
    for change in ({"key": "another"}, {"number": 99}, {"label": "another"}):
        with pytest.raises(Error, match="nothing takes the place"), transaction.atomic():
            SampleItem.objects.filter(pk=item.pk).update(**change)
    with pytest.raises(Error, match=r"decided|append"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE assurance_population SET size = 1")
    with pytest.raises(Error), transaction.atomic():
        SampleItem.objects.filter(pk=item.pk).delete()


def test_papers_are_locked_at_close(log_in: LogIn, audit: Audit) -> None:
    jo = log_in(audit.jo)
    a_sample(jo, audit, 3, method="all")
    Engagement.objects.update(state="closed", closed_at=noon(TODAY), closed_by=audit.ida)
    answer = act(jo, audit.test, "items/1", result="no_deviation")
    assert "is closed: its papers are locked" in words(answer)
    with pytest.raises(Error, match="papers of a closed engagement are locked"), transaction.atomic():
        SampleItem.objects.update(note="later")


@pytest.mark.parametrize("n", [1, 3])
def test_pages_ask_as_often_for_one_as_for_three(
    log_in: LogIn, audit: Audit, n: int, django_assert_num_queries: Any
) -> None:
    jo = log_in(audit.jo)
    for _ in range(n - 1):
        ControlTestFactory(engagement=audit.engagement)
    a_sample(jo, audit, n, method="all")
    jo.get(f"/assurance/tests/{audit.test.public_id}/")
    with django_assert_num_queries(27):
        jo.get(f"/assurance/tests/{audit.test.public_id}/")
    with django_assert_num_queries(12):
        jo.get(f"/assurance/{audit.engagement.public_id}/tests/")
