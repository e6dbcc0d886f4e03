import pytest
from pytest_django import DjangoAssertNumQueries

from audit import clock
from desk.models import Job
from tests.conftest import LoggedIn
from tests.factories import JobFactory


def test_a_job_is_followed_until_it_is_finished(second_line: LoggedIn) -> None:
    job = JobFactory(requested_by=second_line.person)
    url = f"/desk/jobs/{job.public_id}/"
    job.begin(total=4, step="Security Hub")
    job.advance(step="AWS Config")
    part = second_line.get(url, headers={"HX-Request": "true"})
    assert b"25" in part.content
    assert b"AWS Config" in part.content
    assert f'hx-get="{url}"'.encode() in part.content
    job.finish(Job.State.PARTLY, step="1 account denied access")
    part = second_line.get(url, headers={"HX-Request": "true"})
    assert b"hx-get" not in part.content
    assert b"Done, with gaps" in part.content


def test_the_part_equals_a_reload(second_line: LoggedIn) -> None:
    job = JobFactory(requested_by=second_line.person, running=True)
    url = f"/desk/jobs/{job.public_id}/"
    page, part = second_line.get(url), second_line.get(url, headers={"HX-Request": "true"})
    assert part.content.strip() in page.content
    assert "HX-Request" in page["Vary"]


def test_a_finished_job_does_not_begin_again(second_line: LoggedIn) -> None:
    job = JobFactory(finished=True)
    job.begin(total=1, step="Again")
    job.refresh_from_db()
    assert job.state == Job.State.DONE
    assert job.finished_at <= clock.now()


def test_a_person_sees_the_jobs_they_asked_for(second_line: LoggedIn) -> None:
    JobFactory(title="Theirs", running=True)
    JobFactory(title="Mine", requested_by=second_line.person, running=True)
    shown = second_line.get("/desk/jobs/").content.decode()
    assert "1 job is running" in shown
    assert "Theirs" not in shown


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number(
    second_line: LoggedIn, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    JobFactory.create_batch(count, requested_by=second_line.person, finished=True)
    JobFactory.create_batch(count, requested_by=second_line.person, running=True)
    second_line.get("/desk/jobs/")
    with django_assert_num_queries(7):
        second_line.get("/desk/jobs/")
