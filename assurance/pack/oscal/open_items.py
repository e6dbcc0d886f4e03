"""What is still to be done: audit findings and risks as a plan of action and milestones."""

from __future__ import annotations

from assurance.models import AuditFinding
from assurance.pack.contents import AuditFindingPart, Contents, RiskPart
from assurance.pack.oscal.parts import Document, metadata, name_of, origin, props
from risks.oscal_names import line

CLOSED = str(AuditFinding.State.CLOSED.label)


def plan_of_action(contents: Contents) -> Document:
    """Empty where nothing is open."""
    items = [
        *(_of_finding(contents, one) for one in contents.audit_findings if one.state != CLOSED),
        *(_of_risk(contents, one) for one in contents.risks),
    ]
    if not items:
        return {}
    risks = [_risk(contents, one) for one in contents.risks]
    return {
        "plan-of-action-and-milestones": {
            "uuid": name_of(contents, "poam"),
            "metadata": metadata(contents, f"Plan of action and milestones of {contents.title}"),
            "import-ssp": {"href": "ssp.json"},
            **({"risks": risks} if risks else {}),
            "poam-items": items,
        }
    }


def _of_finding(contents: Contents, one: AuditFindingPart) -> Document:
    agreed = one.agreed_on.isoformat() if one.agreed_on else ""
    return {
        "uuid": name_of(contents, one.id),
        "title": line(one.title),
        "description": line(f"{one.condition} {one.criteria} {one.recommendation}"),
        "props": props(
            id=one.id, rating=one.rating, state=one.state, owner=one.owner, agreed_on=agreed, compared=one.compared
        ),
        "origins": origin(),
    }


def _of_risk(contents: Contents, one: RiskPart) -> Document:
    return {
        "uuid": name_of(contents, f"item/{one.id}"),
        "title": line(one.title),
        "description": line(one.treatment or one.title),
        "props": props(id=one.id, standing=one.standing, owner=one.owner),
        "related-risks": [{"risk-uuid": name_of(contents, one.id)}],
    }


def _risk(contents: Contents, one: RiskPart) -> Document:
    levels = {"inherent_level": one.inherent, "current_level": one.current, "target_level": one.target}
    return {
        "uuid": name_of(contents, one.id),
        "title": line(one.title),
        "description": line(one.title),
        "statement": line(one.standing),
        "props": props(id=one.id, solution=one.solution, owner=one.owner, **levels),
        "status": "remediating" if one.treatment else "open",
    }
