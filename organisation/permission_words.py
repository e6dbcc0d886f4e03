"""The permission table in words, for who reads it in the portal: each action, by its area of work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from organisation.models import Role
from organisation.permissions import MAY, OWN_WORK, STEP_UP

Words = dict[str, str | Promise]

FINDINGS: Words = {
    "posture.view": _("Read how solutions and the estate stand"),
    "finding.view": _("Read findings, checks and resources"),
    "finding.export": _("Take findings away as a file"),
    "finding.load": _("Bring findings in from a file, by the API"),
    "items.view": _("Have a list of items of one’s own"),
    "triage.change": _("Say what is done about findings: status, day, person, comment"),
    "suppression.view": _("Read what is suppressed in Security Hub without an exception"),
    "coverage.view": _("Read what is observed and what is not"),
    "connection.view": _("Read connections to AWS"),
    "connection.manage": _("Add and change connections to AWS"),
    "connection.sync": _("Start a sync"),
}
RISKS: Words = {
    "risk.view": _("Read risks and treatments"),
    "risk.export": _("Take the register away as a file"),
    "risk.add": _("Add a risk"),
    "risk.import": _("Bring risks in from a file"),
    "risk.change": _("Change what is written of a risk"),
    "risk.assess": _("State the level of a risk"),
    "risk.close": _("Propose and confirm that a risk is closed"),
    "risk.challenge": _("Challenge a risk"),
    "challenge.answer": _("Answer a challenge"),
    "challenge.settle": _("Settle a challenge"),
    "treatment.change": _("Plan and change treatments"),
    "treatment.close": _("Confirm that a treatment is closed"),
    "exception.view": _("Read exceptions"),
    "exception.ask": _("Ask for an exception"),
    "exception.accept": _("Accept an exception, with the authority for its level"),
    "exception.concur": _("Concur with an exception"),
    "appetite.view": _("Read appetite, tolerance and authorities"),
    "appetite.manage": _("Set appetite, tolerance and authorities"),
}
CONTROLS: Words = {
    "framework.view": _("Read frameworks and requirements"),
    "framework.manage": _("Import frameworks and make a version current"),
    "mapping.propose": _("Propose a mapping"),
    "mapping.decide": _("Approve and end mappings"),
    "requirement.state": _("State that a requirement does not apply, and why"),
    "control.view": _("Read controls"),
    "control.manage": _("Add, change and retire controls"),
    "control.inherit": _("Let a solution inherit a control"),
    "control.answer": _("Answer a manual test"),
    "control.conclude": _("Conclude whether a control is effective"),
    "responsibility.view": _("Read who answers for what: provider, shared, customer"),
    "responsibility.manage": _("State who answers for what"),
    "provider_report.record": _("Record a report of the cloud provider"),
}
EVIDENCE: Words = {
    "evidence.view": _("Read evidence"),
    "evidence.add": _("Add evidence"),
    "evidence.withdraw": _("Withdraw evidence that one added, with a reason"),
    "evidence.hold": _("Put evidence on legal hold and release it"),
    "evidence.verify": _("Verify evidence against its digests"),
    "evidence_request.view": _("Read requests for evidence"),
    "evidence_request.ask": _("Ask for evidence"),
    "evidence_request.answer": _("Answer a request or pass it on"),
    "evidence_request.settle": _("Accept an answer, or return it"),
    "attestation.view": _("Read attestations"),
    "attestation.ask": _("Ask for an attestation"),
    "attestation.give": _("Attest"),
}
ASSURANCE: Words = {
    "engagement.view": _("Read engagements"),
    "engagement.manage": _("Plan an engagement, choose its team, close it"),
    "engagement.work": _("Write working papers"),
    "audit_finding.view": _("Read audit findings"),
    "audit_finding.write": _("Write audit findings"),
    "audit_finding.respond": _("Respond to an audit finding"),
    "pack.view": _("Read and download packs"),
    "pack.make": _("Ask for a pack, and have it sealed"),
    "trail.view": _("Search the trail and take it away"),
    "trail.heads": _("Read the signed heads of the trail"),
}
ORGANISATION: Words = {
    "solution.view": _("Read solutions"),
    "solution.manage": _("Add and change solutions, and who has part in them"),
    "account.view": _("Read AWS accounts"),
    "person.view": _("Read people and their roles"),
    "person.manage": _("Invite people, give and end roles, close log-ins"),
    "token.oversee": _("Read and revoke everybody’s tokens"),
    "delegation.arrange": _("Name who stands in for somebody who is away, and end it"),
}
OWN: Words = {
    "home.view": _("Open a home"),
    "permission.view": _("Read this table"),
    "self.view": _("Read what the portal knows of oneself"),
    "notice.view": _("Read one’s notices"),
    "job.view": _("Read one’s jobs"),
    "comment.view": _("Read comments"),
    "comment.write": _("Comment and mention others"),
    "subject.watch": _("Watch something, and be told of changes"),
    "preference.change": _("Change one’s preferences"),
    "session.end": _("End one’s sessions"),
    "token.view": _("Read one’s tokens for programs"),
    "token.make": _("Make a token"),
    "token.revoke": _("Revoke one’s token"),
    "delegation.view": _("Read who stands in for oneself, and for whom one does"),
    "delegation.give": _("Name who stands in for oneself"),
    "delegation.end": _("End that somebody stands in for oneself"),
    "api.read_schema": _("Read the description of the API"),
}
AREAS: tuple[tuple[str, str | Promise, Words], ...] = (
    ("findings", _("Findings and connections"), FINDINGS),
    ("risks", _("Risks and exceptions"), RISKS),
    ("controls", _("Frameworks and controls"), CONTROLS),
    ("evidence", _("Evidence"), EVIDENCE),
    ("assurance", _("Assurance and the trail"), ASSURANCE),
    ("organisation", _("Organisation"), ORGANISATION),
    ("own", _("One’s own log-in"), OWN),
)
"""Key for the address, heading, actions."""


@dataclass(frozen=True)
class Row:
    """allowed: each role's name, in the order of the lines, and whether it may. steps_up: it asks once more who it is.

    own_work: auditors from outside do it of their own engagement alone.
    """

    action: str
    words: str | Promise
    allowed: list[tuple[str | Promise, bool]]
    steps_up: bool
    own_work: bool


def rows(words: Words) -> Iterator[Row]:
    """As it is enforced: read from the table that every page and every call is held against."""
    for action, said in words.items():
        holders = MAY[action]
        allowed: list[tuple[str | Promise, bool]] = [(role.label, role.value in holders) for role in Role]
        own = action in OWN_WORK and Role.EXTERNAL.value in holders
        yield Row(action, said, allowed, action in STEP_UP, own)
