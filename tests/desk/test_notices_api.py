"""What stands under a person's bell, for programs."""

from __future__ import annotations

import pytest
from django.utils.dateparse import parse_datetime

from audit import clock
from desk.models import Notice
from tests.clock import at
from tests.conftest import LoggedIn
from tests.factories import NoticeFactory

pytestmark = pytest.mark.django_db
API = "/api/v1/notices/"
JSON = "application/json"


def test_notices_are_listed_and_read(first_line: LoggedIn) -> None:
    with at("2026-03-31"):
        theirs, first = NoticeFactory(), NoticeFactory(person=first_line.person, text="S3.8 began to fail", url="/x/")
        second = NoticeFactory(person=first_line.person, read_at=clock.now())
        assert [one["id"] for one in first_line.get(API).json()["results"]] == [second.public_id, first.public_id]
        (row,) = first_line.get(API, {"state": "unread"}).json()["results"]
        assert row == first_line.get(f"{API}{first.public_id}/").json()
        assert (row["text"], row["url"], row["read_at"]) == ("S3.8 began to fail", "/x/", None)
        answer = first_line.post(f"{API}{first.public_id}/read/", {}, JSON)
        assert (answer.status_code, parse_datetime(answer.json()["read_at"])) == (200, clock.now())
        assert first_line.post(f"{API}{theirs.public_id}/read/", {}, JSON).status_code == 404
    assert list(Notice.objects.unread()) == [theirs]


def test_all_of_mine_are_read_at_once_and_no_others(first_line: LoggedIn) -> None:
    theirs = NoticeFactory()
    NoticeFactory.create_batch(2, person=first_line.person)
    assert first_line.post(f"{API}read/").json() == {"read": 2}
    assert list(Notice.objects.unread()) == [theirs]


def test_what_is_mailed_is_chosen_group_by_group(first_line: LoggedIn) -> None:
    until_chosen = {"mention": "now", "awaiting": "now", "watched": "daily", "work": "never", "other": "daily"}
    assert first_line.get(f"{API}mail/").json() == until_chosen
    answer = first_line.patch(f"{API}mail/", {"watched": "never"}, JSON)
    assert answer.json() == {**until_chosen, "watched": "never"} == first_line.get(f"{API}mail/").json()
    refused = first_line.patch(f"{API}mail/", {"work": "hourly"}, JSON)
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["work"])
