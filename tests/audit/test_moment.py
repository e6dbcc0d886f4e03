"""What was true at a moment, as it was known at another."""

from datetime import UTC, datetime, timedelta

import pytest

from audit.moment import Moment
from findings.models import FindingSpan, Status
from tests.clock import at
from tests.conftest import LoggedIn
from tests.factories.findings import FindingFactory, FindingSpanFactory

MARCH, APRIL, MAY = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4, 5))
DAY = timedelta(days=1)


def statuses(moment: Moment) -> list[str]:
    return list(FindingSpan.objects.filter(moment.holds()).values_list("status", flat=True))


@pytest.fixture
def history(db: None) -> None:
    """Fails from March; passes from April, which was learnt on 3 April."""
    finding = FindingFactory(status=Status.PASS, since=APRIL)
    finding.spans.update(recorded_at=APRIL + 2 * DAY)
    failed = FindingSpanFactory(finding=finding, status=Status.FAIL, since=MARCH, until=APRIL)
    FindingSpan.objects.filter(pk=failed.pk).update(end_recorded_at=APRIL + 2 * DAY)


@pytest.mark.parametrize(
    ("when", "known", "said"),
    [
        (MARCH - DAY, MAY, []),
        (MARCH, MAY, ["fail"]),
        (APRIL - DAY, MAY, ["fail"]),
        (APRIL, MAY, ["pass"]),
        (APRIL + DAY, APRIL + DAY, ["fail"]),
        (APRIL + DAY, APRIL + 2 * DAY, ["pass"]),
        (MARCH, MARCH - DAY, []),
    ],
)
def test_the_status_then_as_known_then(history: None, when: datetime, known: datetime, said: list[str]) -> None:
    assert statuses(Moment.of(when, known)) == said


def test_now_is_what_is_open(history: None) -> None:
    assert statuses(Moment.now()) == ["pass"]


def test_what_turned_out_wrong_is_believed_until_then(db: None) -> None:
    finding = FindingFactory(since=MARCH)
    finding.spans.update(superseded_at=APRIL)
    assert statuses(Moment.of(MARCH, MARCH)) == ["fail"]
    assert statuses(Moment.of(MARCH, APRIL)) == []


def test_a_day_stands_for_its_end_in_the_readers_zone(second_line: LoggedIn) -> None:
    second_line.person.prefer(name="Robin", time_zone="Asia/Tokyo")
    with at("2026-07-10"):
        second_line.force_login(second_line.person)
        shown = second_line.get("/organisation/solutions/?as_of=2026-06-30").content.decode()
        assert "As of <time" in shown
        assert "30 Jun 2026, 23:59" in shown
        assert second_line.get("/organisation/solutions/?as_of=June").status_code == 400
