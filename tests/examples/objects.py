"""Objects that URLs name: one within a person's reach and, where it applies, one that belongs to others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from organisation.models import Grant, Role, User
from tests.factories import (
    ApiTokenFactory,
    CommentFactory,
    DelegationFactory,
    GrantFactory,
    GroupMappingFactory,
    JobFactory,
    NoticeFactory,
    RoleAssignmentFactory,
    SolutionAccountFactory,
    SolutionFactory,
    TagRuleFactory,
    UserFactory,
)
from tests.factories.assurance import AuditFindingFactory, ControlTestFactory, EngagementFactory
from tests.factories.assurance import PackFactory as AssurancePackFactory
from tests.factories.controls import (
    ControlFactory,
    FrameworkFactory,
    FrameworkVersionFactory,
    ImportFactory,
    InheritanceFactory,
    MappingDecisionFactory,
    MappingFactory,
    ProviderReportFactory,
    ServiceTypeFactory,
    VerdictFactory,
)
from tests.factories.evidence import (
    AttestationFactory,
    EvidenceFactory,
    EvidenceLinkFactory,
    EvidenceRequestFactory,
    RequestImportFactory,
)
from tests.factories.findings import (
    CheckFactory,
    ConnectionFactory,
    ExportFactory,
    FindingFactory,
    FindingRecordFactory,
    ResourceFactory,
)
from tests.factories.organisation import LONG_AGO
from tests.factories.risks import (
    AppetiteFactory,
    AssessmentFactory,
    AuthorityFactory,
    CategoryFactory,
    ChallengeFactory,
    MatrixFactory,
    RegisterImportFactory,
    RiskControlFactory,
    RiskExceptionFactory,
    RiskFactory,
    RiskFindingsFactory,
    TreatmentActionFactory,
    TreatmentFactory,
)
from tests.findings_pages.reading_pages import counted

Make = Callable[[User], Any]
NOT_THEIRS = frozenset({Role.FIRST.value, Role.EXTERNAL.value})


@dataclass(frozen=True)
class Example:
    """own(person): the URL's arguments for an object within this person's reach. other(person): for
    one that is not, and which is then not found by the lines `hidden_from`."""

    own: Make
    other: Make | None = None
    hidden_from: frozenset[str] = NOT_THEIRS


def to_part(page: Example) -> Example:
    """The same at an address of the API, which calls a part of something `part`."""

    def own(person: User) -> dict[str, Any]:
        named = page.own(person)
        return {"part": named.pop("pk"), **named}

    return Example(own=own)


def _solution(person: User) -> Any:
    return GrantFactory(person=person).solution


def _id(row: Any) -> dict[str, Any]:
    return {"public_id": row.public_id}


def _finding(solution: Any) -> Any:
    return FindingRecordFactory(finding=FindingFactory(solutions=[solution])).finding


def _part(row: Any) -> dict[str, Any]:
    return {"public_id": row.solution.public_id, "pk": row.pk}


def _kept_export(person: User) -> dict[str, Any]:
    return _id(ExportFactory(requested_by=person, kept=True))


def _control(solution: Any) -> Any:
    return ControlFactory(manual=True, solution=solution, is_common=True)


def _inheritance(person: User) -> dict[str, Any]:
    held = InheritanceFactory()
    return {"public_id": held.control.public_id, "pk": held.pk}


def _role(person: User) -> dict[str, Any]:
    role = RoleAssignmentFactory()
    return {"public_id": role.person.public_id, "pk": role.pk}


SOLUTION = Example(own=lambda person: _id(_solution(person)), other=lambda person: _id(SolutionFactory()))
TO_SOLUTION = Example(own=SOLUTION.own)
PLACE = Example(own=lambda person: _part(SolutionAccountFactory()))
TAG_RULE = Example(own=lambda person: _part(TagRuleFactory()))
MEMBER_OF_SOLUTION = Example(own=lambda person: _part(GrantFactory(kind=Grant.Kind.MEMBER)))
PERSON = Example(own=lambda person: _id(UserFactory()))
ROLE_OF_PERSON = Example(own=_role)
CLOSED_PERSON = Example(own=lambda person: _id(UserFactory(is_active=False)))
DELEGATION = Example(own=lambda person: _id(DelegationFactory()))
GROUP_MAPPING = Example(own=lambda person: {"pk": GroupMappingFactory().pk})
OWN_SESSION = Example(own=lambda person: {"pk": 0})
OWN_DELEGATION = Example(
    own=lambda person: _id(DelegationFactory(delegator=person)),
    other=lambda person: _id(DelegationFactory(delegate=person)),
    hidden_from=frozenset({Role.FIRST.value, Role.SECOND.value}),
)
OWN_TOKEN = Example(
    own=lambda person: _id(ApiTokenFactory(person=person)),
    other=lambda person: _id(ApiTokenFactory()),
    hidden_from=frozenset(Role.values) - {Role.ADMINISTRATOR.value},
)
JOB = Example(
    own=lambda person: _id(JobFactory(requested_by=person)),
    other=lambda person: _id(JobFactory()),
    hidden_from=frozenset(Role.values) - {Role.ADMINISTRATOR.value},
)
SUBJECT = Example(own=lambda person: {"kind": "solution", **_id(_solution(person))})
NOTICE = Example(
    own=lambda person: _id(NoticeFactory(person=person)),
    other=lambda person: _id(NoticeFactory()),
    hidden_from=frozenset(Role.values),
)
COMMENT = Example(own=lambda person: _id(CommentFactory(author=person, subject=_solution(person).public_id)))
DISCUSSION = Example(own=SUBJECT.own, other=lambda person: {"kind": "solution", **_id(SolutionFactory())})
FINDING = Example(
    own=lambda person: _id(_finding(_solution(person))),
    other=lambda person: _id(_finding(SolutionFactory())),
)
RESOURCE = Example(
    own=lambda person: _id(ResourceFactory(solutions=[_solution(person).pk])),
    other=lambda person: _id(ResourceFactory(solutions=[SolutionFactory().pk])),
)
CHECK = Example(own=lambda person: _id(CheckFactory()))
FRAMEWORK = Example(own=lambda person: _id(FrameworkFactory()))
STATEMENTS = Example(own=lambda person: _id(FrameworkVersionFactory().framework))
MAPPING = Example(own=lambda person: _id(MappingFactory()))
MAPPING_DECISION = Example(own=lambda person: _id(MappingDecisionFactory()))
CONTROL = Example(
    own=lambda person: _id(_control(_solution(person))),
    other=lambda person: _id(_control(SolutionFactory())),
)
VERDICT = Example(
    own=lambda person: _id(VerdictFactory(control=_control(_solution(person)), said_by=person)),
    other=lambda person: _id(VerdictFactory(control=_control(SolutionFactory()))),
)
RETIRED_CONTROL = Example(
    own=lambda person: _id(ControlFactory(retired_at=LONG_AGO, retired_by="P-1", retired_because="x"))
)
IMPORT = Example(own=lambda person: _id(ImportFactory()))
SERVICE_TYPE = Example(own=lambda person: _id(ServiceTypeFactory()))
PROVIDER_REPORT = Example(own=lambda person: _id(ProviderReportFactory()))
CONNECTION = Example(own=lambda person: _id(ConnectionFactory()))
APPETITE = Example(own=lambda person: _id(AppetiteFactory(category=CategoryFactory())))
AUTHORITY = Example(own=lambda person: _id(AuthorityFactory()))
CATEGORY = Example(own=lambda person: _id(CategoryFactory()))
REGISTER_IMPORT = Example(
    own=lambda person: _id(RegisterImportFactory(requested_by=person)),
    other=lambda person: _id(RegisterImportFactory()),
    hidden_from=frozenset({Role.FIRST.value}),
)


def _link(row: Any) -> dict[str, Any]:
    return {**_id(row.risk), "pk": row.pk}


def _waiting(row: Any) -> dict[str, Any]:
    return {**_id(row.risk), "level": row.public_id}


def _assessable(solution: Any) -> Any:
    MatrixFactory()
    return RiskFactory(solution=solution)


def _closed(risk: Any) -> Any:
    risk.closure_proposed_at, risk.closed_at, risk.closed_by = LONG_AGO, LONG_AGO, UserFactory()
    risk.save()
    return risk


def _group(solution: Any) -> dict[str, Any]:
    """A check that fails in an account of a solution."""
    finding = FindingFactory(solutions=[solution])
    counted()
    return {"key": f"{finding.check_ran.public_id}-{finding.account}-{solution.public_id}"}


OF_A_GROUP = Example(own=lambda person: _group(_solution(person)), other=lambda person: _group(SolutionFactory()))


def _joining(solution: Any) -> dict[str, Any]:
    return {**_group(solution), **_id(RiskFactory(solution=solution))}


def _framework(solution: Any) -> dict[str, Any]:
    """A solution's requirements in the current version of a framework."""
    return {**_id(solution), "framework_id": FrameworkVersionFactory().framework.public_id}


def _expected(person: User) -> dict[str, Any]:
    report = ProviderReportFactory(expects=["Users are removed in time."])
    return {**_id(report), "pk": report.expected_controls.get().pk}


def _runs_as(person: User) -> dict[str, Any]:
    unclear = ServiceTypeFactory(resource_types=["AWS::ECS::Service"])
    ServiceTypeFactory(resource_types=[], may_be=[unclear.key])
    return {**_id(_solution(person)), "kind": "AWS::ECS::Service"}


OF_A_FRAMEWORK = Example(
    own=lambda person: _framework(_solution(person)), other=lambda person: _framework(SolutionFactory())
)


def _exception(solution: Any) -> dict[str, Any]:
    return _id(RiskExceptionFactory(solution=solution))


def _action(solution: Any) -> dict[str, Any]:
    return _id(TreatmentActionFactory(treatment__risk__solution=solution))


def _treatment(solution: Any) -> dict[str, Any]:
    return _id(TreatmentFactory(risk__solution=solution))


def _challenge(solution: Any) -> dict[str, Any]:
    return _id(ChallengeFactory(assessment__risk__solution=solution))


def _of_solution(made: Callable[[Any], dict[str, Any]]) -> Example:
    return Example(own=lambda person: made(_solution(person)), other=lambda person: made(SolutionFactory()))


EXCEPTION = _of_solution(_exception)
TREATMENT = _of_solution(_treatment)
ACTION = _of_solution(_action)
CHALLENGE = _of_solution(_challenge)
# Of an address that is only posted to, GET never looks for the object: tests/risks/test_decisions_api.py does.
TO_EXCEPTION, TO_TREATMENT, TO_CHALLENGE = (Example(own=one.own) for one in (EXCEPTION, TREATMENT, CHALLENGE))
RISK = _of_solution(lambda solution: _id(RiskFactory(solution=solution)))
TO_LEVEL = Example(own=lambda person: _id(AssessmentFactory(risk__solution=_solution(person), waiting=True)))
ASSESSMENT = _of_solution(lambda solution: _id(AssessmentFactory(risk__solution=solution)))


def _audit_finding(person: User, **said: Any) -> dict[str, Any]:
    """Of an engagement in their reach; where they may respond, they answer for it."""
    solution = _solution(person)
    engagement = _engagement(person, solution)
    return _id(AuditFindingFactory(engagement=engagement, solution=solution, owner=person, **said))


def _engagement(person: User, solution: Any, **said: Any) -> Any:
    """In fieldwork, with this person on its team where their line audits."""
    return EngagementFactory(of=[solution], with_team=[person], added_by=person, **said)


def _member(person: User) -> dict[str, Any]:
    return {**_id(_engagement(person, _solution(person))), "person_id": person.public_id}


def _pack(person: User, **said: Any) -> dict[str, Any]:
    """Of a framework where they oversee; of their own engagement where they audit from outside."""
    if Role.EXTERNAL in person.roles_today:
        said["engagement"] = _engagement(person, _solution(person))
    return _id(AssurancePackFactory(**said))


def _pack_of_others(person: User, **said: Any) -> dict[str, Any]:
    return _id(AssurancePackFactory(engagement=EngagementFactory(), **said))


ENGAGEMENT = Example(
    own=lambda person: _id(_engagement(person, _solution(person))),
    other=lambda person: _id(EngagementFactory()),
)
PACK = Example(
    own=_pack,
    other=_pack_of_others,
    hidden_from=frozenset(Role.values),
)
AUDIT_FINDING = Example(own=_audit_finding, other=lambda person: _id(AuditFindingFactory()))
DRAFT_FINDING = Example(
    own=lambda person: _audit_finding(person, draft=True),
    other=lambda person: _id(AuditFindingFactory(draft=True)),
    hidden_from=frozenset(Role.values),
)


def _paper(person: User) -> dict[str, Any]:
    """Reviewed, of their own engagement."""
    return _id(ControlTestFactory(engagement=_engagement(person, _solution(person)), reviewed=True))


ENGAGEMENT_MOVES = ("begin", "change", "close", "declare", "put_member", "report")
FINDING_MOVES = ("agree", "close", "done", "drop", "issue", "reopen", "respond", "return")
PAPER_MOVES = ("attach", "change", "conclude", "draw", "explain", "freeze", "issue", "return", "review")
PAPER = Example(own=_paper, other=lambda person: _id(ControlTestFactory()), hidden_from=frozenset(Role.values))
CONTROL_LINK = _of_solution(lambda solution: _link(RiskControlFactory(risk__solution=solution)))
FINDINGS_LINK = _of_solution(lambda solution: _link(RiskFindingsFactory(risk__solution=solution)))
CLOSED_RISK = _of_solution(lambda solution: _id(_closed(RiskFactory(solution=solution))))
RISK_LEVEL = _of_solution(lambda solution: {**_id(_assessable(solution)), "kind": "current"})
WAITING_LEVEL = _of_solution(lambda solution: _waiting(AssessmentFactory(risk__solution=solution, waiting=True)))

EVIDENCE = _of_solution(lambda solution: _id(EvidenceFactory(solution=solution)))


def _evidence_link(solution: Any) -> dict[str, Any]:
    link = EvidenceLinkFactory(evidence__solution=solution)
    return {**_id(link.evidence), "pk": link.pk}


def _linked(solution: Any) -> dict[str, Any]:
    link = EvidenceLinkFactory(evidence__solution=solution)
    return {**_id(link.evidence), "control_id": link.control.public_id}


EVIDENCE_REQUEST = _of_solution(lambda solution: _id(EvidenceRequestFactory(solution=solution, from_outside=True)))
REQUEST_LIST = Example(
    own=lambda person: _id(RequestImportFactory(requested_by=person)),
    other=lambda person: _id(RequestImportFactory()),
    hidden_from=frozenset(Role.values),
)
ATTESTATION = _of_solution(lambda solution: _id(AttestationFactory(solution=solution)))

EXPORT = Example(
    own=lambda person: _id(ExportFactory(requested_by=person)),
    other=lambda person: _id(ExportFactory()),
    hidden_from=frozenset(Role.values),
)
KEPT_EXPORT = Example(own=_kept_export, other=EXPORT.other, hidden_from=EXPORT.hidden_from)
