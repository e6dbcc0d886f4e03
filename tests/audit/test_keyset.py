import pytest
from django.core.exceptions import BadRequest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.keyset import page_of
from organisation.models import Account, Solution
from tests.conftest import LoggedIn
from tests.factories import AccountFactory, SolutionFactory


def test_pages_show_every_row_once(db: None) -> None:
    for name in ("b", "a", "a", "c", "b", "a", "c"):
        AccountFactory(name=name)
    seen, cursor = [], ""
    while True:
        page = page_of(Account.objects.all(), order=("name", "-id"), cursor=cursor, size=2)
        seen += [account.pk for account in page.rows]
        cursor = page.next_cursor
        if not cursor:
            break
    assert seen == list(Account.objects.order_by("name", "-id").values_list("pk", flat=True))


def test_a_row_that_comes_between_pages_moves_nothing(db: None) -> None:
    for name in "bcd":
        SolutionFactory(name=name)
    first = page_of(Solution.objects.all(), order=("name", "id"), size=2)
    SolutionFactory(name="a")
    second = page_of(Solution.objects.all(), order=("name", "id"), cursor=first.next_cursor, size=2)
    assert [solution.name for solution in [*first.rows, *second.rows]] == ["b", "c", "d"]


def test_the_last_page_has_no_next(db: None) -> None:
    SolutionFactory.create_batch(2)
    page = page_of(Solution.objects.all(), order=("id",), size=2)
    assert (len(page.rows), page.next_cursor, page.is_first) == (2, "", True)


@given(cursor=st.one_of(st.text(min_size=1), st.sampled_from(["bnVsbA", "W10", "WzEsMl0", "WyJ4Il0", "WzFlOTk5XQ"])))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_foreign_cursor_is_refused(db: None, cursor: str) -> None:
    with pytest.raises(BadRequest):
        page_of(Solution.objects.all(), order=("id",), cursor=cursor)


def test_a_foreign_cursor_is_told_so(second_line: LoggedIn) -> None:
    answer = second_line.get("/organisation/solutions/?cursor=garbage")
    assert answer.status_code == 400
    assert "start again from the first" in answer.content.decode()
