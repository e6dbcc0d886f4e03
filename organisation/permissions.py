"""Who may do what: one table, read by pages, API and tests alike. What is not named is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from audit.acts import View, named
from organisation.models import ApiToken, Role, User
from organisation.models.token import area_of
from organisation.own_work import Attempt, keep
from organisation.standing_in import same_hands

FIRST, SECOND, THIRD = Role.FIRST.value, Role.SECOND.value, Role.THIRD.value
EXTERNAL, ADMINISTRATOR = Role.EXTERNAL.value, Role.ADMINISTRATOR.value
EVERYBODY = {FIRST, SECOND, THIRD, EXTERNAL, ADMINISTRATOR}
LINES = {FIRST, SECOND, THIRD, EXTERNAL}

MAY: dict[str, set[str]] = {
    "home.view": EVERYBODY,
    "api.read_schema": EVERYBODY,
    "permission.view": EVERYBODY,
    "self.view": EVERYBODY,
    "notice.view": EVERYBODY,
    "job.view": EVERYBODY,
    "preference.change": EVERYBODY,
    "session.end": EVERYBODY,
    "token.view": EVERYBODY,
    "token.make": EVERYBODY,
    "token.revoke": EVERYBODY,
    "token.oversee": {ADMINISTRATOR},
    "delegation.view": {FIRST, SECOND},
    "delegation.give": {FIRST, SECOND},
    "delegation.end": {FIRST, SECOND},
    "delegation.arrange": {ADMINISTRATOR},
    "comment.view": LINES,
    "comment.write": LINES,
    "subject.watch": LINES,
    "finding.view": LINES,
    "finding.export": LINES,
    "finding.load": {SECOND, ADMINISTRATOR},
    "suppression.view": {SECOND, THIRD},
    "posture.view": LINES,
    "coverage.view": {FIRST, SECOND, THIRD, ADMINISTRATOR},
    "connection.view": {SECOND, THIRD, ADMINISTRATOR},
    "connection.manage": {ADMINISTRATOR},
    "connection.sync": {SECOND, ADMINISTRATOR},
    "framework.view": LINES,
    "framework.manage": {SECOND},
    "mapping.propose": {FIRST, SECOND},
    "mapping.decide": {SECOND},
    "requirement.state": {SECOND},
    "control.view": LINES,
    "control.manage": {SECOND},
    "control.inherit": {SECOND},
    "control.answer": {FIRST, SECOND},
    "control.conclude": {SECOND, THIRD, EXTERNAL},
    "responsibility.view": LINES,
    "responsibility.manage": {SECOND},
    "provider_report.record": {SECOND},
    "items.view": {FIRST, SECOND},
    "risk.view": LINES,
    "risk.export": LINES,
    "risk.add": {FIRST, SECOND},
    "risk.change": {FIRST},
    "risk.assess": {FIRST},
    "risk.close": {FIRST},
    "risk.import": {FIRST, SECOND},
    "risk.challenge": {SECOND},
    "challenge.answer": {FIRST},
    "challenge.settle": {SECOND},
    "treatment.change": {FIRST},
    "treatment.close": {FIRST},
    "triage.change": {FIRST},
    "exception.view": LINES,
    "exception.ask": {FIRST},
    "exception.accept": {FIRST},
    "exception.concur": {SECOND},
    "appetite.view": LINES,
    "appetite.manage": {SECOND},
    "evidence.view": LINES,
    "evidence.add": {FIRST, SECOND, THIRD},
    "evidence.withdraw": {FIRST, SECOND, THIRD},
    "evidence.hold": {SECOND, THIRD},
    "evidence.verify": {SECOND, THIRD},
    "evidence_request.view": LINES,
    "evidence_request.ask": {SECOND, THIRD, EXTERNAL},
    "evidence_request.answer": {FIRST, SECOND},
    "evidence_request.settle": {SECOND, THIRD, EXTERNAL},
    "attestation.view": LINES,
    "attestation.ask": {SECOND, THIRD},
    "attestation.give": {FIRST, SECOND},
    "engagement.view": LINES,
    "engagement.manage": {THIRD},
    "engagement.work": {THIRD, EXTERNAL},
    "audit_finding.view": LINES,
    "audit_finding.write": {THIRD, EXTERNAL},
    "audit_finding.respond": {FIRST},
    "pack.view": {SECOND, THIRD, EXTERNAL},
    "pack.make": {SECOND, THIRD, EXTERNAL},
    "solution.view": EVERYBODY,
    "solution.manage": {SECOND, ADMINISTRATOR},
    "account.view": {SECOND, THIRD, ADMINISTRATOR},
    "person.view": {SECOND, THIRD, ADMINISTRATOR},
    "person.manage": {ADMINISTRATOR},
    "trail.view": {THIRD},
    "trail.heads": {SECOND, THIRD, ADMINISTRATOR},
}

STEP_UP = {
    "connection.manage",
    "person.manage",
    "exception.accept",
    "exception.concur",
    "evidence.hold",
    "pack.make",
    "token.make",
    "delegation.give",
    "delegation.arrange",
}
"""Actions for which a person proves once more who they are, where their last proof is older than STEP_UP_MINUTES."""

OWN_WORK = frozenset(
    {
        "api.read_schema", "audit_finding.view", "audit_finding.write", "engagement.view", "engagement.work",
        "evidence.view", "evidence_request.ask", "evidence_request.settle", "evidence_request.view", "job.view",
        "notice.view", "pack.make", "pack.view", "permission.view", "preference.change", "self.view", "session.end",
        "subject.watch", "token.make", "token.revoke", "token.view",
    }
)  # fmt: skip
"""What auditors from outside do and read of their own work, at whatever moment; the rest they see of the period that
they audit."""


class OutOfReach(PermissionDenied):
    """Refused for what is asked about, not for who asks. The words say why, to the reader."""


def holders(action: str) -> list[str]:
    """Names of the roles that may do it, in the order of the lines."""
    return [str(role.label) for role in Role if role.value in MAY.get(action, set())]


def may(user: object, action: str) -> bool:
    """Whether a role held today allows `action`."""
    if not isinstance(user, User) or not user.is_active or not user.roles_today & MAY.get(action, set()):
        return False
    return user.token is None or token_may(user.token, action)


def token_may(token: ApiToken, action: str) -> bool:
    """Whether a program does it by token. What asks people to confirm that it is them, no token does."""
    return action not in STEP_UP and token.opens(action)


def require(user: object, action: str, *, author: User | None = None, about: Any = None) -> None:
    """Raise PermissionDenied unless a role held today may act, and not on its own work.

    about: the author's row, with a public id. An attempt on one's own work is reported (organisation.own_work).
    """
    if isinstance(user, User) and user.token and not token_may(user.token, action):
        raise OutOfReach(_closed_to(action))
    if not may(user, action):
        raise PermissionDenied(action)
    if isinstance(user, User) and same_hands(user, author):
        keep(Attempt(user, action, about or author, _("Nobody decides on their own work.")))
        raise PermissionDenied(action)


def _closed_to(action: str) -> str:
    if action in STEP_UP:
        return _("No token does this: a person does, who confirms that it is them.")
    return _("This token is not made for “%(area)s”.") % {"area": area_of(action).replace("_", " ")}


def permitted(action: str) -> Callable[[View], View]:
    """Name the action that a view stands for; `deny_by_default` refuses whoever may not do it."""
    if action not in MAY:
        raise LookupError(f"{action} is not in the permission table")

    return named(action)


def public(view: View) -> View:
    """A view that needs no log-in. Each one is listed in the test of the permission table."""
    return named(None)(view)


def action_of(view: Any) -> str | None:
    """The action that a page's or an API's view stands for; None for a public one. Raises LookupError."""
    marked: Any = view if hasattr(view, "action") else getattr(view, "cls", None)
    if hasattr(marked, "action"):
        action: str | None = marked.action
        if action is None or action in MAY:
            return action
    raise LookupError(f"{view.__module__}.{getattr(view, '__qualname__', view)} names no action of the table")
