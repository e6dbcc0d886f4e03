"""What a refusal looks like: to a browser, to htmx, to a program. And what a page may not carry."""

import re

from django.test import Client

from tests.conftest import LoggedIn
from tests.factories import SolutionFactory


def test_a_page_sends_to_the_log_in_and_back() -> None:
    answer = Client().get("/desk/jobs/?cursor=x")
    assert answer["Location"] == "/account/login/?next=/desk/jobs/%3Fcursor%3Dx"


def test_a_part_sends_the_whole_page_to_the_log_in() -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/desk/jobs/?solution=S-1"}
    answer = Client().get("/desk/jobs/J-1/", headers=headers)
    assert answer.status_code == 401
    assert answer["HX-Redirect"] == "/account/login/?next=/desk/jobs/%3Fsolution%3DS-1"


def test_an_address_of_nothing_is_not_found(second_line: LoggedIn) -> None:
    answer = second_line.get("/organisation/solutions/S-9999/")
    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.content.decode()
    assert second_line.get("/organisation/solutions/X-1/").status_code == 404


def test_the_policy_allows_nothing_inline_and_pages_carry_nothing_inline(administrator: LoggedIn) -> None:
    solution = SolutionFactory()
    for url in ("/organisation/solutions/", f"/organisation/solutions/{solution.public_id}/", "/desk/jobs/"):
        answer = administrator.get(url)
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        shown = answer.content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", shown)


def test_every_answer_of_the_log_names_its_request(administrator: LoggedIn) -> None:
    from audit.models import TrailEntry

    administrator.post("/organisation/solutions/add/", {"name": "Payments"})
    entry = TrailEntry.objects.get()
    assert re.fullmatch(r"[0-9a-f-]{36}", entry.request_id)
    assert entry.address == "127.0.0.1"
