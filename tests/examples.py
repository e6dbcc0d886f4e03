"""An address for every URL that names an object: what `test_permissions` walks. A new URL registers here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from audit import trail
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
    MappingSetFactory,
    PackFactory,
    PackVersionFactory,
    ProviderReportFactory,
    RequirementFactory,
    ServiceTypeFactory,
    VerdictFactory,
)
from tests.factories.evidence import (
    AttestationFactory,
    EvidenceFactory,
    EvidenceLinkFactory,
    EvidenceRequestFactory,
    LegalHoldFactory,
    RequestImportFactory,
    TrailHeadFactory,
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

EXAMPLES: dict[str, Example] = {
    "api:attestation": ATTESTATION,
    "api:attestation_call_off": Example(own=ATTESTATION.own),
    "api:attestation_give": Example(own=ATTESTATION.own),
    "api:attestation_withdraw": Example(own=ATTESTATION.own),
    "api:evidence_request": EVIDENCE_REQUEST,
    "api:evidence_request_answer": Example(own=EVIDENCE_REQUEST.own),
    "api:evidence_request_pass_on": Example(own=EVIDENCE_REQUEST.own),
    "api:evidence_request_settle": Example(own=EVIDENCE_REQUEST.own),
    "api:request_list": REQUEST_LIST,
    "api:request_list_apply": Example(own=REQUEST_LIST.own),
    "api:request_list_drop": Example(own=REQUEST_LIST.own),
    "evidence:attestation": ATTESTATION,
    "evidence:attestation_ask": CONTROL,
    "evidence:attestation_state": CONTROL,
    "evidence:attestation_call_off": ATTESTATION,
    "evidence:attestation_give": ATTESTATION,
    "evidence:attestation_withdraw": ATTESTATION,
    "evidence:attestations_export": Example(own=lambda person: {"form": "csv"}),
    "evidence:request": EVIDENCE_REQUEST,
    "evidence:request_accept": EVIDENCE_REQUEST,
    "evidence:request_answer": EVIDENCE_REQUEST,
    "evidence:request_pass_on": EVIDENCE_REQUEST,
    "evidence:request_return": EVIDENCE_REQUEST,
    "evidence:request_withdraw": EVIDENCE_REQUEST,
    "evidence:request_list": REQUEST_LIST,
    "evidence:request_list_apply": Example(own=REQUEST_LIST.own),
    "evidence:request_list_drop": Example(own=REQUEST_LIST.own),
    "evidence:request_list_problems": REQUEST_LIST,
    "evidence:requests_export": Example(own=lambda person: {"form": "csv"}),
    "api:export": EXPORT,
    "api:export_file": KEPT_EXPORT,
    "findings:export_file": KEPT_EXPORT,
    "findings:export_page": EXPORT,
    "api:job": JOB,
    "api:person": PERSON,
    "api:person_invite": PERSON,
    "api:person_role_give": PERSON,
    "api:person_role_end": to_part(ROLE_OF_PERSON),
    "api:person_close": PERSON,
    "api:person_open": CLOSED_PERSON,
    "api:person_log_out": PERSON,
    "api:person_second_factor_forget": PERSON,
    "api:person_single_sign_on_forget": PERSON,
    "api:delegation_arrange": PERSON,
    "api:delegation_end": Example(own=OWN_DELEGATION.own),
    "api:delegation_end_for": DELEGATION,
    "api:group_end": to_part(GROUP_MAPPING),
    "api:session_end": to_part(OWN_SESSION),
    "api:token_revoke": Example(own=OWN_TOKEN.own),
    "api:solution": SOLUTION,
    "api:solution_change": TO_SOLUTION,
    "api:solution_retire": TO_SOLUTION,
    "api:solution_account_add": TO_SOLUTION,
    "api:solution_account_end": to_part(PLACE),
    "api:solution_tag_rule_add": TO_SOLUTION,
    "api:solution_tag_rule_end": to_part(TAG_RULE),
    "api:solution_person_add": TO_SOLUTION,
    "api:solution_person_end": to_part(MEMBER_OF_SOLUTION),
    "api:trail_entry": Example(own=lambda person: {"entry": trail.record(person, "person.changed", person).pk}),
    "audit:entry": Example(own=lambda person: {"pk": trail.record(person, "person.changed", person).pk}),
    "evidence:trail_head_file": Example(own=lambda person: _id(TrailHeadFactory())),
    "assurance:engagement": ENGAGEMENT,
    "assurance:engagement_begin": ENGAGEMENT,
    "assurance:engagement_change": ENGAGEMENT,
    "assurance:engagement_close": ENGAGEMENT,
    "assurance:engagement_declare": ENGAGEMENT,
    "assurance:engagement_end_member": Example(own=_member),
    "assurance:engagement_put_member": ENGAGEMENT,
    "assurance:engagement_report": ENGAGEMENT,
    "assurance:finding": AUDIT_FINDING,
    "assurance:finding_agree": AUDIT_FINDING,
    "assurance:finding_close": AUDIT_FINDING,
    "assurance:finding_done": AUDIT_FINDING,
    "assurance:finding_drop": AUDIT_FINDING,
    "assurance:finding_issue": AUDIT_FINDING,
    "assurance:finding_reopen": AUDIT_FINDING,
    "assurance:finding_respond": AUDIT_FINDING,
    "assurance:finding_return": AUDIT_FINDING,
    "assurance:finding_change": DRAFT_FINDING,
    "assurance:finding_write": Example(
        own=ENGAGEMENT.own, other=lambda person: _id(EngagementFactory()), hidden_from=frozenset(Role.values)
    ),
    "assurance:pack": PACK,
    "assurance:paper": PAPER,
    **{f"assurance:paper_{name}": PAPER for name in PAPER_MOVES},
    **{f"api:control_test_{name}": Example(own=_paper) for name in PAPER_MOVES},
    "api:control_test_item": Example(own=lambda person: {**_paper(person), "number": 1}),
    "assurance:paper_item": Example(own=lambda person: {**_paper(person), "number": 1}),
    "assurance:tests": ENGAGEMENT,
    "assurance:tests_plan": ENGAGEMENT,
    "assurance:pack_file": Example(own=lambda person: {**_pack(person), "what": "archive"}),
    "assurance:findings_export": Example(own=lambda person: {"form": "csv"}),
    "api:audit_finding": AUDIT_FINDING,
    **{f"api:audit_finding_{name}": Example(own=AUDIT_FINDING.own) for name in FINDING_MOVES},
    "api:audit_finding_change": Example(own=DRAFT_FINDING.own),
    "api:control_test": PAPER,
    "api:engagement": ENGAGEMENT,
    **{f"api:engagement_{name}": Example(own=ENGAGEMENT.own) for name in ENGAGEMENT_MOVES},
    "api:engagement_end_member": Example(own=_member),
    "api:pack": PACK,
    "api:pack_file": Example(
        own=lambda person: {**_pack(person, sealed=True), "what": "signature"},
        other=lambda person: {**_pack_of_others(person, sealed=True), "what": "signature"},
        hidden_from=frozenset(Role.values),
    ),
    "api:framework": FRAMEWORK,
    "api:requirements": FRAMEWORK,
    "api:statements": STATEMENTS,
    "api:statements_state": STATEMENTS,
    "api:control": CONTROL,
    "api:verdicts": CONTROL,
    "api:verdict": VERDICT,
    "api:verdict_withdraw": Example(own=VERDICT.own),
    "api:inheritances": CONTROL,
    "api:control_acts": CONTROL,
    "api:control_history": CONTROL,
    "api:framework_lately": FRAMEWORK,
    "api:requirement": Example(own=lambda person: _id(RequirementFactory())),
    "api:requirement_history": Example(own=lambda person: _id(RequirementFactory())),
    "api:control_attestation_add": Example(own=CONTROL.own),
    "api:control_change": Example(own=CONTROL.own),
    "api:control_inherit": Example(own=CONTROL.own),
    "api:control_inheritance_end": Example(own=CONTROL.own),
    "api:control_reopen": RETIRED_CONTROL,
    "api:control_retire": Example(own=CONTROL.own),
    "api:control_test_add": Example(own=CONTROL.own),
    "controls:control": CONTROL,
    "controls:control_attest": CONTROL,
    "controls:control_change": CONTROL,
    "controls:control_history": CONTROL,
    "controls:control_inherit": CONTROL,
    "controls:control_inheritance_end": Example(own=_inheritance),
    "controls:control_reopen": RETIRED_CONTROL,
    "controls:control_retire": CONTROL,
    "controls:control_test": CONTROL,
    "controls:library_export": Example(own=lambda person: {"form": "csv"}),
    "controls:verdict_withdraw": VERDICT,
    "api:items_group": OF_A_GROUP,
    "api:items_group_say": Example(own=OF_A_GROUP.own),
    "my_items_exception": Example(
        own=lambda person: _group(_solution(person)), other=lambda person: _group(SolutionFactory())
    ),
    "my_items_risk": RISK,
    "my_items_request": EVIDENCE_REQUEST,
    "my_items_group": Example(
        own=lambda person: _group(_solution(person)), other=lambda person: _group(SolutionFactory())
    ),
    "controls:framework": FRAMEWORK,
    "controls:framework_lately": FRAMEWORK,
    "api:framework_import": IMPORT,
    "api:framework_import_apply": IMPORT,
    "api:framework_import_drop": IMPORT,
    "api:framework_version_make_current": Example(own=lambda person: _id(FrameworkVersionFactory(draft=True))),
    "controls:import": IMPORT,
    "controls:import_apply": IMPORT,
    "controls:import_drop": IMPORT,
    "api:mapping": MAPPING,
    "api:mapping_change": MAPPING,
    "api:mapping_decide": MAPPING,
    "api:mapping_decision": MAPPING_DECISION,
    "api:mapping_decision_reverse": MAPPING_DECISION,
    "api:mapping_set_adopt": Example(own=lambda person: _id(MappingSetFactory())),
    "api:mapping_take_back": MAPPING,
    "controls:mapping": MAPPING,
    "controls:mapping_change": MAPPING,
    "controls:mapping_decide": MAPPING,
    "controls:mapping_decision": MAPPING_DECISION,
    "controls:mapping_decision_reverse": MAPPING_DECISION,
    "controls:mapping_take_back": MAPPING,
    "controls:mappings_export": Example(own=lambda person: {"form": "csv"}),
    "controls:mapping_set_adopt": Example(own=lambda person: _id(MappingSetFactory())),
    "controls:pack": Example(own=lambda person: _id(PackFactory())),
    "api:provider_report": PROVIDER_REPORT,
    "api:provider_report_expected": PROVIDER_REPORT,
    "api:provider_report_gap_letter": PROVIDER_REPORT,
    "api:provider_report_read": PROVIDER_REPORT,
    "api:provider_report_withdraw": PROVIDER_REPORT,
    "api:requirement_areas": Example(own=lambda person: _id(RequirementFactory())),
    "api:service_type": SERVICE_TYPE,
    "api:service_type_state": SERVICE_TYPE,
    "api:solution_requirements": OF_A_FRAMEWORK,
    "api:conformance_pack": Example(own=lambda person: _id(PackVersionFactory().pack)),
    "api:solution_runs_as": Example(own=SOLUTION.own),
    "api:solution_responsibility": SOLUTION,
    "controls:provider_report": PROVIDER_REPORT,
    "controls:provider_report_expected": Example(own=_expected),
    "controls:provider_report_gap_letter": PROVIDER_REPORT,
    "controls:provider_report_read": PROVIDER_REPORT,
    "controls:provider_report_withdraw": PROVIDER_REPORT,
    "controls:requirement_areas": Example(own=lambda person: _id(RequirementFactory())),
    "controls:service": SERVICE_TYPE,
    "controls:service_state": SERVICE_TYPE,
    "controls:solution_requirements": OF_A_FRAMEWORK,
    "controls:solution_requirements_export": Example(
        own=lambda person: {**OF_A_FRAMEWORK.own(person), "form": "csv"},
        other=lambda person: {**_framework(SolutionFactory()), "form": "csv"},
    ),
    "controls:solution_resources": SOLUTION,
    "controls:solution_responsibility": SOLUTION,
    "controls:solution_responsibility_export": Example(
        own=lambda person: {**SOLUTION.own(person), "form": "csv"},
        other=lambda person: {**_id(SolutionFactory()), "form": "csv"},
    ),
    "controls:solution_runs_as": Example(own=_runs_as),
    "controls:requirement": Example(own=lambda person: _id(RequirementFactory())),
    "controls:framework_export": Example(own=lambda person: {**STATEMENTS.own(person), "form": "xlsx"}),
    "controls:posture_export": Example(own=lambda person: {"form": "csv"}),
    "controls:requirement_export": Example(own=lambda person: {**_id(RequirementFactory()), "form": "csv"}),
    "controls:requirement_history": Example(own=lambda person: _id(RequirementFactory())),
    "controls:statements": STATEMENTS,
    "controls:statements_export": Example(own=lambda person: {**STATEMENTS.own(person), "form": "csv"}),
    "controls:version_make_current": Example(own=lambda person: _id(FrameworkVersionFactory(draft=True))),
    "api:comments": DISCUSSION,
    "api:watch": DISCUSSION,
    "api:people_to_mention": DISCUSSION,
    "api:comment_withdraw": COMMENT,
    "api:notice": NOTICE,
    "api:notice_read": Example(own=NOTICE.own),
    "desk:comment": SUBJECT,
    "desk:discussion": DISCUSSION,
    "desk:job": JOB,
    "desk:open_notice": NOTICE,
    "desk:people": DISCUSSION,
    "desk:watch": SUBJECT,
    "desk:withdraw_comment": COMMENT,
    "api:check": CHECK,
    "api:check_standing": CHECK,
    "api:resource": RESOURCE,
    "api:finding_record": FINDING,
    "api:connection_change": CONNECTION,
    "api:connection_test": CONNECTION,
    "api:connection_sync": CONNECTION,
    "api:connection_runs": CONNECTION,
    "api:connection_set_aside": CONNECTION,
    "api:connection_template": Example(own=lambda person: {**CONNECTION.own(person), "which": "hub-role.yaml"}),
    "api:connection": CONNECTION,
    "api:finding": FINDING,
    "findings:check": CHECK,
    "findings:connection": CONNECTION,
    "findings:connection_change": CONNECTION,
    "findings:connection_event_forwarding": CONNECTION,
    "findings:connection_event_queue": CONNECTION,
    "findings:connection_hub_role": CONNECTION,
    "findings:connection_member_role": CONNECTION,
    "findings:connection_set_aside": CONNECTION,
    "findings:connection_write_role": CONNECTION,
    "findings:connection_sync": CONNECTION,
    "findings:connection_test": CONNECTION,
    "findings:finding": FINDING,
    "findings:record": FINDING,
    "findings:resource": RESOURCE,
    "api:evidence": EVIDENCE,
    "api:evidence_file": EVIDENCE,
    **{f"api:evidence_{name}": Example(own=EVIDENCE.own) for name in ("hold", "link", "supersede", "withdraw")},
    "api:evidence_unlink": Example(own=lambda person: _linked(_solution(person))),
    "api:hold_release": Example(own=lambda person: _id(LegalHoldFactory())),
    "api:trail_head": Example(own=lambda person: _id(TrailHeadFactory())),
    "api:trail_head_file": Example(own=lambda person: _id(TrailHeadFactory())),
    "evidence:evidence": EVIDENCE,
    "evidence:hold_release": Example(own=lambda person: _id(LegalHoldFactory())),
    "evidence:download": EVIDENCE,
    "evidence:hold": EVIDENCE,
    "evidence:link": EVIDENCE,
    "evidence:locker_export": Example(own=lambda person: {"form": "csv"}),
    "evidence:supersede": EVIDENCE,
    "evidence:unlink": _of_solution(_evidence_link),
    "evidence:withdraw": EVIDENCE,
    "api:appetite": APPETITE,
    "api:appetite_end": APPETITE,
    "api:appetite_replace": APPETITE,
    "api:authority": AUTHORITY,
    "api:authority_end": AUTHORITY,
    "api:authority_replace": AUTHORITY,
    "api:category": CATEGORY,
    "api:category_change": CATEGORY,
    "api:category_reopen": Example(own=lambda person: _id(CategoryFactory(retired_at=LONG_AGO))),
    "api:category_retire": CATEGORY,
    "api:matrix": Example(own=lambda person: _id(MatrixFactory())),
    "risks:appetite_end": APPETITE,
    "risks:appetite_replace": APPETITE,
    "risks:authority_end": AUTHORITY,
    "risks:authority_replace": AUTHORITY,
    "risks:category_change": CATEGORY,
    "risks:category_reopen": Example(own=lambda person: _id(CategoryFactory(retired_at=LONG_AGO))),
    "risks:category_retire": CATEGORY,
    "risks:heat_map_export": Example(own=lambda person: {"form": "csv"}),
    "api:risk": RISK,
    "api:risk_assessments": Example(own=RISK.own),
    "api:risk_acts": RISK,
    "api:risk_close": Example(own=RISK.own),
    "api:risk_close_confirm": Example(own=RISK.own),
    "api:risk_close_reject": Example(own=RISK.own),
    "api:risk_from": OF_A_GROUP,
    "api:risk_from_join": Example(own=OF_A_GROUP.own),
    "api:risk_from_make": Example(own=OF_A_GROUP.own),
    "api:risk_link_control": Example(own=RISK.own),
    "api:risk_link_findings": Example(own=RISK.own),
    "api:risk_links": RISK,
    "api:risk_proposal": RISK,
    "api:risk_reopen": Example(own=RISK.own),
    "api:risk_review": Example(own=RISK.own),
    "api:risk_take": Example(own=RISK.own),
    "api:risk_unlink_control": Example(own=RISK.own),
    "api:risk_unlink_findings": Example(own=RISK.own),
    "api:level_challenge": TO_LEVEL,
    "api:level_confirm": TO_LEVEL,
    "api:level_decline": TO_LEVEL,
    "api:closure_challenge": Example(own=RISK.own),
    "risks:from_group": OF_A_GROUP,
    "risks:join": Example(own=lambda person: _joining(_solution(person))),
    "risks:register_export": Example(own=lambda person: {"form": "csv"}),
    "risks:to_join": OF_A_GROUP,
    "risks:exchange_export": Example(own=lambda person: {"form": "csv"}),
    "api:poam": _of_solution(lambda solution: _id(TreatmentFactory(risk__solution=solution).risk.solution)),
    "api:register_import": REGISTER_IMPORT,
    "api:register_import_apply": Example(own=REGISTER_IMPORT.own),
    "api:register_import_drop": Example(own=REGISTER_IMPORT.own),
    "api:register_import_take_back": Example(own=REGISTER_IMPORT.own),
    "risks:import": REGISTER_IMPORT,
    "risks:import_apply": Example(own=REGISTER_IMPORT.own),
    "risks:import_drop": Example(own=REGISTER_IMPORT.own),
    "risks:import_problems": REGISTER_IMPORT,
    "risks:import_take_back": REGISTER_IMPORT,
    "risks:matrix_version": Example(own=lambda person: _id(MatrixFactory())),
    "api:exception": EXCEPTION,
    "api:exception_accept": TO_EXCEPTION,
    "api:exception_concur": TO_EXCEPTION,
    "api:exception_decide": TO_EXCEPTION,
    "api:exception_end": TO_EXCEPTION,
    "api:exception_escalate": TO_EXCEPTION,
    "api:exception_refuse": TO_EXCEPTION,
    "api:exception_withdraw": TO_EXCEPTION,
    "api:exception_challenge": TO_EXCEPTION,
    "api:treatment": TREATMENT,
    "api:treatment_close": TO_TREATMENT,
    "api:treatment_propose_closure": TO_TREATMENT,
    "api:treatment_add": Example(own=RISK.own),
    "api:treatment_challenge": TO_TREATMENT,
    "api:treatment_change": TO_TREATMENT,
    "api:treatment_send_back": TO_TREATMENT,
    "api:action_add": TO_TREATMENT,
    "api:action_change": Example(own=ACTION.own),
    "api:action_move": Example(own=ACTION.own),
    "api:challenge": CHALLENGE,
    "api:challenge_answer": TO_CHALLENGE,
    "api:challenge_settle": TO_CHALLENGE,
    "risks:action_add": TREATMENT,
    "risks:action_change": ACTION,
    "risks:action_move": ACTION,
    "risks:challenge": CHALLENGE,
    "risks:challenge_answer": CHALLENGE,
    "risks:challenge_settle": CHALLENGE,
    "risks:closure_challenge": RISK,
    "risks:exception": EXCEPTION,
    "risks:exception_accept": EXCEPTION,
    "risks:exception_answer": EXCEPTION,
    "risks:exception_challenge": EXCEPTION,
    "risks:exception_concur": EXCEPTION,
    "risks:exception_decide": EXCEPTION,
    "risks:exception_end": EXCEPTION,
    "risks:exception_escalate": EXCEPTION,
    "risks:exception_refuse": EXCEPTION,
    "risks:exception_withdraw": EXCEPTION,
    "risks:exceptions_export": Example(own=lambda person: {"form": "csv"}),
    "risks:level_challenge": ASSESSMENT,
    "risks:risk": RISK,
    "risks:risk_change": RISK,
    "risks:risk_close": RISK,
    "risks:risk_close_confirm": Example(own=RISK.own),  # takes POST alone: tests/risks/test_risk_page.py
    "risks:risk_close_reject": RISK,
    "risks:risk_level": RISK_LEVEL,
    "risks:risk_level_confirm": Example(own=WAITING_LEVEL.own),
    "risks:risk_level_decline": WAITING_LEVEL,
    "risks:risk_link_control": RISK,
    "risks:risk_link_findings": RISK,
    "risks:risk_reopen": CLOSED_RISK,
    "risks:risk_review": RISK,
    "risks:risk_take": Example(own=RISK.own),
    "risks:risk_unlink_control": CONTROL_LINK,
    "risks:risk_unlink_findings": FINDINGS_LINK,
    "risks:treatment": TREATMENT,
    "risks:treatment_add": RISK,
    "risks:treatment_challenge": TREATMENT,
    "risks:treatment_change": TREATMENT,
    "risks:treatment_close": TREATMENT,
    "risks:treatment_propose_closure": TREATMENT,
    "risks:treatment_send_back": TREATMENT,
    "organisation:add_account": SOLUTION,
    "organisation:add_grant": SOLUTION,
    "organisation:add_tag_rule": SOLUTION,
    "organisation:arrange_delegation": PERSON,
    "organisation:change_solution": SOLUTION,
    "organisation:deactivate": PERSON,
    "organisation:end_account": PLACE,
    "organisation:end_delegation": OWN_DELEGATION,
    "organisation:end_delegation_for": DELEGATION,
    "organisation:end_grant": MEMBER_OF_SOLUTION,
    "organisation:end_group_mapping": GROUP_MAPPING,
    "organisation:end_role": ROLE_OF_PERSON,
    "organisation:end_session": OWN_SESSION,
    "organisation:end_sessions": PERSON,
    "organisation:end_tag_rule": TAG_RULE,
    "organisation:forget_factors": PERSON,
    "organisation:forget_link": PERSON,
    "organisation:give_role": PERSON,
    "organisation:invite": PERSON,
    "organisation:person": PERSON,
    "organisation:reactivate": CLOSED_PERSON,
    "organisation:retire_solution": SOLUTION,
    "organisation:revoke_token": OWN_TOKEN,
    "organisation:solution": SOLUTION,
}
