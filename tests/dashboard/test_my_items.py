"""My items: what awaits a person, moved in place, taken back as one."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from audit import clock
from audit.models import TrailEntry
from desk.models import Comment, Notice
from findings.acceptances import accept
from findings.models import Check, Severity, Status
from organisation.models import Solution
from risks import excepting
from risks.models import RiskException, Triage
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.dashboard.reading_homes import noon
from tests.factories import AccountFactory, GrantFactory, SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory
from tests.factories.findings import CheckFactory, FindingFactory
from tests.factories.risks import AuthorityFactory, MatrixFactory, RiskExceptionFactory, RiskFactory
from tests.findings_pages.reading_pages import counted, title, words

pytestmark = pytest.mark.django_db
PAGE = "/my-items/"
ACCOUNT = "111122223333"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def payments() -> Solution:
    return SolutionFactory(name="Payments", accounts=[AccountFactory(account_id=ACCOUNT, name="prod-payments")])


@pytest.fixture
def owner(log_in: LogIn, payments: Solution) -> LoggedIn:
    return log_in(UserFactory(first_line=True, owns=[payments]))


def a_group(solution: Solution, key: str, failed: int = 1, **told: Any) -> Check:
    check = CheckFactory(key=key)
    FindingFactory.create_batch(failed, check_ran=check, solutions=[solution], account=ACCOUNT, **told)
    counted()
    return check


def key_of(check: Check, solution: Solution) -> str:
    return f"{check.public_id}-{ACCOUNT}-{solution.public_id}"


def names(answer: Any) -> list[str]:
    return [item.name.split()[0] for item in answer.context["page"].rows]


def test_what_awaits_me_stands_overdue_first_then_worst_first(owner: LoggedIn, payments: Solution) -> None:
    a_group(payments, "EC2.8", severity=Severity.CRITICAL, since=noon("2026-03-30"))
    a_group(payments, "S3.8", severity=Severity.MEDIUM, since=noon("2026-01-01"))
    a_group(payments, "IAM.1", severity=Severity.LOW, since=noon("2026-03-30"))
    a_group(SolutionFactory(), "KMS.1")
    FindingFactory(solutions=[payments], status=Status.PASS)
    counted()
    with at("2026-03-31"):
        ControlFactory(name="Backups", manual=True, owner=owner.person)
        page = owner.get(PAGE)
        assert title(page) == "4 items await you, 2 overdue"
        assert names(page) == ["S3.8", "Backups", "EC2.8", "IAM.1"]
        assert names(owner.get(f"{PAGE}?kind=test")) == ["Backups"]
        part = owner.get(PAGE, headers=HTMX)
        assert 'id="items"' in part.content.decode()
        assert "<h1" not in part.content.decode()


def test_a_status_said_in_place_says_who_moves_next(owner: LoggedIn, payments: Solution) -> None:
    check = a_group(payments, "S3.8", failed=2)
    address = f"{PAGE}groups/{key_of(check, payments)}/"
    row = owner.post(address, {"status": "done"}, headers=HTMX)
    assert "the next reading" in words(row)
    assert "Undo" in words(row)
    assert title(owner.get(PAGE)) == "Nothing awaits you"
    assert names(owner.get(f"{PAGE}?turn=others")) == ["S3.8"]
    triage = Triage.objects.get()
    assert (triage.status, triage.changed_by, triage.account) == ("done", owner.person, ACCOUNT)
    entry = TrailEntry.objects.get(action="triage.changed")
    assert (entry.object_id, entry.detail["changed"]) == (triage.public_id, {"status": ["to_do", "done"]})


def test_a_day_a_link_and_who_does_it_are_said_in_the_unfolded_row(owner: LoggedIn, payments: Solution) -> None:
    check, colleague = a_group(payments, "S3.8"), UserFactory(name="Wei Zhang", first_line=True, owns=[payments])
    address = f"{PAGE}groups/{key_of(check, payments)}/"
    assert "Nobody has said anything of it yet." in words(owner.get(f"{address}?open=1", headers=HTMX))
    with at("2026-03-31"):
        said = {"planned_on": "2026-04-10", "link": "https://example.org/PAY-7", "assigned_to": colleague.pk}
        row = owner.post(address, {**said, "open": "1"}, headers=HTMX)
        assert "Wei Zhang" in words(row)
        assert "planned for 10 Apr 2026" in words(row)
        triage = Triage.objects.get()
        assert (triage.planned_on, triage.link, triage.assigned_to) == (date(2026, 4, 10), said["link"], colleague)
        assert names(owner.get(f"{PAGE}?turn=others")) == ["S3.8"]
        late = owner.post(address, {"planned_on": "2026-03-01", "open": "1"}, headers=HTMX)
        assert late.status_code == 422
        assert "It lies in the past" in words(late)
        assert owner.post(address, {"status": "fixed"}, headers=HTMX).status_code == 422
        triage.refresh_from_db()
        assert (triage.planned_on, triage.status) == (date(2026, 4, 10), "to_do")


def test_a_comment_is_said_in_place_and_mentions_who_may_see_it(owner: LoggedIn, payments: Solution) -> None:
    check, colleague = a_group(payments, "S3.8"), UserFactory(name="Wei Zhang", first_line=True, owns=[payments])
    UserFactory(name="Lucia Romero", first_line=True)
    address = f"{PAGE}groups/{key_of(check, payments)}/"
    row = owner.post(address, {"comment": "@Wei Zhang can you look?", "open": "1"}, headers=HTMX)
    assert "What people say about it" in words(row)
    assert [(one.subject, one.text) for one in Comment.objects.all()] == [
        (Triage.objects.get().public_id, "@Wei Zhang can you look?")
    ]
    assert Notice.objects.filter(person=colleague, kind="mention").exists()
    refused = owner.post(address, {"comment": "@Lucia Romero?", "status": "done", "open": "1"}, headers=HTMX)
    assert refused.status_code == 422
    assert Comment.objects.count() == 1
    assert Triage.objects.get().status == "to_do", "nothing is half-saved"


def test_many_are_changed_at_once_and_taken_back_as_one(owner: LoggedIn, payments: Solution) -> None:
    checks = [a_group(payments, f"S3.{n}") for n in range(1, 4)]
    keys = [key_of(check, payments) for check in checks]
    answer = owner.post(f"{PAGE}bulk/", {"pick": keys, "status": "doing", "query": "kind=findings"}, headers=HTMX)
    assert "3 groups are changed." in words(answer)
    batch = answer.context["undo"]
    owner.post(f"{PAGE}groups/{keys[0]}/", {"status": "waiting"}, headers=HTMX)
    back = owner.post(f"{PAGE}undo/", {"batch": batch}, headers=HTMX)
    assert "2 groups are as they were. 1 was changed again since, and stays." in words(back)
    statuses = dict(Triage.objects.values_list("check_ran__key", "status"))
    assert statuses == {"S3.1": "waiting", "S3.2": "to_do", "S3.3": "to_do"}
    taken = TrailEntry.objects.filter(action="triage.taken_back")
    assert [entry.detail["changed"] for entry in taken] == [{"status": ["doing", "to_do"]}] * 2


def test_nobody_takes_back_what_another_said(owner: LoggedIn, payments: Solution, log_in: LogIn) -> None:
    check = a_group(payments, "S3.8")
    answer = owner.post(f"{PAGE}bulk/", {"pick": [key_of(check, payments)], "mine": "on"}, headers=HTMX)
    colleague = log_in(UserFactory(first_line=True, owns=[payments]))
    assert colleague.post(f"{PAGE}undo/", {"batch": answer.context["undo"]}, headers=HTMX).status_code == 404
    assert Triage.objects.get().assigned_to == owner.person


def test_what_is_not_mine_or_fails_no_more_is_not_there(owner: LoggedIn, payments: Solution) -> None:
    other = SolutionFactory()
    theirs, gone = a_group(other, "S3.8"), CheckFactory()
    for key in (key_of(theirs, other), key_of(gone, payments), "K-1-x-S-1"):
        assert owner.post(f"{PAGE}groups/{key}/", {"status": "done"}, headers=HTMX).status_code == 404
        assert owner.post(f"{PAGE}bulk/", {"pick": [key], "status": "done"}).status_code == 404
    assert not Triage.objects.exists()


def test_what_an_exception_holds_awaits_nobody(owner: LoggedIn, payments: Solution, log_in: LogIn) -> None:
    held, part = a_group(payments, "S3.8"), a_group(payments, "S3.9", failed=2)
    ends = clock.now() + timedelta(days=30)
    for finding in (held.findings.get(), part.findings.first()):
        assert finding
        accept([finding], exception="X-1", kind="acceptance", expires_at=ends)
    assert names(owner.get(PAGE)) == ["S3.9"]
    assert "2 resources fail, 1 accepted" in words(owner.get(PAGE))
    assert "nobody: an exception holds" in words(owner.get(f"{PAGE}?turn=others"))
    with at(f"{ends + timedelta(days=1):%Y-%m-%d}"):
        assert sorted(names(log_in(owner.person).get(PAGE))) == ["S3.8", "S3.9"]


def test_each_decides_from_their_own_queue(owner: LoggedIn, payments: Solution, log_in: LogIn) -> None:
    """One asks, the accountable owner accepts, the second line concurs: it awaits each in turn."""
    ben = log_in(AuthorityFactory(solution=payments).person)
    GrantFactory(person=ben.person, solution=payments)
    cleo = log_in(second_line=True)
    asked = RiskExceptionFactory(solution=payments, asked_by=owner.person, on=[a_group(payments, "S3.8")])

    def queues() -> list[bool]:
        return [asked.public_id in words(one.get(f"{PAGE}?kind=decision")) for one in (owner, ben, cleo)]

    assert queues() == [False, True, False]
    excepting.accept(asked, by=ben.person)
    assert queues() == [False, False, True]
    excepting.concur(asked, by=cleo.person)
    assert queues() == [False, False, False]


def test_a_risk_is_reviewed_and_assessed_without_leaving_the_list(owner: LoggedIn, payments: Solution) -> None:
    MatrixFactory()
    with at("2026-03-31"):
        risk = RiskFactory(title="Keys leak", solution=payments, owner=owner.person, review_on=date(2026, 3, 1))
        assert names(owner.get(f"{PAGE}?kind=risk")) == ["Keys"]
        address = f"{PAGE}risks/{risk.public_id}/"
        level = {"form": "level", "likelihood": 3, "impact": 3, "because": "Seen in the last test"}
        assert "Current level: High." in words(owner.post(address, level, headers=HTMX))
        early = owner.post(address, {"form": "review", "next_on": "2026-03-01", "because": "Looked"}, headers=HTMX)
        assert early.status_code == 422
        told = owner.post(address, {"form": "review", "next_on": "2026-06-30", "because": "Looked"}, headers=HTMX)
        assert "Reviewed; the next one is due on 30 Jun 2026." in words(told)
        note = {"form": "note", "link": "https://example.org/PAY-9", "comment": "With the vendor"}
        assert "It is saved." in words(owner.post(address, note, headers=HTMX))
    risk.refresh_from_db()
    assert (risk.current, risk.review_on, risk.link) == (2, date(2026, 6, 30), note["link"])
    assert Comment.objects.get().subject == risk.public_id


def test_an_exception_is_asked_for_in_the_row(owner: LoggedIn, payments: Solution) -> None:
    MatrixFactory()
    check = a_group(payments, "S3.8", failed=2, severity=Severity.HIGH)
    address = f"{PAGE}groups/{key_of(check, payments)}/exception/"
    assert "one more reopens it" in words(owner.get(address, headers=HTMX))
    until = f"{clock.now() + timedelta(days=60):%Y-%m-%d}"
    said = {"kind": "acceptance", "reason": "The vendor ships its fix in spring", "until": until}
    late = owner.post(address, {**said, "until": f"{clock.now() + timedelta(days=800):%Y-%m-%d}"}, headers=HTMX)
    assert late.status_code == 422
    assert "An exception lasts a year at most" in words(late)
    made = owner.post(address, said, headers=HTMX)
    asked = RiskException.objects.get()
    assert f"{asked.public_id} is asked for" in words(made)
    assert (asked.ceiling, asked.accounts, asked.level, list(asked.checks.all())) == (2, [ACCOUNT], 2, [check])


def test_the_second_line_changes_no_status(second_line: LoggedIn, payments: Solution) -> None:
    check = a_group(payments, "S3.8")
    assert title(second_line.get(PAGE)) == "Nothing awaits you"
    address = f"{PAGE}groups/{key_of(check, payments)}/"
    assert second_line.post(address, {"status": "done"}, headers=HTMX).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_for_any_number_of_items(
    owner: LoggedIn, payments: Solution, count: int, django_assert_num_queries: Any
) -> None:
    for n in range(count):
        check = a_group(payments, f"S3.{n}")
        owner.post(f"{PAGE}groups/{key_of(check, payments)}/", {"status": "doing"}, headers=HTMX)
    with django_assert_num_queries(34):
        assert len(owner.get(PAGE).context["page"].rows) == count
