from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from audit.models import TrailEntry
from organisation.models import User
from tests.clock import after
from tests.conftest import LoggedIn, LogIn
from tests.factories import UserFactory
from tests.factories.organisation import PASSWORD

SESSIONS = "/account/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1"


def entered(person: User, agent: str = FIREFOX, address: str = "198.51.100.7") -> Client:
    """A browser in which this person logged in with their password."""
    browser = Client(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
    answer = browser.post(reverse("account_login"), {"login": person.email, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()
    return browser


@pytest.fixture
def ana(db: None) -> User:
    return UserFactory(first_line=True)


def test_a_person_sees_where_they_are_logged_in(ana: User) -> None:
    here = entered(ana)
    entered(ana, SAFARI, "203.0.113.9")
    shown = here.get(SESSIONS).content.decode()
    assert "You are logged in in 2 browsers" in shown
    for said in ("Firefox, Linux", "198.51.100.7", "This browser", "Safari, iPhone", "203.0.113.9"):
        assert said in shown


def test_a_person_ends_one_of_their_sessions(ana: User) -> None:
    here, there = entered(ana), entered(ana, SAFARI, "203.0.113.9")
    other = ana.usersession_set.get(user_agent=SAFARI)
    answer = here.post(f"/organisation/sessions/{other.pk}/end/", follow=True)
    assert "Safari, iPhone at 203.0.113.9 is logged out." in answer.content.decode()
    assert there.get("/").status_code == 302
    assert here.get("/").status_code == 200
    entry = TrailEntry.objects.get(action="session.ended")
    assert (entry.object_id, entry.detail["addresses"]) == (ana.public_id, ["203.0.113.9"])


def test_a_person_ends_all_their_other_sessions(ana: User) -> None:
    here, there = entered(ana), entered(ana, SAFARI)
    answer = here.post(SESSIONS, follow=True)
    assert "You are logged out everywhere else." in answer.content.decode()
    assert there.get("/").status_code == 302
    assert here.get("/").status_code == 200


def test_nobody_ends_another_persons_session(ana: User, first_line: LoggedIn) -> None:
    there = entered(ana)
    assert first_line.post(f"/organisation/sessions/{ana.usersession_set.get().pk}/end/").status_code == 404
    assert there.get("/").status_code == 200


def test_the_administrator_logs_somebody_out_everywhere(ana: User, administrator: LoggedIn) -> None:
    there = entered(ana)
    page = administrator.get(f"/organisation/people/{ana.public_id}/").content.decode()
    assert "Firefox, Linux" in page
    url = f"/organisation/people/{ana.public_id}/log-out/"
    assert administrator.post(url, {"reason": ""}).status_code == 422
    answer = administrator.post(url, {"reason": "Laptop stolen"}, follow=True)
    assert "is logged out of 1 browser." in answer.content.decode()
    assert there.get("/").status_code == 302
    assert TrailEntry.objects.get(action="session.ended").detail["because"] == "Laptop stolen"


def test_a_log_in_that_was_closed_does_not_come_back(ana: User, administrator: LoggedIn) -> None:
    there = entered(ana)
    administrator.post(f"/organisation/people/{ana.public_id}/close/", {"reason": "Left"})
    administrator.post(f"/organisation/people/{ana.public_id}/open/", {"reason": "Came back"})
    assert there.get("/").status_code == 302


def test_a_session_nobody_uses_ends_and_says_so(log_in: LogIn, settings: Settings) -> None:
    settings.SESSION_IDLE_MINUTES = 30
    browser = log_in(first_line=True)
    with after(minutes=20):
        assert browser.get("/").status_code == 200
    with after(minutes=45):
        assert browser.get("/").status_code == 200
    with after(minutes=76):
        answer = browser.get("/", follow=True)
        assert answer.redirect_chain[0][0] == "/account/login/?next=/"
        assert "You were logged out: nothing was done here for 30 minutes." in answer.content.decode()
    assert TrailEntry.objects.get(action="session.ended").detail == {"because": "idle"}


def test_a_session_lasts_so_long_however_much_it_is_used(log_in: LogIn, settings: Settings) -> None:
    settings.SESSION_HOURS = 8
    browser = log_in(first_line=True)
    for hours in range(1, 8):
        with after(hours=hours):
            assert browser.get("/").status_code == 200
    with after(hours=8, minutes=1):
        answer = browser.get("/", follow=True)
        assert "You were logged out: a log-in lasts 8 hours." in answer.content.decode()


def test_the_api_answers_401_when_the_session_is_over(log_in: LogIn, settings: Settings) -> None:
    settings.SESSION_IDLE_MINUTES = 30
    browser = log_in(first_line=True)
    with after(minutes=31):
        assert browser.get("/api/v1/me/").status_code == 401


def test_last_seen_is_kept_to_the_minute(ana: User) -> None:
    browser = entered(ana)
    with after(minutes=5):
        browser.get("/", REMOTE_ADDR="203.0.113.200")
    session = ana.usersession_set.get()
    assert session.last_seen_at - timezone.now() > timedelta(minutes=4)
    assert session.ip == "203.0.113.200"
