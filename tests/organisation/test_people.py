import re
from datetime import UTC, datetime

import pytest
from django.core import mail
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from audit.models import TrailEntry
from desk import outbox
from desk.models import OutboxMessage
from organisation.models import Role, User
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import GrantFactory, RoleAssignmentFactory, UserFactory

PEOPLE = "/organisation/people/"


def test_a_person_is_invited_sets_a_password_and_logs_in(administrator: LoggedIn) -> None:
    said = {"name": "Ana", "email": "Ana@Example.org", "role": "first", "reason": "Joined"}
    shown = administrator.post(f"{PEOPLE}add/", said).content.decode()
    assert outbox.deliver() == 1
    link = re.search(r"http://testserver(\S+)", str(mail.outbox[0].body))
    assert link is not None
    assert link[0] in shown
    ana = Client()
    form = ana.get(link[1], follow=True)
    chosen = {"password1": "a long enough secret", "password2": "a long enough secret"}
    ana.post(form.redirect_chain[-1][0], chosen)
    assert ana.login(email="ana@example.org", password="a long enough secret")
    person = User.objects.get(email="ana@example.org")
    assert person.line == "first"
    acts = TrailEntry.objects.about("user", person.public_id).order_by("id").values_list("action", flat=True)
    assert list(acts) == ["person.added", "role.given", "person.invited", "person.password_changed"]


def test_the_link_leaves_the_outbox_with_the_mail(administrator: LoggedIn) -> None:
    administrator.post(f"{PEOPLE}{UserFactory().public_id}/invite/")
    outbox.deliver()
    assert OutboxMessage.objects.get().body == ""


def test_one_person_stands_on_one_line(administrator: LoggedIn) -> None:
    person = UserFactory(first_line=True)
    answer = administrator.post(f"{PEOPLE}{person.public_id}/roles/give/", {"role": "second", "reason": "x"})
    assert answer.status_code == 422
    assert "One person stands on one line" in answer.content.decode()
    assert person.line == "first"


def test_two_lines_are_combined_in_one_person_only_with_a_reason_on_the_record(administrator: LoggedIn) -> None:
    person = UserFactory(first_line=True)
    url = f"{PEOPLE}{person.public_id}/roles/give/"
    assert "They hold “First line”" in administrator.get(url).content.decode()
    told = {"role": "second", "combine": "on"}
    assert "This field is required" in administrator.post(url, told).content.decode()
    administrator.post(url, {**told, "reason": "A team of one: nobody else oversees"})
    assert User.objects.get(pk=person.pk).roles_today == {"first", "second"}
    given = TrailEntry.objects.filter(action="role.given").latest("id")
    assert given.detail["combined_with"] == ["first"]
    assert given.detail["reason"] == "A team of one: nobody else oversees"
    page = administrator.get(f"{PEOPLE}{person.public_id}/").content.decode()
    assert f"{person.name}: First line, Second line" in page
    assert page.count("/end/") == 2


def test_an_auditor_from_outside_stands_on_no_other_line(administrator: LoggedIn) -> None:
    for person, role in ((UserFactory(external=True), "third"), (UserFactory(third_line=True), "external")):
        told = {"role": role, "combine": "on", "reason": "x", "until": ""}
        answer = administrator.post(f"{PEOPLE}{person.public_id}/roles/give/", told)
        assert "Who audits from outside stands on no line of the organisation" in answer.content.decode()
        assert len(User.objects.get(pk=person.pk).roles_today) == 1


def test_a_role_that_is_held_is_not_given_again(administrator: LoggedIn) -> None:
    person = UserFactory(second_line=True)
    told = {"role": "second", "combine": "on", "reason": "x"}
    answer = administrator.post(f"{PEOPLE}{person.public_id}/roles/give/", told)
    assert "They have this role already." in answer.content.decode()


def test_nobody_gives_themselves_a_role(administrator: LoggedIn) -> None:
    me = administrator.person
    answer = administrator.post(f"{PEOPLE}{me.public_id}/roles/give/", {"role": "second", "reason": "x"})
    assert "Nobody gives a role to themselves" in answer.content.decode()


def test_the_last_administrator_stays(administrator: LoggedIn) -> None:
    role = administrator.person.role_assignments.get()
    url = f"{PEOPLE}{administrator.person.public_id}/roles/{role.pk}/end/"
    answer = administrator.post(url, {"reason": "Leaving"})
    assert "The last administrator stays" in answer.content.decode()
    UserFactory(administrator=True)
    assert administrator.post(url, {"reason": "Leaving"}).status_code == 302
    assert administrator.get(PEOPLE).status_code == 403


def test_a_closed_log_in_ends_everything_at_once(administrator: LoggedIn, log_in: LogIn) -> None:
    grant = GrantFactory()
    theirs = log_in(grant.person)
    assert theirs.get("/organisation/solutions/").status_code == 200
    administrator.post(f"{PEOPLE}{grant.person.public_id}/close/", {"reason": "Left"})
    assert theirs.get("/organisation/solutions/").status_code == 302
    grant.refresh_from_db()
    assert grant.valid_to is not None
    administrator.post(f"{PEOPLE}{grant.person.public_id}/open/", {"reason": "Came back"})
    assert User.objects.get(pk=grant.person.pk).line is None


def test_a_role_that_ended_allows_nothing(log_in: LogIn) -> None:
    role = RoleAssignmentFactory(role=Role.SECOND, valid_to=datetime(2026, 3, 1, tzinfo=UTC))
    with at("2026-02-28"):
        assert log_in(role.person).get(PEOPLE).status_code == 200
    with at("2026-03-31"):
        person = User.objects.get(pk=role.person.pk)
        assert log_in(person).get(PEOPLE).status_code == 403


def test_a_refusal_says_what_would_be_needed(first_line: LoggedIn) -> None:
    answer = first_line.get(PEOPLE)
    assert answer.status_code == 403
    said = "It needs one of these roles: Second line · Third line · Administrator. Yours today is: First line."
    assert said in answer.content.decode()


def test_the_title_counts_who_has_no_role(second_line: LoggedIn) -> None:
    UserFactory()
    assert "2 people, 1 without a role" in second_line.get(PEOPLE).content.decode()
    shown = second_line.get(f"{PEOPLE}?role=third").content.decode()
    assert "Nobody matches" in shown


def test_everybody_chooses_their_own_time_zone(external: LoggedIn) -> None:
    external.post("/organisation/preferences/", {"name": "Eve", "time_zone": "Europe/Lisbon"})
    external.person.refresh_from_db()
    assert (external.person.name, external.person.time_zone) == ("Eve", "Europe/Lisbon")
    assert TrailEntry.objects.get(action="person.changed").object_id == external.person.public_id
    refused = external.post("/organisation/preferences/", {"name": "Eve", "time_zone": "Mars"})
    assert refused.status_code == 422


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(
    second_line: LoggedIn, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    GrantFactory.create_batch(count)
    second_line.get(PEOPLE)
    with django_assert_num_queries(12):
        second_line.get(PEOPLE)
