"""A file from upload to decision: read by a worker, shown before anything happens, applied whole or dropped."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from audit.models import TrailEntry
from controls import tasks
from controls.imports.content import MOST_BYTES
from controls.models import Edition, Framework, FrameworkVersion, Import
from desk.models import Job
from tests.clock import at
from tests.conftest import LoggedIn
from tests.controls.files import PACK, catalog, control
from tests.databases import Clone
from tests.factories import UserFactory
from tests.factories.controls import FrameworkFactory, FrameworkVersionFactory, ImportFactory
from tests.findings_pages.reading_pages import title, words
from tests.workers import Task, wait_until, worker

IMPORTS = "/frameworks/imports/"
HandedOver = Callable[[], list[Task]]


def upload(browser: Client, file_name: str, content: bytes, /, **asked: str) -> Any:
    file = SimpleUploadedFile(file_name, content)
    return browser.post(f"{IMPORTS}add/", {"file": file, "make_current": "on", **asked})


def uploaded(browser: Client, file_name: str, content: bytes, /, **asked: str) -> Import:
    """The import that the file became, read as a worker reads it."""
    assert upload(browser, file_name, content, **asked).status_code == 302
    found = Import.objects.latest("pk")
    tasks.read_import(found.pk)
    found.refresh_from_db()
    return found


def page_of(found: Import) -> str:
    return f"{IMPORTS}{found.public_id}/"


def apply(browser: Client, found: Import) -> None:
    browser.post(f"{page_of(found)}apply/")
    tasks.apply_import(found.pk)
    found.refresh_from_db()


@pytest.mark.django_db
def test_a_file_is_kept_and_handed_to_a_worker(
    second_line: LoggedIn, handed_over: HandedOver, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = upload(second_line, "c.json", catalog(control("ac-1")))
    found = Import.objects.get()
    assert answer["Location"] == page_of(found)
    assert handed_over() == [("controls.tasks.read_import", (found.pk,))]
    assert found.file.content == catalog(control("ac-1"))
    shown = second_line.get(page_of(found))
    assert title(shown) == "c.json: being read"
    part = second_line.get(page_of(found), headers={"HX-Request": "true", "HX-Target": "under-way"})
    assert "<h1" not in part.content.decode()
    assert part.content.decode().strip() in shown.content.decode()
    tasks.read_import(found.pk)
    whole = second_line.get(page_of(found), headers={"HX-Request": "true", "HX-Target": "under-way"})
    assert (whole["HX-Retarget"], title(whole)) == ("#main", "Example Standard 1.0: ready to apply")
    assert Job.objects.get().state == Job.State.DONE


@pytest.mark.django_db
def test_the_preview_tells_what_is_added_changed_and_withdrawn_and_nothing_happens_before_it_is_applied(
    second_line: LoggedIn,
) -> None:
    apply(second_line, uploaded(second_line, "c.json", catalog(control("ac-1"), control("ac-2"))))
    newer = catalog(control("ac-1") | {"title": "Another title"}, control("ac-3"), version="2.0")
    found = uploaded(second_line, "d.json", newer)
    answer = second_line.get(page_of(found))
    shown = {one["name"]: [row["key"] for row in one["rows"]] for one in answer.context["changes"]}
    assert shown == {"added": ["AC-3"], "changed": ["AC-1"], "withdrawn": ["AC-2"]}
    assert "Title of ac-1 Another title" in words(answer)
    assert list(FrameworkVersion.objects.values_list("label", flat=True)) == ["1.0"]
    apply(second_line, found)
    states = {one.label: str(one.state) for one in FrameworkVersion.objects.all()}
    assert states == {"1.0": "withdrawn", "2.0": "current"}
    version = FrameworkVersion.objects.get(label="2.0")
    become = second_line.get(page_of(found)).context["result_url"]
    assert become == f"/frameworks/{version.framework.public_id}/?version={version.public_id}"
    assert second_line.get(become).status_code == 200
    entry = TrailEntry.objects.filter(action="framework.imported").latest("id")
    assert {name: entry.detail[name] for name in ("added", "changed", "withdrawn")} == {
        "added": 1,
        "changed": 1,
        "withdrawn": 1,
    }


@pytest.mark.django_db
def test_a_version_may_come_in_as_a_draft_and_be_made_current_later(second_line: LoggedIn) -> None:
    found = uploaded(second_line, "c.json", catalog(control("ac-1")), make_current="")
    apply(second_line, found)
    version = FrameworkVersion.objects.get()
    assert str(version.state) == "draft"
    second_line.post(f"/frameworks/versions/{version.public_id}/make-current/", {"reason": "The board agreed"})
    version.refresh_from_db()
    assert str(version.state) == "current"
    entry = TrailEntry.objects.get(action="framework.made_current")
    assert entry.detail["because"] == "The board agreed"


@pytest.mark.django_db
def test_a_version_that_was_replaced_does_not_come_back(second_line: LoggedIn) -> None:
    old = FrameworkVersionFactory(label="1.0")
    FrameworkVersionFactory(framework=old.framework, label="2.0", draft=True).make_current(by="test")
    answer = second_line.post(f"/frameworks/versions/{old.public_id}/make-current/", {"reason": "Back"})
    assert answer.status_code == 422
    assert "it does not come back" in words(answer)


@pytest.mark.django_db
def test_a_refused_file_names_each_place_and_may_be_dropped(second_line: LoggedIn) -> None:
    found = uploaded(second_line, "s.csv", b"key,obligation\r\n1,never\r\n,must\r\n", name="House rules", version="1")
    answer = second_line.get(page_of(found))
    assert title(answer) == "s.csv is refused: 2 problems"
    assert [one["place"] for one in found.problems] == ["row 2, column B", "row 3, column A"]
    assert "Nothing of it was taken in." in words(answer)
    assert (Framework.objects.count(), Job.objects.get().state) == (0, Job.State.FAILED)
    second_line.post(f"{page_of(found)}drop/")
    found.refresh_from_db()
    assert found.state == Import.State.DROPPED


@pytest.mark.django_db
def test_what_is_no_longer_as_previewed_is_not_applied(second_line: LoggedIn) -> None:
    first = uploaded(second_line, "c.json", catalog(control("ac-1")))
    second = uploaded(second_line, "d.json", catalog(control("ac-1"), control("ac-2")))
    apply(second_line, first)
    apply(second_line, second)
    assert (first.state, second.state) == (Import.State.APPLIED, Import.State.REFUSED)
    assert [one["reason"] for one in second.problems] == [
        "What it would change is no longer what the preview showed: import it again."
    ]
    assert Edition.objects.count() == 1


@pytest.mark.django_db
def test_applying_and_reading_twice_changes_nothing_twice(second_line: LoggedIn) -> None:
    found = uploaded(second_line, "c.json", catalog(control("ac-1")))
    tasks.read_import(found.pk)
    apply(second_line, found)
    before = TrailEntry.objects.count()
    tasks.apply_import(found.pk)
    answer = second_line.post(f"{page_of(found)}apply/", follow=True)
    assert "It is not ready to apply." in words(answer)
    assert (Edition.objects.count(), TrailEntry.objects.count()) == (1, before)


@pytest.mark.django_db
def test_a_file_that_changes_nothing_is_not_offered_to_be_applied(second_line: LoggedIn) -> None:
    apply(second_line, uploaded(second_line, "c.json", catalog(control("ac-1"))))
    answer = second_line.get(page_of(uploaded(second_line, "again.json", catalog(control("ac-1")))))
    assert "It changes nothing" in words(answer)
    assert "apply/" not in answer.content.decode()


@pytest.mark.django_db
def test_a_file_that_is_too_large_is_refused_while_it_arrives(second_line: LoggedIn) -> None:
    answer = upload(second_line, "large.json", b" " * (MOST_BYTES + 1))
    assert answer.status_code == 422
    assert "The file is larger than 32 MB." in words(answer)
    assert not Import.objects.exists()


@pytest.mark.django_db
def test_a_lost_task_is_handed_out_again(handed_over: HandedOver, django_capture_on_commit_callbacks: Any) -> None:
    with at("2026-03-01"):
        waiting = ImportFactory(job__requested_at="2026-03-01T11:00Z")
        ImportFactory(job__requested_at="2026-03-01T11:59Z")
        ImportFactory(job__requested_at="2026-03-01T11:00Z", state=Import.State.READY)
        with django_capture_on_commit_callbacks(execute=True):
            tasks.take_up_imports()
    assert handed_over() == [("controls.tasks.read_import", (waiting.pk,))]


@pytest.mark.django_db
def test_the_template_that_is_offered_can_be_filled_in_and_imported(second_line: LoggedIn) -> None:
    book = openpyxl.load_workbook(BytesIO(second_line.get(f"{IMPORTS}template.xlsx").content))
    sheet = book.worksheets[0]
    columns = [cell.value for cell in sheet[1]]
    assert second_line.get(f"{IMPORTS}template.csv").content.decode().strip().split(",") == columns
    sheet.append(["A.1" if name == "key" else "First" if name == "title" else None for name in columns])
    held = BytesIO()
    book.save(held)
    found = uploaded(second_line, "mine.xlsx", held.getvalue(), name="House rules", version="2026")
    apply(second_line, found)
    edition = Edition.objects.get()
    assert (str(edition), str(edition.version)) == ("A.1 First", "House rules 2026")


@pytest.mark.django_db
def test_a_pack_comes_in_as_a_pack(second_line: LoggedIn) -> None:
    FrameworkFactory(key="nzism", name="NZISM", key_word="CID")
    found = uploaded(second_line, "Best-Practices.yaml", PACK.encode())
    apply(second_line, found)
    answer = second_line.get(second_line.get(page_of(found)).context["result_url"])
    assert title(answer) == "Best Practices: 2 rules, 1 answered by a person"


@pytest.mark.django_db
def test_the_list_says_what_is_ready_to_apply(second_line: LoggedIn) -> None:
    assert "Nothing was imported yet" in words(second_line.get(IMPORTS))
    ImportFactory(state=Import.State.READY)
    assert title(second_line.get(IMPORTS)) == "1 import is ready to apply"


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_any_number_of_imports(
    second_line: LoggedIn, count: int, django_assert_max_num_queries: Any
) -> None:
    ImportFactory.create_batch(count)
    second_line.get(IMPORTS)
    with django_assert_max_num_queries(8):
        second_line.get(IMPORTS)


@pytest.mark.slow
def test_workers_read_and_apply_what_pages_ask_for(committed_database: Clone, handed_over: HandedOver) -> None:
    browser = Client()
    browser.force_login(UserFactory(second_line=True))

    def is_in(state: Import.State) -> Callable[[], bool]:
        return lambda: Import.objects.filter(state=state).exists()

    with worker({**committed_database.environment, "LOG_LEVEL": "ERROR"}):
        upload(browser, "c.json", catalog(control("ac-1")))
        wait_until(is_in(Import.State.READY))
        browser.post(f"{page_of(Import.objects.get())}apply/")
        wait_until(is_in(Import.State.APPLIED))
    assert Edition.objects.get().label == "AC-1"
