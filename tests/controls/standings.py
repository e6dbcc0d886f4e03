"""A small world to read standings in: what a test says of it, and how it asks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from audit.moment import Moment
from controls.models import Edition, Inheritance
from controls.results import Within
from controls.standing import Standing, standings_of_requirements
from findings.models import Check, Source, Status, Workflow
from organisation.models import Solution, Visibility
from tests.factories.controls import CheckReferenceFactory, ControlCheckFactory, ControlMappingFactory, MappingFactory
from tests.factories.findings import AcceptanceFactory, CheckFactory, FindingFactory
from tests.factories.organisation import LONG_AGO
from tests.findings_pages.reading_pages import counted

EVERYTHING = Visibility(everything=True)


def a_check(key: str = "S3.8", **results: int) -> Check:
    """A Security Hub control with so many findings of each status; `suppressed=` and `accepted=` are fails."""
    check = CheckFactory(key=key)
    find(check, **results)
    return check


def find(check: Check, *owners: Solution, **results: int) -> None:
    """Findings of a check, of these solutions, and the postures counted anew."""
    for name, n in results.items():
        told: dict[str, Any] = {"status": Status(PLAIN.get(name, name))}
        if name == "suppressed":
            told["workflow"] = Workflow.SUPPRESSED
        made = FindingFactory.create_batch(n, check_ran=check, solutions=list(owners), **told)
        if name == "accepted":
            for finding in made:
                AcceptanceFactory(finding=finding)
    counted()


PLAIN = {"passed": "pass", "failed": "fail", "suppressed": "fail", "accepted": "fail"}


def shown_by(edition: Edition, check: Check, relation: str = "equal", **more: Any) -> Any:
    """An approved mapping of a requirement to a check."""
    named = _reference(check)
    return MappingFactory(
        edition=edition, check_named=named, mapping_set=None, relation=relation, approved=True, **more
    )


def promised_by(edition: Edition, control: Any, relation: str = "equal", **more: Any) -> Any:
    return ControlMappingFactory(edition=edition, control=control, relation=relation, approved=True, **more)


def satisfied_by(control: Any, check: Check, relation: str = "equal", **more: Any) -> Any:
    return ControlCheckFactory(control=control, check_named=_reference(check), relation=relation, approved=True, **more)


def crosswalked(edition: Edition, other: Edition, relation: str = "equal", **more: Any) -> Any:
    told = {"check_named": None, "mapping_set": None, "relation": relation, "approved": True}
    return MappingFactory(edition=edition, other=other.requirement, **told, **more)


def inherits(solution: Solution, control: Any, until: datetime | None = None) -> Inheritance:
    return Inheritance.objects.create(
        control=control,
        solution=solution,
        because="It runs there",
        agreed_by="test",
        valid_from=LONG_AGO,
        valid_to=until,
    )


def _reference(check: Check) -> Any:
    return CheckReferenceFactory._meta.model.objects.get_or_create(source=Source(check.source), key=check.key)[0]


def standing(
    edition: Edition, within: Within = None, at: datetime | None = None, user: object = EVERYTHING
) -> Standing:
    found = standings_of_requirements(user, Moment.of(at), edition.version, within)
    return found[edition.requirement_id]


def monitoring(edition: Edition, within: Within = None, **asked: Any) -> str:
    return standing(edition, within, **asked).monitoring.value
