"""Whether the locker and the trail are as they were, for programs."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from desk.models import Job
from evidence import trail_heads, verifying
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.databases import Clone
from tests.evidence.people import a_world, added
from tests.factories import UserFactory
from tests.factories.evidence import TrailHeadFactory

API = "/api/v1/"


def test_the_locker_and_the_heads_are_verified(committed_database: Clone) -> None:
    with at("2026-04-02"):
        added(a_world())
        head = trail_heads.keep()
        assert head
        browser = LoggedIn()
        browser.force_login(UserFactory(name="Theo", third_line=True))
        for path in ("evidence/verify/", "trail-heads/verify/"):
            assert browser.get(f"{API}{path}").json() == {"last": None}
        locker = browser.post(f"{API}evidence/verify/").json()["last"]
        assert {name: locker[name] for name in ("at", "holds", "found", "pieces", "files", "differences")} == {
            "at": "2026-04-02T12:00:00Z", "holds": True, "found": 0, "pieces": 1, "files": 1, "differences": [],
        }  # fmt: skip
        heads = browser.post(f"{API}trail-heads/verify/").json()["last"]
        assert (heads["holds"], heads["heads"], heads["problems"]) == (True, 1, [])
        assert browser.get(f"{API}evidence/verify/").json() == {"last": locker}
        assert browser.get(f"{API}trail-heads/verify/").json() == {"last": heads}
        (listed,) = browser.get(f"{API}trail-heads/").json()["results"]
        assert listed == browser.get(f"{API}trail-heads/{head.public_id}/").json()
        assert (listed["position"], listed["digest"]) == (head.position, head.digest)
        file = browser.get(f"{API}trail-heads/{head.public_id}/file/")
        assert (file["Content-Type"], head.digest.encode() in file.content) == ("application/json", True)
        assert b"BEGIN PUBLIC KEY" in browser.get(f"{API}trail-heads/key/").content


def test_what_takes_long_is_verified_by_a_job(
    log_in: LogIn, monkeypatch: pytest.MonkeyPatch, handed_over: Any, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(verifying, "AT_ONCE", -1)
    monkeypatch.setattr(trail_heads, "AT_ONCE", -1)
    browser = log_in(third_line=True)
    for path in ("evidence/verify/", "trail-heads/verify/"):
        with django_capture_on_commit_callbacks(execute=True):
            answer = browser.post(f"{API}{path}")
        job = Job.objects.latest("pk")
        assert (answer.status_code, answer.json()["id"], answer.json()["state"]) == (202, job.public_id, "waiting")
    assert len(handed_over()) == 2


def test_without_a_key_none_is_handed_out(third_line: LoggedIn, settings: Settings) -> None:
    settings.SIGNING_KEY_FILE = ""
    assert third_line.get(f"{API}trail-heads/key/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_heads_cost_the_same_for_any_number(log_in: LogIn, count: int, django_assert_num_queries: Any) -> None:
    TrailHeadFactory.create_batch(count)
    browser = log_in(UserFactory(third_line=True))
    browser.get(f"{API}trail-heads/")
    with django_assert_num_queries(4):
        assert len(browser.get(f"{API}trail-heads/").json()["results"]) == count
