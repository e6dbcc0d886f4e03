"""The plan of action and milestones of a solution as OSCAL, with a minimal system security plan beside it.

Through compliance-trestle's models. Ids are uuid5 of our public ids, so that the next document names the same things.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TypeVar

from django.db.models import Q
from django.utils import timezone
from trestle.oscal import common, poam

from audit.moment import Moment
from organisation.models import Solution, User
from risks.groups import Group, groups
from risks.models import Matrix, Risk, RiskException, RiskFindings, Treatment, TreatmentAction
from risks.oscal_names import OURS, line, uuid_of
from risks.oscal_parts import as_json, metadata, of, prop, ssp_name, ssp_of, system_id

Standing = Risk.Standing
ABOVE = (Standing.ABOVE_APPETITE, Standing.ABOVE_TOLERANCE)
Status = common.RiskStatusValidValues
Row = TypeVar("Row")


@dataclass
class Facts:
    """What a plan is made of. Each by the key of its risk."""

    solution: Solution
    moment: Moment
    matrix: Matrix | None
    risks: list[Risk]
    treatments: Mapping[int, list[Treatment]]
    actions: Mapping[int, list[TreatmentAction]]
    exceptions: Mapping[int, list[RiskException]]
    failing: Mapping[int, list[Group]] = field(default_factory=dict)

    @property
    def people(self) -> list[User]:
        """Everybody who is named, once."""
        named = [one.owner for one in self.risks]
        named += [one.owner for rows in self.treatments.values() for one in rows]
        named += [one.owner for rows in self.actions.values() for one in rows]
        return sorted({one.pk: one for one in named}.values(), key=lambda one: one.pk)


def facts_of(solution: Solution, user: User, moment: Moment) -> Facts:
    """Its open risks that are above appetite, or are treated. A fixed number of queries."""
    at = moment.at
    treated = Treatment.objects.open().values("risk")
    seen = Risk.objects.visible_to(user).open().filter(solution=solution)
    wanted = seen.filter(Q(standing__in=ABOVE) | Q(pk__in=treated))
    risks = list(wanted.select_related("owner", "category", "solution").order_by("pk"))
    keys = [one.pk for one in risks]
    treatments = Treatment.objects.open().filter(risk__in=keys).select_related("owner").order_by("pk")
    actions = TreatmentAction.objects.filter(treatment__in=treatments.values("pk")).select_related("owner")
    exceptions = RiskException.objects.visible_to(user).open().filter(risk__in=keys).order_by("pk")
    links = RiskFindings.objects.in_force(at).filter(risk__in=keys).order_by("pk")
    return Facts(
        solution=solution,
        moment=moment,
        matrix=Matrix.objects.in_force(at),
        risks=risks,
        treatments=_by("risk_id", treatments),
        actions=_by("treatment_id", actions),
        exceptions=_by("risk_id", exceptions),
        failing=_failing(links, solution, user, moment),
    )


def _by(name: str, rows: Iterable[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for one in rows:
        found.setdefault(getattr(one, name), []).append(one)
    return found


def _failing(links: Iterable[RiskFindings], solution: Solution, user: User, moment: Moment) -> dict[int, list[Group]]:
    """The failing finding groups that show each risk."""
    every = groups(user, moment, {solution.pk: solution})
    found: dict[int, list[Group]] = {}
    for link in links:
        kept = found.setdefault(link.risk_id, [])
        of_check = [one for one in every if one.key.check == link.check_ran_id and one not in kept]
        kept.extend(one for one in of_check if link.account in ("", one.key.account))
    return found


def poam_of(facts: Facts, address: str) -> poam.PlanOfActionAndMilestones:
    """facts: with a risk at least, OSCAL wants an item. address: where the portal keeps the controls."""
    plan = as_json(ssp_of(facts.solution, facts.moment.at, facts.people, address))
    observed = {group.key: group for rows in facts.failing.values() for group in rows}
    return of(
        poam.PlanOfActionAndMilestones,
        uuid=uuid_of(f"poam/{facts.solution.public_id}/{facts.moment.at.isoformat()}"),
        metadata=metadata(f"Plan of action and milestones of {facts.solution.name}", facts.moment.at, facts.people),
        import_ssp=of(common.ImportSsp, href=f"#{uuid_of(ssp_name(facts.solution))}"),
        system_id=system_id(facts.solution),
        observations=[_observation(group, facts) for _key, group in sorted(observed.items())] or None,
        risks=[_risk(one, facts) for one in facts.risks],
        poam_items=[_item(one, facts) for one in facts.risks],
        back_matter=of(
            common.BackMatter,
            resources=[
                of(
                    common.Resource,
                    uuid=uuid_of(ssp_name(facts.solution)),
                    title=f"System security plan of {facts.solution.name}, minimal",
                    base64=of(
                        common.Base64,
                        filename="ssp.json",
                        media_type="application/oscal+json",
                        value=b64encode(plan).decode(),
                    ),
                )
            ],
        ),
    )


def _by_portal() -> common.Origin:
    return of(common.Origin, actors=[_actor("portal", "tool")])


def _actor(name: str, kind: str) -> common.OriginActor:
    return of(common.OriginActor, type=kind, actor_uuid=uuid_of(name))


def _observation(group: Group, facts: Facts) -> common.Observation:
    tally = group.tally
    return of(
        common.Observation,
        uuid=uuid_of(f"{facts.moment.at.isoformat()}/{group.key}"),
        title=line(group.check.title or group.check.public_id),
        description=f"{tally.failed} resources in account {group.key.account} fail it.",
        props=[prop("check", group.check.public_id), prop("account", group.key.account)],
        methods=["TEST"],
        types=["finding"],
        origins=[_by_portal()],
        subjects=[
            of(
                common.SubjectReference,
                subject_uuid=uuid_of(f"component/{facts.solution.public_id}"),
                type="component",
                title=line(facts.solution.name),
            )
        ],
        collected=facts.moment.known_at,
    )


def _observed(risk: Risk, facts: Facts) -> list[common.RelatedObservation] | None:
    seen = facts.failing.get(risk.pk, [])
    uuids = [uuid_of(f"{facts.moment.at.isoformat()}/{one.key}") for one in seen]
    return [of(common.RelatedObservation, observation_uuid=one) for one in uuids] or None


def _item(risk: Risk, facts: Facts) -> poam.PoamItem:
    return of(
        poam.PoamItem,
        uuid=uuid_of(f"poam-item/{risk.public_id}"),
        title=line(risk.title),
        description=f"Because {risk.cause}, {risk.event}, so that {risk.consequence}.",
        props=[prop("id", risk.public_id), prop("standing", risk.standing)],
        related_observations=_observed(risk, facts),
        related_risks=[of(common.AssociatedRisk, risk_uuid=uuid_of(risk.public_id))],
    )


def _risk(risk: Risk, facts: Facts) -> common.Risk:
    treatments = facts.treatments.get(risk.pk, [])
    actions = [action for one in treatments for action in facts.actions.get(one.pk, [])]
    due = [one.due_on for one in actions if one.ended_at is None]
    return of(
        common.Risk,
        uuid=uuid_of(risk.public_id),
        title=line(risk.title),
        description=f"Cause: {risk.cause}\n\nEvent: {risk.event}",
        statement=risk.consequence,
        props=[
            prop("id", risk.public_id),
            prop("category", risk.category.name),
            prop("standing", risk.standing),
            prop("owner", risk.owner.public_id),
        ],
        links=[of(common.Link, href=risk.link, rel="reference")] if risk.link else None,
        status=common.RiskStatus(status_of(risk, facts)),
        origins=[of(common.Origin, actors=[_actor(risk.owner.public_id, "party")])],
        characterizations=_characterised(risk, facts),
        deadline=_day(max(due)) if due else None,
        remediations=[_response(one, facts) for one in treatments] or None,
        risk_log=_log(risk, facts),
        related_observations=_observed(risk, facts),
    )


def status_of(risk: Risk, facts: Facts) -> Status:
    """A live exception deviates by approval, one that is asked for by request; else a treatment remediates it."""
    at, exceptions = facts.moment.at, facts.exceptions.get(risk.pk, [])
    if any(_is_live(one, at) for one in exceptions):
        return Status.deviation_approved
    if any(one.began_at is None for one in exceptions):
        return Status.deviation_requested
    return Status.remediating if facts.treatments.get(risk.pk) else Status.open


def _is_live(one: RiskException, at: datetime) -> bool:
    return one.began_at is not None and one.began_at <= at < one.expires_at


def _characterised(risk: Risk, facts: Facts) -> list[common.Characterization] | None:
    """The levels in the organisation's words: labels, never figures."""
    if facts.matrix is None:
        return None
    levels = {"inherent": risk.inherent, "current": risk.current, "target": risk.target}
    facets = [
        of(common.Facet, name=f"{name}-level", system=OURS, value=line(facts.matrix.label(level)))
        for name, level in levels.items()
        if level is not None
    ]
    sides = (("likelihood", risk.likelihood, facts.matrix.likelihoods), ("impact", risk.impact, facts.matrix.impacts))
    facets += [
        of(common.Facet, name=name, system=OURS, value=line(words[place]))
        for name, place, words in sides
        if place is not None
    ]
    origin = of(common.Origin, actors=[_actor(risk.owner.public_id, "party")])
    return [of(common.Characterization, origin=origin, facets=facets)] if facets else None


def _response(one: Treatment, facts: Facts) -> common.Response:
    return of(
        common.Response,
        uuid=uuid_of(one.public_id),
        lifecycle="planned",
        title=line(str(one.get_strategy_display())),
        description=one.plan,
        props=[of(common.Property, name="type", value=one.strategy), prop("id", one.public_id)],
        origins=[of(common.Origin, actors=[_actor(one.owner.public_id, "party")])],
        tasks=[_task(action) for action in facts.actions.get(one.pk, [])] or None,
    )


def _task(one: TreatmentAction) -> common.Task:
    return of(
        common.Task,
        uuid=uuid_of(one.public_id),
        type="milestone",
        title=line(one.what),
        props=[prop("id", one.public_id), prop("state", one.state)],
        links=[of(common.Link, href=one.link, rel="reference")] if one.link else None,
        timing=of(common.TimingOnDate, on_date=of(common.OnDate, date=_day(one.due_on))),
        responsible_roles=[
            of(common.ResponsibleRole, role_id="action-owner", party_uuids=[uuid_of(one.owner.public_id)])
        ],
    )


def _day(day: date) -> datetime:
    """The end of a day in the organisation's zone."""
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))


def _log(risk: Risk, facts: Facts) -> common.RiskLog | None:
    """Exceptions, each with what it makes of the risk while it lasts."""
    entries = [
        of(
            common.Entry,
            uuid=uuid_of(f"entry/{one.public_id}"),
            title=line(f"{one.get_kind_display()} {one.public_id}: {one.get_state_display()}"),
            description=one.reason,
            start=one.began_at or one.asked_at,
            end=one.expires_at,
            props=[prop("id", one.public_id), prop("kind", one.kind)],
            status_change=common.RiskStatus(
                Status.deviation_approved if _is_live(one, facts.moment.at) else Status.deviation_requested
            ),
        )
        for one in facts.exceptions.get(risk.pk, [])
    ]
    return of(common.RiskLog, entries=entries) if entries else None
