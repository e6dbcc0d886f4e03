"""Provider reports: what shows the provider's part of a requirement, until when, and what they expect of us."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from audit.models import TrailEntry
from controls.models import ComplementaryAnswer, ProviderReport, ServiceType
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.factories import SolutionFactory, UserFactory
from tests.factories.controls import (
    AreaRuleFactory,
    ControlFactory,
    EditionFactory,
    ProviderReportFactory,
    ServiceTypeFactory,
)
from tests.factories.findings import ResourceFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def s3() -> ServiceType:
    made: ServiceType = ServiceTypeFactory(
        key="s3", name="Amazon S3", whose={"host": "provider", "facilities": "provider"}
    )
    return made


def asked(service: ServiceType, **more: Any) -> dict[str, Any]:
    """What the form for recording a report is filled in with."""
    return {
        "name": "SOC 2, spring",
        "kind": "soc_2",
        "provider": "Amazon Web Services",
        "first_day": "2026-04-01",
        "last_day": "2026-09-30",
        "services": [service.pk],
        "regions": "eu-central-1, us-east-1",
        "areas": ["host", "facilities"],
        "expects": "Users who leave are removed.\nLogs are read.",
        "read": "on",
        **more,
    }


def part(browser: LoggedIn, regions: tuple[str, ...] = ("eu-central-1",)) -> list[tuple[str, str, str]]:
    """State, last day and what is missing of the provider's part of a requirement about hosts."""
    solution = SolutionFactory()
    for region in regions:
        ResourceFactory(solutions=[solution.pk], region=region)
    edition = EditionFactory()
    AreaRuleFactory(edition=edition, areas=["host"])
    page = f"/frameworks/requirements/{edition.public_id}/?solution={solution.public_id}"
    parts = browser.get(page).context["told"]["whose"].parts
    return [
        (state.label, f"{found.until_day:%Y-%m-%d}" if found.until_day else "", found.missing_words)
        for state, rows in parts.items()
        for _service, found in rows
    ]


def test_a_report_is_recorded_by_hand(second_line: LoggedIn, s3: ServiceType) -> None:
    with at("2026-09-01"):
        answer = second_line.post("/provider-reports/record/", asked(s3), follow=True)
        assert title(answer) == "SOC 2, spring: shown by a report"
        page = words(answer)
        assert "1 Apr 2026 – 30 Sep 2026" in page
        assert "eu-central-1, us-east-1" in page
        assert "0 of 2 met" in page
        assert f"{second_line.person.name}, 1 Sep 2026" in page
        assert title(second_line.get("/provider-reports/")) == "1 provider report speaks"
    assert set(TrailEntry.objects.filter(action__startswith="provider_report").values_list("action", flat=True)) == {
        "provider_report.recorded", "provider_report.read",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"last_day": "2026-03-01"}, "last_day", "It would end before it begins."),
        ({"regions": "Frankfurt"}, "regions", "frankfurt is no name of a Region, such as ap-southeast-2."),
        ({"regions": " , "}, "regions", ", is no name of a Region, such as ap-southeast-2."),
        ({"sha256": "abc"}, "sha256", "64 characters, 0 to 9 and a to f."),
        ({"read": "", "exceptions": "One"}, "read", "Who notes exceptions has read it: say so."),
        ({"areas": []}, "areas", "This field is required."),
        ({"services": []}, "services", "Choose those that its scope names."),
    ],
)
def test_what_cannot_be_is_refused_where_it_stands(
    second_line: LoggedIn, s3: ServiceType, wrong: dict[str, Any], field: str, said: str
) -> None:
    answer = second_line.post("/provider-reports/record/", asked(s3, **wrong))
    assert (answer.status_code, answer.context["form"].errors[field]) == (422, [said])
    assert not ProviderReport.objects.exists()


def test_without_a_report_one_is_asked_for(third_line: LoggedIn, s3: ServiceType) -> None:
    assert part(third_line) == [("Report asked for", "", "Host (eu-central-1)")]


def test_a_report_shows_what_it_covers_and_no_more(third_line: LoggedIn, s3: ServiceType) -> None:
    ProviderReportFactory(of=[s3], read_by=third_line.person)
    assert part(third_line) == [("Shown by a report", "2029-12-31", "")]
    assert part(third_line, ("eu-central-1", "us-east-1")) == [("Partly shown", "2029-12-31", "Host (us-east-1)")]
    assert part(third_line, ("us-east-1",)) == [("Report asked for", "", "Host (us-east-1)")]


@pytest.mark.parametrize(
    ("report", "state"),
    [
        ({"areas": ["facilities"]}, "Report asked for"),
        ({"of": []}, "Report asked for"),
        ({"read_by": None}, "Report not read yet"),
        ({"read_by__exceptions": "Two leavers kept access."}, "Shown, with exceptions"),
        ({"period_to": datetime(2021, 1, 1, tzinfo=UTC)}, "Report ended"),
        ({"period_from": datetime(2029, 1, 1, tzinfo=UTC)}, "Report asked for"),
        ({"every_region": True, "regions": []}, "Shown by a report"),
    ],
)
def test_it_is_no_pass_by_default(third_line: LoggedIn, s3: ServiceType, report: dict[str, Any], state: str) -> None:
    ProviderReportFactory(**{"of": [s3], "read_by": third_line.person, **report})
    assert part(third_line)[0][0] == state


def test_a_report_on_another_framework_does_not_speak_of_this_one(third_line: LoggedIn, s3: ServiceType) -> None:
    pci = EditionFactory().version.framework
    ProviderReportFactory(of=[s3], read_by=third_line.person, framework=pci)
    assert part(third_line)[0][0] == "Report asked for"


def test_a_gap_letter_carries_a_report_on(log_in: LogIn, s3: ServiceType) -> None:
    person = UserFactory(second_line=True)
    report = ProviderReportFactory(of=[s3], read_by=person, period_to=datetime(2026, 10, 1, tzinfo=UTC))
    page = f"/provider-reports/{report.public_id}/gap-letter/"
    with at("2026-12-01"):
        second_line = log_in(person)
        assert part(second_line)[0][0] == "Report ended"
        for day, said in (
            ("2026-09-01", "The report's own period lasts longer."),
            ("2027-01-01", "Nobody can state today what did not change later."),
        ):
            assert second_line.post(page, {"until": day}).context["form"].errors == {"until": [said]}
        second_line.post(page, {"until": "2026-12-01", "note": "Letter of 1 December"})
        assert part(second_line)[0][:2] == ("Shown by a report", "2026-12-01")
        assert "1 Dec 2026 by a gap letter" in words(second_line.get("/provider-reports/"))
    with at("2027-02-01"):
        second_line = log_in(person)
        assert part(second_line)[0][0] == "Report ended"
        then = second_line.get("/provider-reports/?as_of=2026-11-01")
        assert title(then) == "0 provider reports speak, 1 has ended"


def test_a_withdrawn_report_shows_nothing_from_then_on(log_in: LogIn, s3: ServiceType) -> None:
    person = UserFactory(second_line=True)
    report = ProviderReportFactory(name="SOC 2", of=[s3], read_by=person)
    page = f"/provider-reports/{report.public_id}/"
    with at("2026-12-01"):
        second_line = log_in(person)
        second_line.post(f"{page}withdraw/", {"reason": "Of another provider"})
        assert part(second_line)[0][0] == "Report asked for"
        assert title(second_line.get(page)) == "SOC 2: withdrawn"
        assert "Of another provider" in words(second_line.get(page))
        assert title(second_line.get("/provider-reports/?as_of=2026-11-01")) == "1 provider report speaks"
        assert second_line.post(f"{page}read/", {"exceptions": ""}).status_code == 404


def test_each_control_that_it_expects_is_mapped_or_not_met(second_line: LoggedIn, s3: ServiceType) -> None:
    report = ProviderReportFactory(of=[s3], expects=["Users who leave are removed.", "Logs are read."])
    leavers, logs = report.expected_controls.all()
    control = ControlFactory(name="Leavers are removed")
    page = f"/provider-reports/{report.public_id}/"
    second_line.post(f"{page}expected/{leavers.pk}/", {"control": control.pk, "because": "Done each week"})
    answer = second_line.post(f"{page}expected/{logs.pk}/", {"because": "Nobody reads them"}, follow=True)
    assert "1 of 2 met" in words(answer)
    assert f"{control.public_id} Leavers are removed Done each week" in words(answer)
    assert "not met yet Nobody reads them" in words(answer)
    second_line.post(f"{page}expected/{leavers.pk}/", {"because": "It was switched off"})
    assert "0 of 2 met" in words(second_line.get(page))
    assert ComplementaryAnswer.objects.count() == 3
    other = ProviderReportFactory(expects=["Keys are kept."]).expected_controls.get()
    assert second_line.post(f"{page}expected/{other.pk}/", {"because": "x"}).status_code == 404


def test_reading_it_is_what_makes_it_speak(second_line: LoggedIn, s3: ServiceType) -> None:
    report = ProviderReportFactory(of=[s3])
    assert part(second_line)[0][0] == "Report not read yet"
    second_line.post(f"/provider-reports/{report.public_id}/read/", {"exceptions": "A fire door stood open."})
    assert part(second_line)[0][0] == "Shown, with exceptions"
    assert "Exceptions: A fire door stood open." in words(second_line.get(f"/provider-reports/{report.public_id}/"))


def test_the_interface_tells_of_reports(third_line: LoggedIn, s3: ServiceType) -> None:
    report = ProviderReportFactory(of=[s3], read_by=third_line.person)
    told = third_line.get(f"/api/v1/provider-reports/{report.public_id}/").json()
    assert (told["services"], told["regions"], told["gap_letter_until"]) == (["s3"], ["eu-central-1"], None)
    (row,) = third_line.get("/api/v1/provider-reports/").json()["results"]
    assert row == {name: told[name] for name in row}


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(
    third_line: LoggedIn, s3: ServiceType, count: int, django_assert_num_queries: Any
) -> None:
    ProviderReportFactory.create_batch(count, of=[s3], read_by=third_line.person)
    with django_assert_num_queries(9):
        third_line.get("/provider-reports/")
