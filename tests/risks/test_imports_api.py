"""The register's file through the API: brought, looked at, applied as one change, taken back."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from risks import tasks
from risks.models import RegisterImport, Risk
from tests.conftest import LoggedIn, LogIn
from tests.risks.test_exchange import as_file, exported, owned, rows
from tests.risks.test_risk_moves_api import errors, post

__all__ = ["owned"]
pytestmark = pytest.mark.django_db
IMPORTS = "register-imports/"


def bring(browser: LoggedIn, content: bytes, **said: Any) -> Any:
    return browser.post(f"/api/v1/{IMPORTS}add/", {"file": SimpleUploadedFile("risks.csv", content), **said})


def test_a_changed_register_is_brought_applied_and_taken_back(
    first_line: LoggedIn, second_line: LoggedIn, owned: Risk
) -> None:
    (row,) = rows(exported(first_line))
    made = bring(first_line, as_file([row | {"Title": "Keys leak twice"}]), because="Yearly review")
    assert (made.status_code, made.json()["state"]) == (201, "waiting"), made.content
    one, pk = f"{IMPORTS}{made.json()['id']}/", RegisterImport.objects.get().pk
    assert errors(post(first_line, f"{one}apply/")) == {"refused": ["It is not ready to apply."]}
    tasks.read_import(pk)
    told = first_line.get(f"/api/v1/{one}").json()
    assert (told["state"], len(told["preview"]["changed"]), told["risks"]) == ("ready", 1, [])
    assert "they apply it" in errors(post(second_line, f"{one}apply/"))["refused"][0]
    assert post(first_line, f"{one}apply/").json()["state"] == "to_apply"
    tasks.apply_import(pk)
    assert first_line.get(f"/api/v1/{one}").json()["risks"] == [owned.public_id]
    owned.refresh_from_db()
    assert owned.title == "Keys leak twice"
    dropped = errors(post(first_line, f"{one}drop/"))
    assert dropped == {"refused": ["Only what is ready to apply, or refused, is dropped."]}
    back = post(first_line, f"{one}take-back/", because="Wrong file")
    assert (back.status_code, back.json()["reverses"]) == (201, made.json()["id"])
    tasks.apply_import(RegisterImport.key_of(back.json()["id"]))
    owned.refresh_from_db()
    assert owned.title == "Keys leak"
    assert "only once" in errors(post(first_line, f"{one}take-back/", because="Again"))["refused"][0]


def test_a_wrong_file_names_its_problems_and_is_dropped(first_line: LoggedIn, owned: Risk, log_in: LogIn) -> None:
    (row,) = rows(exported(first_line))
    made = bring(first_line, as_file([row | {"Owner": "nobody@example.org"}])).json()
    tasks.read_import(RegisterImport.objects.get().pk)
    told = first_line.get(f"/api/v1/{IMPORTS}{made['id']}/").json()
    assert (told["state"], len(told["problems"])) == ("refused", 1)
    stranger = log_in(first_line=True)
    assert stranger.get(f"/api/v1/{IMPORTS}{made['id']}/").status_code == 404
    assert stranger.get(f"/api/v1/{IMPORTS}").json()["results"] == []
    assert post(first_line, f"{IMPORTS}{made['id']}/drop/").json()["state"] == "dropped"
