"""How it was assessed, and what was found: assessment plan and assessment results."""

from __future__ import annotations

from assurance.pack.contents import CheckPart, Contents, ControlPart, RequirementPart, TestPart
from assurance.pack.oscal.parts import (
    Document,
    back_matter,
    control_ids,
    metadata,
    moment,
    name_of,
    origin,
    props,
    reviewed,
    statement,
    titled,
)
from risks.oscal_names import line

OUT_OF_SCOPE = "not_applicable"
REASONS = {"passing": "pass", "failing": "fail", "partly_failing": "fail"}
"""Why a requirement is (not) satisfied; what is not known is neither a pass nor a fail: other."""


def assessment_plan(contents: Contents) -> Document:
    tests = [_task(contents, control, test) for control in contents.controls for test in control.tests]
    made: Document = {
        "uuid": name_of(contents, "plan"),
        "metadata": metadata(contents, f"Assessment plan of {contents.title}"),
        "import-ssp": {"href": "ssp.json"},
        "reviewed-controls": reviewed(),
    }
    return {"assessment-plan": {**made, **({"tasks": tests} if tests else {})}}


def _task(contents: Contents, control: ControlPart, test: TestPart) -> Document:
    return {
        "uuid": name_of(contents, f"task/{test.id}"),
        "type": "action",
        "title": line(f"{test.kind}: {control.name}"),
        "description": line(test.procedure),
        "props": props(id=test.id, control=control.id, population_sha256=test.population_sha256, sample=test.sample),
    }


def assessment_results(contents: Contents) -> Document:
    observations = [*_of_checks(contents), *_of_tests(contents)]
    findings = [
        _finding(contents, one, key)
        for one, key in zip(contents.requirements, control_ids(contents).values(), strict=True)
        if one.status_key != OUT_OF_SCOPE
    ]
    result: Document = {
        "uuid": name_of(contents, "result"),
        "title": line(contents.title),
        "description": line(contents.coverage_words),
        "start": moment(contents.about_from),
        "end": moment(contents.at),
        "props": props(known_at=moment(contents.known_at), trail_position=contents.trail_position),
        "reviewed-controls": reviewed(),
        **({"observations": observations} if observations else {}),
        **({"findings": findings} if findings else {}),
    }
    return {
        "assessment-results": {
            "uuid": name_of(contents, "results"),
            "metadata": metadata(contents, f"Assessment results of {contents.title}"),
            "import-ap": {"href": "assessment-plan.json"},
            "results": [result],
            **back_matter(contents),
        }
    }


def _of_checks(contents: Contents) -> list[Document]:
    known = {one.id: one for control in contents.controls for one in control.checks}
    known |= {one.id: one for one in contents.checks}
    return [_check(contents, one) for _id, one in sorted(known.items())]


def _check(contents: Contents, one: CheckPart) -> Document:
    counts = {"population": one.population, "passing": one.passing, "failing": one.failing}
    return {
        "uuid": name_of(contents, one.id),
        "title": line(one.title or one.key),
        "description": line(
            f"{one.failing + one.accepted} of {one.population} resources fail it, {one.accepted} of them accepted;"
            f" {one.unknown} could not be judged."
        ),
        "props": props(id=one.id, key=one.key, **counts, accepted=one.accepted, unknown=one.unknown),
        "methods": ["TEST"],
        "types": ["control-objective"],
        "origins": origin(),
        "collected": moment(contents.at),
    }


def _of_tests(contents: Contents) -> list[Document]:
    return [_test(contents, control, one) for control in contents.controls for one in control.tests]


def _test(contents: Contents, control: ControlPart, one: TestPart) -> Document:
    missing = f"{one.missing} of them for want of evidence" if one.missing else ""
    items = f"{one.items} items, {one.deviations} deviations" if one.items else ""
    return {
        "uuid": name_of(contents, one.id),
        "title": line(f"{one.kind}: {control.name}"),
        "description": line(". ".join(part for part in (one.conclusion, one.because, items, missing) if part)),
        "props": props(id=one.id, control=control.id, prepared_by=one.prepared_by, reviewed_by=one.reviewed_by),
        "methods": ["EXAMINE"],
        "types": ["control-objective"],
        "collected": moment(one.prepared_at),
    }


def _finding(contents: Contents, one: RequirementPart, control_id: str) -> Document:
    controls = [control for control in contents.controls if any(m.control == control.id for m in one.controls)]
    shown = {check.id for control in controls for check in control.checks} | set(one.checks)
    shown |= {test.id for control in controls for test in control.tests}
    state = "satisfied" if one.status_key == "passing" else "not-satisfied"
    made: Document = {
        "uuid": name_of(contents, f"finding/{one.id}"),
        "title": titled(one),
        "description": line(one.status),
        "props": props(id=one.id, status=one.status_key),
        "origins": origin(),
        "target": {
            "type": "statement-id",
            "target-id": statement(control_id),
            "status": {"state": state, "reason": REASONS.get(one.status_key, "other"), "remarks": line(one.status)},
        },
    }
    related = [{"observation-uuid": name_of(contents, key)} for key in sorted(shown)]
    return {**made, **({"related-observations": related} if related else {})}
