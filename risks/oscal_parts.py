"""What OSCAL documents of the portal have in common, and the minimal system security plan that others name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel
from trestle.oscal import OSCAL_VERSION, common, poam, ssp

from organisation.models import Solution, User
from risks.oscal_names import OURS, line, uuid_of

Model = TypeVar("Model", bound=BaseModel)


def of(model: type[Model], **said: Any) -> Model:
    """One of trestle's, checked by it as it is made: by the names of its fields, not by OSCAL's hyphened ones."""
    return model(**said)


def metadata(title: str, at: datetime, people: Iterable[User]) -> common.Metadata:
    parties = [
        of(
            common.Parties,
            uuid=uuid_of(one.public_id),
            type="person",
            name=line(one.name),
            email_addresses=[one.email],
        )
        for one in people
    ]
    return of(
        common.Metadata,
        title=line(title),
        last_modified=at,
        version=f"{at:%Y%m%dT%H%M%SZ}",
        oscal_version=OSCAL_VERSION,
        roles=[
            of(common.Role, id="risk-owner", title="Risk owner"),
            of(common.Role, id="action-owner", title="Action owner"),
        ],
        parties=[_portal(), *parties],
    )


def _portal() -> common.Parties:
    return of(common.Parties, uuid=uuid_of("portal"), type="organization", name="Compliance portal")


def system_id(solution: Solution) -> common.SystemId:
    return of(common.SystemId, identifier_type="https://ietf.org/rfc/rfc4122", id=uuid_of(solution.public_id))


def prop(name: str, value: str) -> common.Property:
    return of(common.Property, name=name, ns=OURS, value=line(value))


def ssp_name(solution: Solution) -> str:
    return f"ssp/{solution.public_id}"


def ssp_of(solution: Solution, at: datetime, people: Iterable[User], address: str) -> ssp.SystemSecurityPlan:
    """As much of a plan as the other document needs to name a system that exists."""
    words = solution.description or solution.name
    component = of(
        common.SystemComponent,
        uuid=uuid_of(f"component/{solution.public_id}"),
        type="this-system",
        title=line(solution.name),
        description=words,
        status=of(common.Status, state="operational"),
    )
    return of(
        ssp.SystemSecurityPlan,
        uuid=uuid_of(ssp_name(solution)),
        metadata=metadata(f"System security plan of {solution.name}, minimal", at, people),
        import_profile=of(ssp.ImportProfile, href=f"#{uuid_of('profile')}"),
        system_characteristics=of(
            ssp.SystemCharacteristics,
            system_ids=[system_id(solution)],
            system_name=line(solution.name),
            description=words,
            system_information=of(
                ssp.SystemInformation,
                information_types=[
                    of(ssp.InformationType, title="Not stated", description="The portal does not keep it.")
                ],
            ),
            status=of(ssp.Status1, state="operational"),
            authorization_boundary=of(
                ssp.AuthorizationBoundary, description="The accounts and resources of the solution."
            ),
        ),
        system_implementation=of(
            ssp.SystemImplementation,
            users=[of(common.SystemUser, uuid=uuid_of("user/owner"), title="Risk owner")],
            components=[component],
        ),
        control_implementation=of(
            ssp.ControlImplementation,
            description="Kept in the portal.",
            implemented_requirements=[
                of(
                    ssp.ImplementedRequirement,
                    uuid=uuid_of(f"requirement/{solution.public_id}"),
                    control_id="not-stated",
                    remarks="This plan states none; OSCAL wants one at least.",
                )
            ],
        ),
        back_matter=of(
            common.BackMatter,
            resources=[
                of(
                    common.Resource,
                    uuid=uuid_of("profile"),
                    title="The controls that the solution works by",
                    description="They are kept in the portal, with the requirements that they serve.",
                    rlinks=[of(common.Rlink, href=address)],
                )
            ],
        ),
    )


def as_json(document: poam.PlanOfActionAndMilestones | ssp.SystemSecurityPlan) -> bytes:
    """As trestle writes it, with the name of what it is around."""
    return document.oscal_serialize_json(pretty=True).encode()
