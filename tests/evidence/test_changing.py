"""What people do with a piece that stands: a new version, a withdrawal, what it shows; and what they may not."""

from __future__ import annotations

from typing import Any

import pytest

from evidence import changing
from evidence.models import Evidence
from evidence.uploading import supersede
from risks.refusals import Refused
from tests.clock import at
from tests.conftest import LogIn
from tests.evidence import files
from tests.evidence.people import World, a_world, added, chain
from tests.factories.controls import ControlFactory
from tests.factories.evidence import EvidenceFactory, SnapshotFactory
from tests.findings_pages.reading_pages import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return a_world()


def posted(browser: Any, found: Evidence, to: str, **said: Any) -> Any:
    return browser.post(f"/evidence/{found.public_id}/{to}/", said)


def refused(world: World, person: str, found: Evidence, to: str, log_in: LogIn) -> str:
    """What the page says when this person may not; they never see the form."""
    browser = log_in(getattr(world, person))
    answer = browser.get(f"/evidence/{found.public_id}/{to}/", follow=True)
    assert answer.redirect_chain == [(f"/evidence/{found.public_id}/", 302)]
    return words(answer)


def test_a_new_version_replaces_the_old_one_and_shows_the_same(world: World, log_in: LogIn) -> None:
    with at("2026-04-01"):
        old = added(world, note="Everybody with access")
    with at("2026-05-01"):
        browser = log_in(world.cleo)
        address = f"/evidence/{old.public_id}/supersede/"
        form = browser.get(address).context["form"]
        assert {name: form[name].value() for name in ("title", "controls")} == {
            "title": "Access review", "controls": [world.control.pk],
        }  # fmt: skip
        said = files.form(b"%PDF-1.7 corrected", "corrected.pdf", controls=[world.control.pk], title="Access review")
        browser.post(address, said)
        new = Evidence.objects.get(replaces=old)
        page = words(browser.get(f"/evidence/{old.public_id}/"))
    assert (new.version, new.kind, new.solution, new.captured_by) == (2, "document", world.payments, world.cleo)
    assert [link.control for link in new.links.all()] == [world.control]
    assert chain(old)[-2:] == [("Cleo", "evidence.superseded"), ("Cleo", "evidence.viewed")]
    assert "Access review: superseded" in page
    assert "Versions 2" in page


def test_only_what_stands_is_superseded(world: World) -> None:
    old = added(world)
    new = supersede(old, files.brought("b.pdf", files.PDF), by=world.ana, effective_from=old.effective_from,
                    effective_to=old.effective_to)  # fmt: skip
    with pytest.raises(Refused, match=f"was superseded: go on with {new.public_id}"):
        supersede(old, files.brought("c.pdf", files.PDF), by=world.ana, effective_from=old.effective_from,
                  effective_to=old.effective_to)  # fmt: skip
    changing.withdraw(new, because="Wrong", by=world.ana)
    with pytest.raises(Refused, match="was withdrawn, and stays so: add a new piece"):
        supersede(new, files.brought("c.pdf", files.PDF), by=world.ana, effective_from=old.effective_from,
                  effective_to=old.effective_to)  # fmt: skip
    assert Evidence.objects.count() == 2


def test_who_brought_it_withdraws_it_and_it_stays_readable(world: World, log_in: LogIn) -> None:
    found = added(world)
    browser = log_in(world.ana)
    assert posted(browser, found, "withdraw", because="").status_code == 422
    answer = posted(browser, found, "withdraw", because="It is of another system")
    assert answer["Location"] == f"/evidence/{found.public_id}/"
    found.refresh_from_db()
    assert (found.withdrawn_by, found.withdrawn_because) == (world.ana, "It is of another system")
    assert not Evidence.objects.standing(found.withdrawn_at).exists()  # type: ignore[arg-type]
    assert b"".join(log_in(world.theo).get(f"/evidence/{found.public_id}/file/")) == files.PDF
    assert ("Ana", "evidence.withdrawn") in chain(found)


@pytest.mark.parametrize(
    ("person", "to", "words_"),
    [
        ("cleo", "withdraw", "It is for Ana to withdraw, or for the second line."),
        ("theo", "withdraw", "It is for Ana to withdraw, or for the second line."),
        ("theo", "supersede", "It is for Ana, a colleague in its solution or the second line to bring a new version."),
        ("theo", "link", "It is for Ana, a colleague in its solution or the second line to say what it shows."),
    ],
)
def test_others_are_told_whose_it_is(world: World, log_in: LogIn, person: str, to: str, words_: str) -> None:
    assert words_ in refused(world, person, added(world), to, log_in)


def test_the_second_line_withdraws_any_piece(world: World, log_in: LogIn) -> None:
    found = added(world)
    posted(log_in(world.ines), found, "withdraw", because="It names customers")
    found.refresh_from_db()
    assert found.withdrawn_by == world.ines


def test_an_auditors_paper_is_the_auditors_alone(world: World, log_in: LogIn) -> None:
    found = added(world, by=world.theo, kind="working_paper")
    assert "It is for Theo to withdraw" in refused(world, "ana", found, "withdraw", log_in)
    assert "It is for Theo, a colleague" in refused(world, "ana", found, "supersede", log_in)


def test_what_the_portal_captured_is_not_replaced_by_a_person(world: World, log_in: LogIn) -> None:
    found = SnapshotFactory(evidence__solution=world.payments).evidence
    assert "The portal captured it, and captures the next by itself" in refused(
        world, "ines", found, "supersede", log_in
    )


def test_nobody_withdraws_twice_or_in_the_past(world: World, log_in: LogIn) -> None:
    found = added(world)
    past = log_in(world.ana).post(f"/evidence/{found.public_id}/withdraw/?as_of=2099-01-01", {"because": "x"})
    assert past.status_code == 302
    found.refresh_from_db()
    assert found.withdrawn_at is None
    changing.withdraw(found, because="Wrong", by=world.ana)
    assert "was withdrawn, and stays so" in refused(world, "ana", found, "withdraw", log_in)


def test_what_it_shows_is_said_and_taken_off_again_with_a_reason(world: World, log_in: LogIn) -> None:
    other = ControlFactory(name="Leavers lose access", manual=True)
    found = added(world)
    browser = log_in(world.cleo)
    posted(browser, found, "link", control=other.pk, because="Page 3")
    link = found.links.get(control=other)
    assert (link.because, link.linked_by) == ("Page 3", world.cleo.public_id)
    twice = posted(browser, found, "link", control=other.pk)
    assert twice.status_code == 422
    assert browser.post(f"/evidence/{found.public_id}/links/{link.pk}/end/", {"because": ""}).status_code == 422
    browser.post(f"/evidence/{found.public_id}/links/{link.pk}/end/", {"because": "It is about joiners"})
    link.refresh_from_db()
    assert link.valid_to is not None
    assert [one for one in chain(found) if "link" in one[1]] == [
        ("Ana", "evidence.linked"), ("Cleo", "evidence.linked"), ("Cleo", "evidence.unlinked"),
    ]  # fmt: skip
    assert browser.get(f"/evidence/{found.public_id}/links/{link.pk}/end/").status_code == 404


def test_a_control_that_is_not_theirs_to_see_is_not_linked(world: World) -> None:
    theirs = ControlFactory(solution=EvidenceFactory().solution, manual=True)
    with pytest.raises(Refused, match="not yours to see") as no:
        changing.link(added(world), theirs, by=world.ana)
    assert no.value.field == "control"
