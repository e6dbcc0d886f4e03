"""What is stated of requirements, read and stated through the API."""

from __future__ import annotations

import pytest

from tests.conftest import LoggedIn
from tests.controls.test_mapping_moves_api import errors, post
from tests.controls.test_statements import iso
from tests.factories.controls import FrameworkFactory

pytestmark = pytest.mark.django_db


def test_requirements_are_stated_and_read(second_line: LoggedIn, first_line: LoggedIn) -> None:
    first, second, third = iso("A.5.1", "A.5.2", "A.5.3")
    path = f"frameworks/{first.version.framework.public_id}/statements/"
    chosen = {"requirements": [first.public_id, second.public_id], "decision": "implemented", "because": "Policy P-1"}
    assert post(second_line, f"{path}state/", **chosen).json() == {"stated": 2}
    page = first_line.get(f"/api/v1/{path}?size=2").json()
    one = page["results"][0]
    assert one.pop("stated_at")
    assert one == {
        "id": first.public_id,
        "key": "A.5.1",
        "label": first.label,
        "title": first.title,
        "state": "implemented",
        "word": "Implemented",
        "applies": True,
        "because": "Policy P-1",
        "stated_by": {"id": second_line.person.public_id, "name": second_line.person.name},
    }
    (left,) = first_line.get(page["next"]).json()["results"]
    assert (left["id"], left["state"], left["applies"], left["stated_by"]) == (
        third.public_id, "not_stated", None, None,
    )  # fmt: skip
    narrowed = first_line.get(f"/api/v1/{path}?state=implemented&q=A.5.2").json()["results"]
    assert [row["id"] for row in narrowed] == [second.public_id]
    assert first_line.get(f"/api/v1/{path}?state=in_place").status_code == 400


def test_other_words_than_the_framework_s_are_refused(second_line: LoggedIn, first_line: LoggedIn) -> None:
    (one,) = iso("A.5.1")
    path = f"frameworks/{one.version.framework.public_id}/statements/state/"
    said = {"requirements": [one.public_id], "because": "So it is"}
    refused = errors(post(second_line, path, **said, decision="in_place"))
    assert refused == {"decision": ["This framework is not answered for in these words."]}
    assert post(first_line, path, **said, decision="implemented").status_code == 403
    nothing = f"frameworks/{FrameworkFactory().public_id}/statements/state/"
    assert post(second_line, nothing, **said, decision="applicable").status_code == 404
