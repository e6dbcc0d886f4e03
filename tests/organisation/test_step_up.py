import pytest
from django.urls import reverse
from pytest_django.fixtures import Settings

from organisation.models import User
from organisation.permissions import MAY, STEP_UP
from tests.clock import after
from tests.conftest import LoggedIn
from tests.factories import UserFactory
from tests.factories.organisation import PASSWORD

ADD = "/organisation/people/add/"
SAID = {"name": "Ana", "email": "ana@example.org", "role": "", "reason": "Joined"}
CONFIRM = "/account/reauthenticate/"


@pytest.fixture(autouse=True)
def asked_after_fifteen_minutes(settings: Settings) -> None:
    settings.STEP_UP_MINUTES = 15


def test_what_asks_again_is_in_the_table() -> None:
    assert set(MAY) >= STEP_UP


def test_just_after_the_log_in_nobody_is_asked(administrator: LoggedIn) -> None:
    with after(minutes=14):
        assert administrator.get(ADD).status_code == 200


def test_later_the_page_asks_first_and_leads_back(administrator: LoggedIn) -> None:
    with after(minutes=16):
        asked = administrator.get(f"{ADD}?x=1")
        assert (asked.status_code, asked["Location"]) == (
            302,
            f"{CONFIRM}?next=%2Forganisation%2Fpeople%2Fadd%2F%3Fx%3D1",
        )
        page = administrator.get(asked["Location"]).content.decode()
        assert "Confirm that it is you" in page
        refused = administrator.post(CONFIRM, {"password": "wrong", "next": ADD})
        assert refused.status_code == 200
        assert administrator.get(ADD).status_code == 302
        confirmed = administrator.post(CONFIRM, {"password": PASSWORD, "next": ADD})
        assert (confirmed.status_code, confirmed["Location"]) == (302, ADD)
        assert administrator.get(ADD).status_code == 200


def test_a_form_that_was_open_too_long_is_not_sent_and_both_pages_say_so(administrator: LoggedIn) -> None:
    with after(minutes=16):
        asked = administrator.post(ADD, SAID, headers={"Referer": f"http://testserver{ADD}"}, follow=True)
        assert "Nothing was sent yet: confirm first that it is you" in asked.content.decode()
        assert not User.objects.filter(email="ana@example.org").exists()
        back = administrator.post(CONFIRM, {"password": PASSWORD, "next": ADD}, follow=True)
        assert back.request["PATH_INFO"] == ADD
        assert "fill in the form again and send it" in back.content.decode()
        assert administrator.post(ADD, SAID).status_code == 200
        assert User.objects.filter(email="ana@example.org").exists()


def test_nobody_is_led_to_a_foreign_page(administrator: LoggedIn) -> None:
    with after(minutes=16):
        asked = administrator.post(ADD, SAID, headers={"Referer": "https://elsewhere.example/x"})
        assert asked["Location"] == f"{CONFIRM}?next=%2F"


def test_a_part_of_a_page_moves_the_whole_page(administrator: LoggedIn) -> None:
    with after(minutes=16):
        part = administrator.post(
            f"/organisation/people/{UserFactory().public_id}/invite/",
            headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/organisation/people/?role=first"},
        )
    assert part.status_code == 403
    assert part["HX-Redirect"] == f"{CONFIRM}?next=%2Forganisation%2Fpeople%2F%3Frole%3Dfirst"


def test_the_api_says_where_to_confirm(first_line: LoggedIn) -> None:
    with after(minutes=16):
        answer = first_line.post(reverse("api:exception_accept", args=["X-999999"]))
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert answer.json()["confirm_at"] == f"http://testserver{CONFIRM}"
    assert "confirm at" in answer.json()["detail"]


def test_who_may_not_is_refused_and_not_asked(first_line: LoggedIn) -> None:
    with after(minutes=16):
        assert first_line.get(ADD).status_code == 403


def test_reading_never_asks(administrator: LoggedIn) -> None:
    with after(hours=3):
        assert administrator.get("/organisation/people/").status_code == 200


def test_zero_minutes_never_ask(administrator: LoggedIn, settings: Settings) -> None:
    settings.STEP_UP_MINUTES = 0
    with after(hours=3):
        assert administrator.get(ADD).status_code == 200
