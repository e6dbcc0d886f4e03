"""The matrix in force, adopting another version, and that what was assessed before keeps its meaning."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from audit import clock
from audit.models import StaleRow, TrailEntry
from organisation.models import NotAllowed
from risks import matrices, standing
from risks.matrices import Draft
from risks.models import Matrix, Risk
from risks.shapes import FIVE_BY_FIVE
from tests.conftest import LoggedIn
from tests.factories.risks import AppetiteFactory, AssessmentFactory, MatrixFactory
from tests.findings_pages.reading_pages import title, words

pytestmark = pytest.mark.django_db
ADOPT = "/risks/matrix/adopt/"
APPROVED: dict[str, Any] = {"approved_by": "Board", "approved_on": date(2020, 1, 1)}
THREE = Draft(
    likelihoods=["Rare", "Possible", "Likely"],
    impacts=["Minor", "Moderate", "Severe"],
    levels=[{"label": "Small", "tone": 1}, {"label": "Notable", "tone": 3}, {"label": "Grave", "tone": 5}],
    cells=[[0, 0, 1], [0, 1, 2], [1, 2, 2]],
    by_severity=[0, 0, 0, 1, 2, 2],
    carried=[0, 1, 1, 2],
)


def filled_in(draft: Draft, **more: Any) -> dict[str, Any]:
    """What a browser posts of this version."""
    fields = {f"likelihood_{n}": label for n, label in enumerate(draft.likelihoods)}
    fields |= {f"impact_{n}": label for n, label in enumerate(draft.impacts)}
    fields |= {f"level_{n}": one["label"] for n, one in enumerate(draft.levels)}
    fields |= {f"tone_{n}": str(one["tone"]) for n, one in enumerate(draft.levels)}
    fields |= {f"cell_{r}_{c}": str(one) for r, row in enumerate(draft.cells) for c, one in enumerate(row)}
    fields |= {f"severity_{n}": str(one) for n, one in enumerate(draft.by_severity)}
    fields |= {f"carried_{n}": str(one) for n, one in enumerate(draft.carried)}
    said = {"because": "The board asked", "approved_by": "Board", "approved_on": "2020-01-01", "reference": "B-7"}
    read = Matrix.objects.in_force(clock.now())
    return {**fields, **said, "read": read.pk if read else "", **more}


def sizes(draft: Draft) -> str:
    said = {"likelihoods": len(draft.likelihoods), "impacts": len(draft.impacts), "levels": len(draft.levels)}
    return ADOPT + "?start=standard&" + "&".join(f"{name}={n}" for name, n in said.items())


def adopted(draft: Draft = THREE, **more: Any) -> Matrix:
    read = Matrix.objects.in_force(clock.now())
    return matrices.adopt(draft, because="Changed", by="test", read=read, **{**APPROVED, **more})


def test_a_fresh_installation_says_that_a_matrix_is_needed_and_leads_to_it(
    second_line: LoggedIn, first_line: LoggedIn
) -> None:
    page = second_line.get("/risks/matrix/")
    assert title(page) == "No matrix is adopted yet"
    assert f'href="{ADOPT}"' in page.content.decode()
    assert "The second line adopts it" in words(first_line.get("/risks/matrix/"))
    assert title(second_line.get(ADOPT)) == "Adopt the first matrix"


def test_the_first_matrix_is_previewed_and_then_adopted(second_line: LoggedIn) -> None:
    first = Draft.standard()
    preview = second_line.post(ADOPT, filled_in(first, act="preview"))
    assert preview.context["form"].errors == {}
    assert "There is no open risk yet: nothing changes." in words(preview)
    assert not Matrix.objects.exists()
    seen = preview.context["digest"]
    done = second_line.post(ADOPT, filled_in(first, act="adopt", seen=seen), follow=True)
    assert title(done) == "Risks are stated on a 5×5 matrix with 4 levels"
    made = Matrix.objects.get()
    assert {name: getattr(made, name) for name in FIVE_BY_FIVE} == FIVE_BY_FIVE
    assert (made.follows, made.adopted_by, made.carried) == (None, second_line.person, [])
    assert "approved by Board on 1 Jan 2020" in words(done)
    assert TrailEntry.objects.filter(action="matrix.adopted", object_id=made.public_id).exists()


def test_nothing_is_adopted_that_was_not_looked_at(second_line: LoggedIn) -> None:
    answer = second_line.post(ADOPT, filled_in(Draft.standard(), act="adopt", seen="something else"))
    assert "What adopting it would change" in words(answer)
    assert not Matrix.objects.exists()


def test_more_likely_or_worse_never_gives_a_lower_level(second_line: LoggedIn) -> None:
    MatrixFactory()
    cells = [[0, 0, 1], [0, 2, 2], [1, 1, 2]]
    answer = second_line.post(sizes(THREE), filled_in(Draft(**{**THREE.said, "cells": cells}), act="preview"))
    assert answer.status_code == 422
    assert "“Likely” and “Moderate” gives Notable, but what is less likely gives Grave." in words(answer)
    cells = [[0, 0, 1], [1, 0, 2], [1, 2, 2]]
    answer = second_line.post(sizes(THREE), filled_in(Draft(**{**THREE.said, "cells": cells}), act="preview"))
    assert "“Possible” and “Moderate” gives Small, but a smaller impact gives Notable." in words(answer)
    assert Matrix.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"carried": [0, 2, 1, 2]}, "“High” of the matrix before would read as less than “Medium”."),
        ({"carried": [0, 1]}, "Say for each level of the matrix before what it reads as now."),
        ({"by_severity": [0, 0, 2, 1, 2, 2]}, "Severity “Medium” would stand for a lower level than “Low”."),
        ({"impacts": ["Minor", "minor", "Severe"]}, "Two of the impacts have the same name."),
        ({"likelihoods": ["Rare", " ", "Likely"]}, "Each of the likelihoods needs a name of up to 40 characters."),
        (
            {"cells": [[0, 0, 1], [0, 1, 9], [1, 2, 2]]},
            "Every cell, severity and earlier level needs one of the levels.",
        ),
        ({"levels": THREE.levels[:2], "cells": [[0] * 3] * 3}, "A matrix has 3 to 6 levels"),
    ],
)
def test_what_a_matrix_may_not_look_like(change: dict[str, Any], said: str) -> None:
    MatrixFactory()
    with pytest.raises(NotAllowed) as no:
        adopted(Draft(**{**THREE.said, **change}))
    assert said in str(no.value)


def test_a_size_that_no_matrix_has_is_refused(second_line: LoggedIn) -> None:
    assert second_line.get(f"{ADOPT}?likelihoods=7").status_code == 400
    assert second_line.get(f"{ADOPT}?likelihoods=6&impacts=3&levels=6").status_code == 200


def test_the_preview_counts_what_would_change(second_line: LoggedIn) -> None:
    AppetiteFactory(appetite=1, tolerance=1)
    for likelihood, impact in ((0, 0), (3, 3), (4, 4)):
        AssessmentFactory(likelihood=likelihood, impact=impact)
    standing.refresh()
    draft = Draft(**{**THREE.said, "carried": [0, 1, 1, 2]})
    page = second_line.post(sizes(THREE), filled_in(draft, act="preview"))
    assert [(one["label"], one["before"], one["after"]) for one in page.context["standings"]] == [
        ("Above tolerance", 2, 1),
        ("Within appetite", 1, 2),
    ]
    assert {one["label"]: one["count"] for one in page.context["levels_before"]} == {
        "Low": 1,
        "Medium": 0,
        "High": 1,
        "Critical": 1,
    }
    assert {one["label"]: one["count"] for one in page.context["levels_after"]} == {
        "Small": 1,
        "Notable": 1,
        "Grave": 1,
    }


def test_two_people_cannot_adopt_at_once(second_line: LoggedIn) -> None:
    read = MatrixFactory()
    first = second_line.post(sizes(THREE), filled_in(THREE, act="preview", read=read.pk))
    adopted()
    mine = filled_in(THREE, act="adopt", read=read.pk, seen=first.context["digest"])
    answer = second_line.post(sizes(THREE), mine)
    assert answer.status_code == 422
    assert "Another matrix was adopted after you opened this page." in words(answer)
    assert Matrix.objects.count() == 2
    with pytest.raises(StaleRow):
        matrices.adopt(THREE, because="x", by="test", read=read, **APPROVED)


def test_an_old_assessment_keeps_its_meaning() -> None:
    old = MatrixFactory()
    stated = AssessmentFactory(likelihood=3, impact=3)
    new = adopted()
    stated.refresh_from_db()
    assert (stated.matrix, stated.level, stated.label) == (old, 2, "High")
    risk = Risk.objects.get()
    assert (risk.current, new.label(risk.current or 0)) == (1, "Notable")
    assert (risk.likelihood, risk.impact) == (None, None)


def test_levels_are_carried_through_any_number_of_versions() -> None:
    first = MatrixFactory()
    second = adopted()
    four = Draft(
        **{**Draft.of(second).said, "levels": [*THREE.levels, {"label": "Ruin", "tone": 6}], "carried": [1, 2, 3]}
    )
    third = adopted(four)
    assert [matrices.carried(level, first, third) for level in range(4)] == [1, 2, 2, 3]
    assert [matrices.carried(level, second, third) for level in range(3)] == [1, 2, 3]
    assert matrices.carried(2, third, third) == 2
    with pytest.raises(LookupError):
        matrices.carried(0, third, first)


def test_a_version_of_the_same_words_keeps_the_cells_of_what_still_has_its_level() -> None:
    MatrixFactory()
    stays, moves = (AssessmentFactory(likelihood=n, impact=n).risk for n in (3, 2))
    cells = [list(row) for row in FIVE_BY_FIVE["cells"]]
    cells[2][2] = 2
    cells[2][3] = cells[2][4] = 2
    adopted(Draft(**{**Draft.of(Matrix.objects.get()).said, "cells": cells}))
    stays.refresh_from_db()
    moves.refresh_from_db()
    assert (stays.current, stays.likelihood, stays.impact) == (2, 3, 3)
    assert (moves.current, moves.likelihood, moves.impact) == (1, None, None)


def test_every_version_has_its_page_and_the_past_shows_the_one_then_in_force(first_line: LoggedIn) -> None:
    old = MatrixFactory()
    new = adopted(reference="Minutes 12")
    page = first_line.get("/risks/matrix/")
    assert title(page) == "Risks are stated on a 3×3 matrix with 3 levels"
    assert "Minutes 12" in words(page)
    earlier = first_line.get(f"/risks/matrix/{old.public_id}/")
    assert title(earlier) == f"{old.public_id}: a 5×5 matrix that was in force before"
    yesterday = (clock.now() - timedelta(days=1)).date()
    assert title(first_line.get(f"/risks/matrix/?as_of={yesterday}")).startswith("Risks are stated on a 5×5 matrix")
    assert first_line.get(f"/risks/matrix/{new.public_id}/?as_of={yesterday}").status_code == 404
    assert ADOPT not in page.content.decode()


def test_only_the_second_line_adopts(first_line: LoggedIn, third_line: LoggedIn) -> None:
    for browser in (first_line, third_line):
        assert browser.post(ADOPT, filled_in(Draft.standard(), act="preview")).status_code == 403


def test_the_page_costs_the_same_for_any_number_of_versions(
    second_line: LoggedIn, django_assert_max_num_queries: Any
) -> None:
    MatrixFactory()
    for _n in range(3):
        adopted(Draft(**{**THREE.said, "carried": [0] * len(Matrix.objects.order_by("pk").last().levels)}))  # type: ignore[union-attr]
    with django_assert_max_num_queries(9):
        second_line.get("/risks/matrix/")
