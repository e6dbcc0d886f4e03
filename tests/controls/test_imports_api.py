"""A framework's file through the API: brought, looked at, applied whole or dropped."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from controls import tasks
from controls.imports.content import MOST_BYTES
from controls.models import FrameworkVersion, Import
from tests.conftest import LoggedIn
from tests.controls.files import catalog, control
from tests.controls.test_mapping_moves_api import errors, post
from tests.factories.controls import FrameworkVersionFactory
from tests.factories.organisation import LONG_AGO

pytestmark = pytest.mark.django_db
IMPORTS = "framework-imports/"


def bring(browser: LoggedIn, content: bytes, **asked: Any) -> Any:
    file = SimpleUploadedFile("c.json", content)
    return browser.post(f"/api/v1/{IMPORTS}add/", {"file": file, **asked})


def test_a_file_is_brought_looked_at_and_applied(second_line: LoggedIn, first_line: LoggedIn) -> None:
    made = bring(second_line, catalog(control("ac-1")), make_current="true")
    assert (made.status_code, made.json()["state"]) == (201, "waiting"), made.content
    found, one = Import.objects.get(), f"{IMPORTS}{made.json()['id']}/"
    assert errors(post(second_line, f"{one}apply/")) == {"refused": ["It is not ready to apply."]}
    tasks.read_import(found.pk)
    told = second_line.get(f"/api/v1/{one}").json()
    assert (told["state"], [row["key"] for row in told["preview"]["added"]], told["problems"]) == (
        "ready", ["AC-1"], [],
    )  # fmt: skip
    assert post(first_line, f"{one}apply/").status_code == 403
    assert post(second_line, f"{one}apply/").json()["state"] == "to_apply"
    tasks.apply_import(found.pk)
    version = FrameworkVersion.objects.get()
    (row,) = second_line.get(f"/api/v1/{IMPORTS}").json()["results"]
    assert (row["state"], row["result"], str(version.state)) == ("applied", version.public_id, "current")
    gone = errors(post(second_line, f"{one}drop/"))
    assert gone == {"refused": ["Only what is ready to apply, or refused, is dropped."]}


def test_a_refused_file_names_each_place_and_is_dropped(second_line: LoggedIn) -> None:
    made = bring(second_line, b"{}").json()
    tasks.read_import(Import.key_of(made["id"]))
    told = second_line.get(f"/api/v1/{IMPORTS}{made['id']}/").json()
    assert (told["state"], bool(told["problems"])) == ("refused", True)
    assert post(second_line, f"{IMPORTS}{made['id']}/drop/").json()["state"] == "dropped"


def test_what_cannot_be_taken_is_refused_while_it_arrives(second_line: LoggedIn) -> None:
    assert errors(bring(second_line, b"x" * (MOST_BYTES + 1))) == {"file": ["The file is larger than 32 MB."]}
    assert errors(bring(second_line, b"{}", framework="x")) == {"framework": ["There is no such framework."]}
    assert not Import.objects.exists()


def test_a_draft_is_made_current_and_a_replaced_one_stays_so(second_line: LoggedIn) -> None:
    draft = FrameworkVersionFactory(draft=True)
    told = post(second_line, f"framework-versions/{draft.public_id}/make-current/", because="The board agreed").json()
    assert (told["id"], told["state"]) == (draft.public_id, "current")
    old = FrameworkVersionFactory(framework=draft.framework, label="0.9", valid_from=LONG_AGO, valid_to=LONG_AGO)
    refused = errors(post(second_line, f"framework-versions/{old.public_id}/make-current/", because="x"))
    assert "it does not come back" in refused["refused"][0]
