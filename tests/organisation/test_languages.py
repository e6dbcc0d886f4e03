from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from compliance_portal.languages import installed
from desk.models import Notice, OutboxMessage
from desk.notices import notify
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.findings import ConnectionFactory
from tests.findings_pages.reading_pages import title
from tests.marked import CODE, marked_language

PREFERENCES = "/organisation/preferences/"
SAID = {"name": "Eve", "time_zone": "Europe/Lisbon"}


@pytest.fixture
def two_languages() -> Iterator[None]:
    with marked_language():
        yield


def test_the_portal_is_read_in_its_own_language_and_those_with_a_catalogue(tmp_path: Path) -> None:
    for name in ("de", "pt_BR", "xx"):
        (tmp_path / name / "LC_MESSAGES").mkdir(parents=True)
        (tmp_path / name / "LC_MESSAGES" / "django.mo").touch()
    (tmp_path / "fr" / "LC_MESSAGES").mkdir(parents=True)
    assert installed(tmp_path) == [
        ("en-gb", "English"), ("de", "Deutsch"), ("pt-br", "Português brasileiro"), ("xx", "Xx"),
    ]  # fmt: skip
    assert installed(tmp_path / "none") == [("en-gb", "English")]


def test_where_there_is_one_language_nobody_is_asked_for_theirs(external: LoggedIn) -> None:
    assert b'name="language"' not in external.get(PREFERENCES).content
    external.post(PREFERENCES, {**SAID, "language": "de"})
    external.person.refresh_from_db()
    assert (external.person.name, external.person.language) == ("Eve", "")


def test_a_person_chooses_their_language_and_every_page_is_in_it(two_languages: None, external: LoggedIn) -> None:
    page = external.get(PREFERENCES).content.decode()
    assert 'name="language"' in page
    assert '<html lang="en-gb"' in page
    assert external.post(PREFERENCES, {**SAID, "language": "de"}).status_code == 422
    external.post(PREFERENCES, {**SAID, "language": CODE})
    answer = external.get(PREFERENCES)
    assert f'<html lang="{CODE}"' in answer.content.decode()
    assert "<title>⟦Preferences⟧" in answer.content.decode()
    assert answer["Content-Language"] == CODE


def test_a_home_that_was_read_in_one_language_is_not_shown_in_another(two_languages: None, log_in: LogIn) -> None:
    reader = log_in(GrantFactory(person=UserFactory(first_line=True)).person)
    with at("2026-03-31"):
        assert "⟦" not in title(reader.get("/"))
        assert "⟦" in title(reader.get("/", headers={"Accept-Language": CODE}))


def test_a_language_that_is_not_installed_any_more_is_nobody_s(log_in: LogIn) -> None:
    person = UserFactory(first_line=True, language="de")
    assert '<html lang="en-gb"' in log_in(person).get(PREFERENCES).content.decode()
    assert person.reads == "en-gb"


def test_what_somebody_does_is_told_to_others_in_the_organisation_s_language(
    two_languages: None, log_in: LogIn
) -> None:
    payments = SolutionFactory(name="Payments")
    UserFactory(name="Bo Sample", second_line=True)
    ana = log_in(UserFactory(name="Ana Example", first_line=True, language=CODE, owns=[payments]))
    page = ana.post(f"/desk/solution/{payments.public_id}/comment/", {"text": "@Bo Sample: look"}, follow=True)
    assert "⟦" in page.content.decode()
    told = Notice.objects.get().text
    assert told == f"Ana Example mentioned you on {payments.public_id} Payments: @Bo Sample: look"


def test_a_mail_is_in_the_language_of_who_reads_it(two_languages: None, db: None) -> None:
    for language in ("", CODE):
        notify(UserFactory(language=language), "security", "Somebody logged in", mail_key=f"k{language}")
    own, marked = (one.body for one in OutboxMessage.objects.order_by("id"))
    assert "⟦" not in own
    assert marked.startswith("Somebody logged in")
    assert "⟦You choose what the portal mails to you:" in marked


def test_a_file_is_in_the_organisation_s_language_whoever_takes_it(two_languages: None, log_in: LogIn) -> None:
    ConnectionFactory()
    reader = log_in(UserFactory(second_line=True, language=CODE))
    file = reader.get("/risks/register.csv").content.decode("utf-8-sig")
    assert file.startswith("Id,Title,Cause,")
    assert "⟦" not in file
