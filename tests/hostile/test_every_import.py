"""Every import is given every hostile file: refused in words, before it takes memory, and nothing of it is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

import controls.tasks
import risks.tasks
from assurance.population_lines import listed_in
from controls.imports import content, template
from controls.imports.refusals import Refused
from controls.models import Import
from evidence.models import EvidenceRequest, RequestImport
from evidence.pbc import reading as requests
from risks.exchange import reading as register
from risks.models import RegisterImport
from risks.refusals import Refused as RefusedAtField
from tests.conftest import LogIn
from tests.hostile.files import FILES, WORKBOOKS, rows

READERS: dict[str, Callable[[bytes], Any]] = {
    "register": register.read,
    "requests": requests.read,
    "population": lambda raw: list(listed_in(raw)),
}
TOO_MUCH = ("too many styles", "a row without end")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_is_refused_in_words_or_read_for_what_it_is(reader: str, name: str) -> None:
    try:
        read = READERS[reader](FILES[name])
    except (Refused, RefusedAtField) as no:
        said = str(no)
    else:
        said = f"{read}"
    assert 0 < len(said) < 20_000
    assert "root:" not in said


@pytest.mark.parametrize("name", TOO_MUCH)
def test_a_workbook_of_more_markup_than_a_reader_can_hold_is_refused_unread(name: str) -> None:
    with pytest.raises(Refused, match="The workbook has more markup than is read"):
        content.check_workbook(WORKBOOKS[name])


def test_a_workbook_of_rows_without_end_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controls.imports.content.MOST_TAGS", 1_000)
    with pytest.raises(Refused, match=r"sheet1.xml: The workbook has more markup than is read"):
        content.check_workbook(rows(b"<row/>" * 1_000))


@pytest.mark.parametrize("name", ["deep YAML", "deeper YAML", "deep maps of YAML"])
def test_yaml_that_would_take_the_process_with_it_is_refused(name: str) -> None:
    with pytest.raises(Refused, match=r"line \d: Nested deeper than 60 levels"):
        template.read(FILES[name].decode())


def test_a_template_of_too_many_values_is_refused_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controls.imports.template.MOST_NODES", 100)
    with pytest.raises(Refused, match="line 1: The template has more than 100 values"):
        template.read("Resources: [" + "a," * 200 + "]")


def _post(browser: Client, path: str, name: str) -> Any:
    return browser.post(path, {"file": SimpleUploadedFile(f"{name}.xlsx", FILES[name]), "make_current": "on"})


@pytest.mark.django_db
@pytest.mark.parametrize("name", FILES)
def test_a_worker_refuses_a_hostile_framework_and_says_why(log_in: LogIn, name: str) -> None:
    assert _post(log_in(second_line=True), "/frameworks/imports/add/", name).status_code == 302
    found = Import.objects.get()
    controls.tasks.read_import(found.pk)
    found.refresh_from_db()
    assert found.job is not None
    assert (found.state, found.job.state) in {("refused", "failed"), ("ready", "done")}
    assert "failed to read" not in str(found.problems)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", [*TOO_MUCH, "no such string", "a wrong attribute", "NUL", "UTF-16", "a quote that does not end"]
)
def test_a_hostile_register_or_list_asks_for_nothing(log_in: LogIn, name: str) -> None:
    assert _post(log_in(first_line=True), "/risks/import/add/", name).status_code == 302
    found = RegisterImport.objects.get()
    risks.tasks.read_import(found.pk)
    found.refresh_from_db()
    assert found.state == "refused"
    auditor = log_in(third_line=True)
    answer = _post(auditor, "/evidence/requests/lists/add/", name)
    assert answer.status_code == 302
    assert RequestImport.objects.get().state == "refused"
    assert auditor.get(answer["Location"]).status_code == 200
    assert not EvidenceRequest.objects.exists()
