"""What the lines read of frameworks: their requirements, the checks that show something of them, and drift."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest

from audit import clock
from controls.models import Edition, Mapping, Selection
from tests.clock import at
from tests.conftest import LoggedIn
from tests.factories.controls import (
    EditionFactory,
    FrameworkFactory,
    FrameworkVersionFactory,
    MappingFactory,
    MappingSetFactory,
    ProfileFactory,
    SectionFactory,
)
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db
LIST = "/frameworks/"


def moment(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00+00:00")


def page_of(version: Any, query: str = "") -> str:
    return f"{LIST}{version.framework.public_id}/{query}"


def requirement_page(edition: Any, query: str = "") -> str:
    return f"{LIST}requirements/{edition.public_id}/{query}"


def labels(answer: Any) -> list[str]:
    return [row.label for row in answer.context["page"].rows]


def door(answer: Any, words: str) -> str:
    """The address behind a link with these words."""
    found = re.search(rf'<a href="([^"]+)">[^<]*(?:<[^a][^>]*>[^<]*)*{re.escape(words)}', answer.content.decode())
    assert found, words
    return found[1].replace("&amp;", "&")


def test_the_list_says_how_much_of_each_framework_a_check_shows(second_line: LoggedIn) -> None:
    version = FrameworkVersionFactory(framework__name="NZISM", label="3.9")
    MappingFactory(edition=EditionFactory(version=version))
    EditionFactory.create_batch(3, version=version)
    FrameworkVersionFactory(framework__name="SOC 2")
    answer = second_line.get(LIST)
    assert title(answer) == "2 frameworks, 1 mapping awaits a decision"
    nzism, soc = (row.figures for row in answer.context["rows"])
    assert (nzism.requirements, nzism.mapped, nzism.approved, nzism.share, nzism.proposed) == (4, 1, 0, 25.0, 1)
    assert (soc.requirements, soc.mapped) == (0, 0)
    assert len(labels(second_line.get(page_of(version, "?mapped=yes")))) == nzism.mapped


def test_without_a_framework_the_list_says_how_one_comes_in(second_line: LoggedIn) -> None:
    answer = second_line.get(LIST)
    assert title(answer) == "No framework yet"
    assert "the second line imports" in words(answer)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["1.1", "1.2", "2.1"]),
        ("?q=password", ["1.2"]),
        ("?q=2", ["2.1"]),
        ("?obligation=must", ["1.1"]),
        ("?baseline=low", ["2.1"]),
        ("?mapped=yes", ["1.1"]),
        ("?mapped=no", ["1.2", "2.1"]),
        ("?mapped=no&q=password", ["1.2"]),
    ],
)
def test_requirements_are_narrowed_by_what_the_address_asks_for(
    second_line: LoggedIn, query: str, expected: list[str]
) -> None:
    version = FrameworkVersionFactory()
    first = EditionFactory(version=version, key="1.1", obligation="must")
    EditionFactory(version=version, key="1.2", title="Passwords")
    last = EditionFactory(version=version, key="2.1")
    MappingFactory(edition=first)
    Selection.objects.create(profile=ProfileFactory(version=version), requirement=last.requirement)
    answer = second_line.get(page_of(version, query))
    assert labels(answer) == expected
    assert answer.context["total"] == len(expected)
    told = second_line.get(f"/api/v1/frameworks/{version.framework.public_id}/requirements/{query}").json()
    assert [row["label"] for row in told["results"]] == expected


def test_a_section_has_what_lies_below_it(second_line: LoggedIn) -> None:
    version = FrameworkVersionFactory()
    chapter = SectionFactory(version=version, label="16", path="16", title="Access")
    part = SectionFactory(version=version, label="16.1", path="16/16.1", parent=chapter, title="Identification")
    other = SectionFactory(version=version, label="17", path="17")
    EditionFactory(version=version, section=part, key="a")
    EditionFactory(version=version, section=other, key="b")
    top = second_line.get(page_of(version))
    assert [(row.section.label, row.stands.total) for row in top.context["sections"]] == [("16", 1), ("17", 1)]
    inner = second_line.get(page_of(version, f"?section={chapter.public_id}"))
    assert (title(inner), labels(inner)) == ("16 Access: nothing shows its 1 requirement yet", ["a"])
    assert [row.section.label for row in inner.context["sections"]] == ["16.1"]


@pytest.mark.parametrize("query", ["?obligation=perhaps", "?mapped=often", "?section=FS-999"])
def test_a_value_that_is_not_known_is_refused(second_line: LoggedIn, query: str) -> None:
    assert second_line.get(page_of(FrameworkVersionFactory(), query)).status_code == 400


def test_pages_of_requirements_follow_each_other_to_the_end(second_line: LoggedIn) -> None:
    version = FrameworkVersionFactory()
    EditionFactory.create_batch(120, version=version)
    seen: list[str] = []
    address = page_of(version)
    while address:
        answer = second_line.get(address)
        seen += labels(answer)
        cursor = answer.context["page"].next_cursor
        address = page_of(version, f"?cursor={cursor}") if cursor else ""
    assert len(seen) == len(set(seen)) == 120


def test_as_of_a_day_the_framework_is_the_version_that_was_current_then(second_line: LoggedIn) -> None:
    with at("2026-03-20"):
        old = FrameworkVersionFactory(label="3.8", valid_to=moment("2026-03-10"))
        new = FrameworkVersionFactory(framework=old.framework, label="3.9", valid_from=moment("2026-03-10"))
        before = EditionFactory(version=old, key="12", label="1.1", obligation="should")
        EditionFactory(version=new, requirement=before.requirement, label="1.2", obligation="must")
        assert labels(second_line.get(page_of(old))) == ["1.2"]
        assert labels(second_line.get(page_of(old, "?as_of=2026-03-05"))) == ["1.1"]
        assert "Should" in words(second_line.get(requirement_page(before, "?as_of=2026-03-05")))
        assert "3.8: 1.1 Should" in words(second_line.get(requirement_page(before)))
        told = second_line.get(f"/api/v1/frameworks/{old.framework.public_id}/requirements/?as_of=2026-03-05").json()
    assert [(row["label"], row["version"]) for row in told["results"]] == [("1.1", "3.8")]


def test_where_no_mapping_is_published_the_page_says_so(second_line: LoggedIn) -> None:
    version = FrameworkVersionFactory(framework__mappings_note="No mapping is published; none is shipped.")
    assert "No mapping is published; none is shipped." in words(second_line.get(page_of(version)))


def test_a_set_of_mappings_names_its_source_and_date(second_line: LoggedIn) -> None:
    version = FrameworkVersionFactory()
    MappingSetFactory(
        framework=version.framework, url="https://example.org/table", published_on="2024-04-01", stated_version="4.0"
    )
    answer = second_line.get(page_of(version))
    said = words(answer).replace(" ,", ",")
    assert "Published by Amazon Web Services, 1 Apr 2024, for version 4.0." in said
    assert 'href="https://example.org/table"' in answer.content.decode()


def drifting(**stated: str) -> Mapping:
    version = FrameworkVersionFactory(framework__key="nzism", framework__name="NZISM")
    edition = EditionFactory(version=version, key="6843", label="16.1.37.C.01", obligation="must")
    return MappingFactory(edition=edition, **stated)


@pytest.mark.parametrize(
    ("stated", "kind", "said"),
    [
        ({"stated_label": "16.1.35.C.01"}, "label", "says 16.1.35.C.01, is 16.1.37.C.01"),
        ({"stated_obligation": "should"}, "obligation", "says Should, is Must"),
    ],
)
def test_what_a_mapping_names_otherwise_is_drift(
    second_line: LoggedIn, stated: dict[str, str], kind: str, said: str
) -> None:
    mapping = drifting(**stated)
    assert title(second_line.get(LIST)) == "1 framework, 1 mapping awaits a decision, 1 with drift"
    for query in ("any", kind):
        answer = second_line.get(f"{LIST}mappings/?framework=nzism&drift={query}")
        assert [row.mapping for row in answer.context["rows"]] == [mapping]
        assert said in words(answer)
    assert said in words(second_line.get(requirement_page(mapping.requirement)))
    assert not second_line.get(f"{LIST}mappings/?framework=nzism&drift=missing").context["rows"]


def test_an_id_that_the_version_no_longer_has_is_drift_and_still_there(second_line: LoggedIn) -> None:
    mapping = drifting()
    Edition.objects.filter(requirement=mapping.requirement).update(withdrawn_at=clock.now())
    answer = second_line.get(f"{LIST}mappings/?drift=missing")
    assert [row.mapping for row in answer.context["rows"]] == [mapping]
    assert "not in the current version" in words(answer)
    assert title(second_line.get(requirement_page(mapping.requirement))) == "6843 is not in the current version"


def test_what_agrees_is_no_drift(second_line: LoggedIn) -> None:
    drifting(stated_label="16.1.37.C.01", stated_obligation="must")
    assert not second_line.get(f"{LIST}mappings/?drift=any").context["rows"]


def test_hostile_texts_are_only_text(second_line: LoggedIn) -> None:
    edition = EditionFactory(title="<script>1</script>", text="<img src=x onerror=1>")
    for page in (requirement_page(edition), page_of(edition.version)):
        shown = second_line.get(page).content.decode()
        assert "<script>1" not in shown
        assert "<img src=x" not in shown


def test_drafts_and_empty_frameworks_say_what_to_do(second_line: LoggedIn) -> None:
    framework = FrameworkFactory(name="SOC 2")
    assert title(second_line.get(f"{LIST}{framework.public_id}/")) == "SOC 2: no version was current"
    draft = FrameworkVersionFactory(framework=framework, draft=True)
    answer = second_line.get(f"{LIST}{framework.public_id}/?version={draft.public_id}")
    assert f"versions/{draft.public_id}/make-current/" in answer.content.decode()


def test_the_third_line_is_offered_nothing_to_manage(third_line: LoggedIn) -> None:
    edition = EditionFactory()
    MappingFactory(edition=edition)
    for page in (LIST, page_of(edition.version), f"{LIST}mappings/", f"{LIST}packs/"):
        answer = third_line.get(page)
        assert answer.status_code == 200
        assert "/imports/" not in answer.content.decode()
        assert 'name="pick"' not in answer.content.decode()
