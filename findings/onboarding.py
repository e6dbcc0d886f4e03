"""The live test of a connection: step by step, in words, from who we are to the event queue.

A test reads nothing into the portal and changes nothing in AWS. Each step is true, false, or
null where it is only a remark; a connection whose hub role can be assumed without the external id
is switched off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass

from botocore.exceptions import ClientError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as word

from audit import clock, trail
from audit.trail import Actor
from findings import aws, event_queue
from findings.aws_errors import Unreadable, denied, unreadable
from findings.connectors import config, organizations, security_hub, security_hub_workflow
from findings.discovery import REPORT, TROUBLES
from findings.models import Connection, CoverageState


@dataclass(frozen=True)
class Step:
    """ok: True, False, or None for a remark."""

    step: str
    ok: bool | None
    words: str


Question = Callable[[Connection], tuple[bool | None, str]]
OPEN_DOOR = "It can be assumed without the external id, so anybody who knows its name may try to confuse us into it."


def test(connection: Connection, *, by: Actor | str) -> list[Step]:
    """Ask AWS everything that the portal will need of this connection, and keep what it said."""
    aws.forget(connection)
    steps = [_asked(name, question, connection) for name, question in QUESTIONS]
    with transaction.atomic():
        row = Connection.objects.select_for_update().get(pk=connection.pk)
        kept = [step for step in row.test_report if step["step"].startswith(REPORT)]
        connection.test_report = [*map(asdict, steps), *kept]
        connection.tested_at = clock.now()
        connection.enabled = row.enabled and not any(OPEN_DOOR in step.words for step in steps)
        connection.save(update_fields=["test_report", "tested_at", "enabled"])
        failed = [step.step for step in steps if step.ok is False]
        trail.record(by, "connection.tested", connection, failed=failed, enabled=connection.enabled)
    return steps


def _asked(name: str, question: Question, connection: Connection) -> Step:
    try:
        ok, words = question(connection)
    except TROUBLES as error:
        why = unreadable(error)
        return Step(name, _weight(name, why), why.words)
    return Step(name, ok, words)


def _weight(name: str, why: Unreadable) -> bool | None:
    """What the portal can do without is a remark, unless AWS failed to answer at all."""
    return None if name in REMARKS and why.state != CoverageState.FAILED else False


def _who_we_are(connection: Connection) -> tuple[bool, str]:
    who = aws.default_caller(connection)
    return True, _("AWS knows the portal's own credentials as %(arn)s.") % {"arn": who["Arn"]}


def _hub(connection: Connection) -> tuple[bool, str]:
    arn = aws.caller(connection)
    account = arn.split(":")[4]
    if account != connection.hub_account:
        return False, _("The portal comes in as %(arn)s, which is not of the hub account %(hub_account)s.") % {
            "arn": arn,
            "hub_account": connection.hub_account,
        }
    return True, _("The portal comes into the hub account as %(arn)s.") % {"arn": arn}


def _external_id(connection: Connection) -> tuple[bool | None, str]:
    if not connection.hub_role:
        return None, _("No role is assumed to come into the hub account, so no external id guards it.")
    try:
        aws.assume_hub_without_external_id(connection)
    except ClientError as error:
        if denied(error):
            return True, _("Without the external id AWS refuses the role %(hub_role)s, as it should.") % {
                "hub_role": connection.hub_role
            }
        raise
    return False, (
        _(
            "%(open_door)s The connection is switched off. Deploy the role's template again,"
            " with the external id as a condition, and test once more."
        )
        % {"open_door": OPEN_DOOR}
    )


def _security_hub(connection: Connection) -> tuple[bool | None, str]:
    hub = aws.hub(connection, "securityhub")
    described = security_hub.describe(hub)
    generator = described.get("ControlFindingGenerator")
    how = _("one finding per control") if generator == "SECURITY_CONTROL" else _("one finding per standard and control")
    return True, _("Security Hub is on in %(home_region)s and makes %(how)s.") % {
        "home_region": connection.home_region,
        "how": how,
    }


def _regions(connection: Connection) -> tuple[bool | None, str]:
    found = security_hub.aggregation(aws.hub(connection, "securityhub"), _open_regions(connection))
    if found.home != connection.home_region:
        return False, _("Security Hub gathers its regions in %(home)s: make that the connection's home region.") % {
            "home": found.home
        }
    others = sorted(found.linked - {found.home})
    if not others:
        return None, _("Security Hub gathers no other region here; each region is read by itself.")
    return True, _("Security Hub gathers %(others)s into %(home)s.") % {"others": ", ".join(others), "home": found.home}


def _open_regions(connection: Connection) -> list[str]:
    try:
        return organizations.open_regions(aws.hub(connection, "account"))
    except TROUBLES:
        return []


def _aggregator(connection: Connection) -> tuple[bool | None, str]:
    service = aws.hub(connection, "config")
    name = config.aggregator(service)
    if not name:
        return None, (
            _(
                "There is no Config aggregator: every account and region is read by itself, for which its member role"
                " is needed."
            )
        )
    counts = Counter(place.status.lower() for place in config.aggregated_places(service, name).values())
    said = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    return True, _("The aggregator %(name)s covers %(n)s places (%(said)s).") % {
        "name": name,
        "n": counts.total(),
        "said": said,
    }


def _organisation(connection: Connection) -> tuple[bool | None, str]:
    accounts = list(organizations.accounts(aws.hub(connection, "organizations")))
    in_use = sum(account.in_use for account in accounts)
    return True, _("The organisation has %(n)s accounts, %(in_use)s of them in use.") % {
        "n": len(accounts),
        "in_use": in_use,
    }


def _a_member(connection: Connection) -> tuple[bool | None, str]:
    """One account is enough to show that the role is deployed; coverage names those where it is not."""
    if not connection.member_role:
        return None, _("No member role is named: recorders and rules without a result stay unseen in member accounts.")
    accounts = organizations.accounts(aws.hub(connection, "organizations"))
    others = [row for row in accounts if row.in_use and row.account_id != connection.hub_account]
    if not others:
        return None, _("There is no other account to try the member role in.")
    refused = None
    for account in others[:MEMBERS_TRIED]:
        try:
            arn = aws.caller(connection, account.account_id)
        except ClientError as error:
            refused = error
            continue
        return True, _("In %(account)s the portal comes in as %(arn)s.") % {
            "account": account.name or account.account_id,
            "arn": arn,
        }
    assert refused is not None
    raise refused


def _write_role(connection: Connection) -> tuple[bool | None, str]:
    """A finding that cannot exist is written to: AWS tells whether we might, and nothing changes."""
    if not connection.write_role:
        return None, _("No write role is named: exceptions are not written back, and Security Hub shows what it did.")
    writer = aws.writer(connection, "securityhub")
    partition = aws.boto3_session().get_partition_for_region(connection.home_region)
    arn = f"arn:{partition}:securityhub:{connection.home_region}::product/aws/securityhub"
    list(security_hub_workflow.update_workflow(writer, [(arn, NO_FINDING)], "NEW", "A test of the connection"))
    return True, _("The role %(write_role)s may change the workflow of findings. Nothing was changed.") % {
        "write_role": connection.write_role
    }


NO_FINDING = "compliance-portal/no-finding"
MEMBERS_TRIED = 3
QUESTIONS: tuple[tuple[str, Question], ...] = (
    (word("Who we are"), _who_we_are),
    (word("Hub account"), _hub),
    (word("External id"), _external_id),
    (word("Security Hub"), _security_hub),
    (word("Security Hub's regions"), _regions),
    (word("Config's aggregator"), _aggregator),
    (word("Organisation"), _organisation),
    (word("Member role"), _a_member),
    (word("Write role"), _write_role),
    (word("Event queue"), event_queue.test),
)
REMARKS = {"Security Hub's regions", "Config's aggregator", "Organisation"}
