"""What a floor above asks evidence for: its team asks and settles, and nobody else."""

from __future__ import annotations

import pytest

from evidence import sources
from evidence.models import EvidenceRequest
from evidence.sources import Source
from tests.conftest import LogIn
from tests.evidence.asking import ASK, Story, asking, post
from tests.factories import UserFactory
from tests.findings_pages.reading_pages import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def story() -> Story:
    return Story()


class Engagement:
    """What a floor above says of an engagement that Lou works on."""

    def __init__(self, story: Story) -> None:
        self.team = frozenset({story.lou.pk, story.kim.pk})

    def __call__(self, public_id: str) -> Source | None:
        if public_id != "EN-1":
            return None
        return Source("engagement", public_id, "Audit of payments", "/assurance/EN-1/", self.team)


def test_what_an_engagement_asks_its_team_settles(log_in: LogIn, story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sources._found, "engagement", Engagement(story))
    url = f"{ASK}?source=engagement:EN-1"
    assert log_in(story.ines).post(url, asking(story)).status_code == 404
    assert log_in(story.kim).get(f"{ASK}?source=engagement:EN-999999").status_code == 404
    page = log_in(story.kim).post(url, asking(story), follow=True)
    assert "Audit of payments" in words(page)
    request = EvidenceRequest.objects.get()
    assert (request.source_kind, request.source_id) == ("engagement", "EN-1")
    post(log_in(story.ana), request, "answer", words="Here")
    other = log_in(UserFactory(third_line=True))
    assert "The team of Audit of payments settles it." in words(post(other, request, "accept"))
    post(log_in(story.lou), request, "accept")
    request.refresh_from_db()
    assert request.state == "accepted"
    listed = log_in(story.kim).get("/evidence/requests/?source=engagement:EN-1")
    assert [row["request"] for row in listed.context["rows"]] == [request]
