"""One piece of evidence: who may read what of it, its file, and the chain of its custody."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.core.files.base import ContentFile

from desk.models import Notice
from evidence import changing, holding
from evidence.capturing import storage
from tests.clock import at
from tests.conftest import LogIn
from tests.evidence import files
from tests.evidence.people import World, a_world, added, chain
from tests.factories.controls import ControlFactory
from tests.factories.evidence import EvidenceFactory, SnapshotFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return a_world()


def test_the_page_says_what_it_is_where_it_comes_from_and_what_it_shows(world: World, log_in: LogIn) -> None:
    with at("2026-04-01"):
        found = added(world, note="Everybody with access")
        answer = log_in(world.cleo).get(f"/evidence/{found.public_id}/")
    told = words(answer)
    assert title(answer) == "Access review: fresh"
    for said in (
        "Everybody with access", "brought by Ana", "review.pdf", "application/pdf", found.sha256, "Payments",
        "Access is reviewed", "until 2 Jul 2026", "Kept until 1 Apr 2033",
    ):  # fmt: skip
        assert said in told


def test_what_the_portal_captured_says_the_call_the_account_and_the_caller(world: World, log_in: LogIn) -> None:
    found = SnapshotFactory(
        evidence__source_api="config:GetComplianceDetailsByConfigRule",
        evidence__source_account="111122223333",
        evidence__source_arn="arn:aws:sts::111122223333:assumed-role/portal/x",
        evidence__source_run="J-7",
    ).evidence
    told = words(log_in(world.theo).get(f"/evidence/{found.public_id}/"))
    for said in (
        "by the portal itself", "config:GetComplianceDetailsByConfigRule", "in account 111122223333",
        "assumed-role/portal/x", "J-7", "10 pairs of check and resource: 9 pass, 1 fail",
    ):  # fmt: skip
        assert said in told


def test_stale_is_said_as_not_assessed_and_never_as_failed(world: World, log_in: LogIn) -> None:
    with at("2026-01-01"):
        found = added(world)
    with at("2026-06-01"):
        answer = log_in(world.cleo).get(f"/evidence/{found.public_id}/")
    assert title(answer) == "Access review: stale"
    assert "since 3 Apr 2026" in words(answer)
    assert "fail" not in words(answer)


@pytest.mark.parametrize(
    ("confidentiality", "readers"),
    [
        ("internal", {"Ana", "Cleo", "Ines", "Theo", "Eva"}),
        ("confidential", {"Ana", "Cleo", "Ines", "Theo"}),
        ("restricted", {"Ana", "Ines", "Theo"}),
    ],
)
def test_each_confidentiality_has_its_readers(
    world: World, log_in: LogIn, confidentiality: str, readers: set[str]
) -> None:
    found = added(world, confidentiality=confidentiality)
    people = (world.ana, world.cleo, world.dee, world.ines, world.theo, world.eva)
    for address in (f"/evidence/{found.public_id}/", f"/evidence/{found.public_id}/file/"):
        answers = {one.name: log_in(one).get(address) for one in people}
        for answer in answers.values():
            b"".join(answer)
        assert {name for name, answer in answers.items() if answer.status_code == 200} == readers
        assert {answer.status_code for answer in answers.values()} == {200, 404}


def test_a_reader_of_the_past_sees_what_was_there_then(world: World, log_in: LogIn) -> None:
    with at("2026-04-10"):
        found = added(world)
    with at("2026-04-20"):
        changing.withdraw(found, because="The wrong year", by=world.ana)
        browser = log_in(world.ana)
        assert browser.get(f"/evidence/{found.public_id}/?as_of=2026-04-01").status_code == 404
        then = browser.get(f"/evidence/{found.public_id}/?as_of=2026-04-15")
        now = browser.get(f"/evidence/{found.public_id}/")
    assert title(then) == "Access review: fresh"
    assert "The wrong year" not in words(then)
    assert "Withdraw it" not in words(then)
    assert title(now) == "Access review: withdrawn"
    assert "The wrong year" in words(now)


def test_the_file_leaves_as_an_attachment_that_no_browser_shows(world: World, log_in: LogIn) -> None:
    found = added(world)
    answer = log_in(world.cleo).get(f"/evidence/{found.public_id}/file/")
    assert b"".join(answer) == files.PDF
    digest = base64.b64encode(bytes.fromhex(found.sha256)).decode()
    assert {
        name: answer[name]
        for name in (
            "Content-Type", "Content-Disposition", "X-Content-Type-Options", "Content-Length", "Repr-Digest",
            "Cache-Control",
        )
    } == {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": 'attachment; filename="review.pdf"',
        "X-Content-Type-Options": "nosniff",
        "Content-Length": str(len(files.PDF)),
        "Repr-Digest": f"sha-256=:{digest}:",
        "Cache-Control": "private, no-store",
    }  # fmt: skip
    assert "sandbox" in answer["Content-Security-Policy"]


def test_a_file_that_is_not_as_it_was_captured_is_not_handed_out_and_reported(world: World, log_in: LogIn) -> None:
    found = added(world)
    storage().delete(found.stored_as)
    storage().save(found.stored_as, ContentFile(files.PDF.replace(b"Catalog", b"Katalog")))
    browser = log_in(world.cleo)
    answer = browser.get(f"/evidence/{found.public_id}/file/", follow=True)
    assert "its hash differs. It is not handed out, and the second and third line are told." in words(answer)
    assert (world.cleo.name, "evidence.mismatched") in chain(found)
    assert (world.cleo.name, "evidence.downloaded") not in chain(found)
    told = Notice.objects.filter(kind="evidence_mismatch").values_list("person__name", flat=True)
    assert set(told) == {"Ines", "Theo"}


def test_a_file_that_is_gone_is_reported_too(world: World, log_in: LogIn) -> None:
    found = added(world)
    storage().delete(found.stored_as)
    answer = log_in(world.cleo).get(f"/evidence/{found.public_id}/file/", follow=True)
    assert "The file is missing from the store." in words(answer)
    assert Notice.objects.filter(kind="evidence_mismatch").count() == 2


def test_the_chain_of_custody_is_read_from_the_trail(world: World, log_in: LogIn) -> None:
    with at("2026-04-01"):
        found = added(world)
    with at("2026-04-02"):
        b"".join(log_in(world.theo).get(f"/evidence/{found.public_id}/file/"))
    with at("2026-04-03"):
        holding.hold(because="A claim is pending", by=world.ines, solution=world.payments)
    with at("2026-04-04"):
        answer = log_in(world.cleo).get(f"/evidence/{found.public_id}/")
    acts = [(one.who, str(one.words), one.because, one.about) for one in answer.context["acts"]]
    assert acts == [
        ("Cleo", "looked at it", "", ""),
        ("Ines", "put it under a legal hold", "A claim is pending", "LH-" + acts[1][3].removeprefix("LH-")),
        ("Theo", "took the file away", "", ""),
        ("Ana", "said that it shows something of a control", "", world.control.public_id),
        ("Ana", "captured it", "", ""),
    ]
    assert answer.context["acts"][0].address == "127.0.0.1"


def test_a_look_is_recorded_once_in_ten_minutes_and_a_download_always(world: World, log_in: LogIn) -> None:
    with at("2026-04-01"):
        found = added(world)
        browser = log_in(world.cleo)
        for _ in range(3):
            browser.get(f"/evidence/{found.public_id}/")
            b"".join(browser.get(f"/evidence/{found.public_id}/file/"))
        log_in(world.theo).get(f"/evidence/{found.public_id}/")
    with at("2026-04-02"):
        log_in(world.cleo).get(f"/evidence/{found.public_id}/")
    looks = [who for who, action in chain(found) if action == "evidence.viewed"]
    assert looks == ["Cleo", "Theo", "Cleo"]
    assert [action for _, action in chain(found)].count("evidence.downloaded") == 3


def test_a_piece_can_be_discussed(world: World, log_in: LogIn) -> None:
    found = added(world)
    assert log_in(world.cleo).get(f"/desk/evidence/{found.public_id}/discussion/").status_code == 200
    assert log_in(world.dee).get(f"/desk/evidence/{found.public_id}/discussion/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_for_any_number_of_controls(
    world: World, log_in: LogIn, count: int, django_assert_num_queries: Any
) -> None:
    found = EvidenceFactory(solution=world.payments, shows=ControlFactory.create_batch(count, manual=True))
    browser = log_in(world.cleo)
    browser.get(f"/evidence/{found.public_id}/")
    with django_assert_num_queries(20):
        browser.get(f"/evidence/{found.public_id}/")
