"""Categories of risks: added, changed, retired and re-opened by the second line."""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import TrailEntry
from risks.models import Category
from tests.conftest import LoggedIn
from tests.factories.risks import CategoryFactory, RiskFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db
PAGE = "/risks/categories/"


def test_a_fresh_installation_has_none_and_says_what_to_do(second_line: LoggedIn, first_line: LoggedIn) -> None:
    page = second_line.get(PAGE)
    assert title(page) == "Risks are not sorted into categories yet"
    assert "Add the first one" in words(page)
    assert "The second line adds them." in words(first_line.get(PAGE))


def test_a_category_is_added_changed_retired_and_re_opened(second_line: LoggedIn) -> None:
    second_line.post(f"{PAGE}add/", {"name": "Confidentiality", "description": "Others read what is ours"})
    made = Category.objects.get()
    said = {"name": "Confidentiality and privacy", "description": "", "version": made.version}
    second_line.post(f"{PAGE}{made.public_id}/change/", said)
    made.refresh_from_db()
    assert (made.name, made.version) == ("Confidentiality and privacy", 2)
    assert title(second_line.get(PAGE)) == "Risks are sorted into 1 category"
    second_line.post(f"{PAGE}{made.public_id}/retire/", {"reason": "Split into two"})
    assert not Category.objects.in_use().exists()
    assert "retired" in words(second_line.get(PAGE))
    assert second_line.get(f"{PAGE}{made.public_id}/change/").status_code == 404
    second_line.post(f"{PAGE}{made.public_id}/reopen/", {"reason": "After all"})
    assert Category.objects.in_use().get() == made
    acts = TrailEntry.objects.filter(kind="category").order_by("id").values_list("action", flat=True)
    assert list(acts) == ["category.added", "category.changed", "category.retired", "category.reopened"]


def test_a_name_is_used_once(second_line: LoggedIn) -> None:
    held = CategoryFactory(name="Availability")
    answer = second_line.post(f"{PAGE}add/", {"name": "availability"})
    assert answer.status_code == 422
    assert "Another category has this name; a retired one keeps its own." in words(answer)
    other = CategoryFactory(name="Integrity")
    said = {"name": held.name, "version": other.version}
    assert second_line.post(f"{PAGE}{other.public_id}/change/", said).status_code == 422


def test_two_people_cannot_overwrite_each_other(second_line: LoggedIn) -> None:
    held = CategoryFactory(name="Integrity")
    url = f"{PAGE}{held.public_id}/change/"
    second_line.post(url, {"name": "Integrity of data", "version": 1})
    answer = second_line.post(url, {"name": "Wholeness", "version": 1})
    assert answer.status_code == 422
    assert "Nothing was overwritten." in words(answer)
    assert Category.objects.get().name == "Integrity of data"


def test_only_the_second_line_changes_them(first_line: LoggedIn) -> None:
    held = CategoryFactory()
    for path in ("add", f"{held.public_id}/change", f"{held.public_id}/retire"):
        assert first_line.post(f"{PAGE}{path}/", {"name": "x", "reason": "x"}).status_code == 403
    assert f"{held.public_id}/change/" not in first_line.get(PAGE).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_costs_the_same_for_any_number(
    second_line: LoggedIn, count: int, django_assert_num_queries: Any
) -> None:
    RiskFactory.create_batch(count)
    with django_assert_num_queries(7):
        assert "Open risks" in words(second_line.get(PAGE))
