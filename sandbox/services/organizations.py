"""Organizations, as the management account and the delegated administrator see it."""

from __future__ import annotations

from typing import Any

from sandbox.calls import Call, handles
from sandbox.denials import denied
from sandbox.paging import page
from sandbox.protocol import AwsError
from sandbox.world import stamp
from sandbox.world.estate import Account

_PAGE = 20
_DELEGATED = (
    "securityhub.amazonaws.com",
    "config.amazonaws.com",
    "config-multiaccountsetup.amazonaws.com",
    "guardduty.amazonaws.com",
)


def _administrator(call: Call) -> None:
    if call.account not in (call.world.management.id, call.world.hub.id):
        raise denied("organizations", call.operation, call.principal)


def _arn(call: Call, kind: str, tail: str) -> str:
    return f"arn:aws:organizations::{call.world.management.id}:{kind}/{call.world.organisation.id}/{tail}"


def _account(call: Call, account: Account) -> dict[str, Any]:
    joined = "CREATED" if account.id != call.world.management.id else "INVITED"
    return {
        "Id": account.id,
        "Arn": _arn(call, "account", account.id),
        "Email": account.email,
        "Name": account.name,
        "Status": account.state,
        "State": account.state,
        "JoinedMethod": joined,
        "JoinedTimestamp": stamp(account.joined),
        "Paths": [_path(call, account)],
    }


def _path(call: Call, account: Account) -> str:
    organisation = call.world.organisation
    steps, walked = [organisation.id, organisation.root_id], "Root"
    for part in account.ou_path.split("/")[1:]:
        walked = f"{walked}/{part}"
        steps.append(organisation.parent_id(walked))
    return "/".join(steps) + f"/{account.id}/"


@handles("organizations", "DescribeOrganization")
def describe_organization(call: Call) -> dict[str, Any]:
    """Any account of the organisation may ask."""
    management = call.world.management
    organisation = call.world.organisation.id
    return {
        "Organization": {
            "Id": organisation,
            "Arn": f"arn:aws:organizations::{management.id}:organization/{organisation}",
            "FeatureSet": "ALL",
            "MasterAccountArn": _arn(call, "account", management.id),
            "MasterAccountId": management.id,
            "MasterAccountEmail": management.email,
            "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
        }
    }


@handles("organizations", "ListAccounts")
def list_accounts(call: Call) -> dict[str, Any]:
    _administrator(call)
    shown, more = page(call, list(call.world.accounts.values()), size=_PAGE, empties=True)
    return {"Accounts": [_account(call, account) for account in shown], **more}


@handles("organizations", "DescribeAccount")
def describe_account(call: Call) -> dict[str, Any]:
    _administrator(call)
    account = call.world.accounts.get(call.params["AccountId"])
    if account is None:
        raise AwsError("AccountNotFoundException", "You specified an account that doesn't exist.")
    return {"Account": _account(call, account)}


@handles("organizations", "ListRoots")
def list_roots(call: Call) -> dict[str, Any]:
    _administrator(call)
    root = call.world.organisation.root_id
    rows = [
        {
            "Id": root,
            "Arn": _arn(call, "root", root),
            "Name": "Root",
            "PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
        }
    ]
    shown, more = page(call, rows, size=_PAGE)
    return {"Roots": shown, **more}


def _parent_path(call: Call, parent_id: str) -> str:
    """The OU path of a parent id. Raises AwsError if there is no such parent."""
    organisation = call.world.organisation
    if parent_id == organisation.root_id:
        return "Root"
    for path, ou_id in organisation.ous.items():
        if ou_id == parent_id:
            return path
    raise AwsError("ParentNotFoundException", "You specified parent that doesn't exist.")


@handles("organizations", "ListOrganizationalUnitsForParent")
def list_organizational_units(call: Call) -> dict[str, Any]:
    _administrator(call)
    parent = _parent_path(call, call.params["ParentId"])
    rows = [
        {"Id": ou_id, "Arn": _arn(call, "ou", ou_id), "Name": path.rsplit("/", 1)[1]}
        for path, ou_id in call.world.organisation.ous.items()
        if path.rsplit("/", 1)[0] == parent
    ]
    shown, more = page(call, rows, size=_PAGE, empties=True)
    return {"OrganizationalUnits": shown, **more}


@handles("organizations", "ListAccountsForParent")
def list_accounts_for_parent(call: Call) -> dict[str, Any]:
    _administrator(call)
    parent = _parent_path(call, call.params["ParentId"])
    rows = [account for account in call.world.accounts.values() if account.ou_path == parent]
    shown, more = page(call, rows, size=_PAGE, empties=True)
    return {"Accounts": [_account(call, account) for account in shown], **more}


@handles("organizations", "ListParents")
def list_parents(call: Call) -> dict[str, Any]:
    _administrator(call)
    child, organisation = call.params["ChildId"], call.world.organisation
    paths = {account.id: account.ou_path for account in call.world.accounts.values()}
    paths.update({ou_id: path.rsplit("/", 1)[0] for path, ou_id in organisation.ous.items()})
    if child not in paths:
        raise AwsError(
            "ChildNotFoundException",
            "We can't find an organizational unit (OU) or account with the ChildId that you specified.",
        )
    kind = "ROOT" if paths[child] == "Root" else "ORGANIZATIONAL_UNIT"
    return {"Parents": [{"Id": organisation.parent_id(paths[child]), "Type": kind}]}


@handles("organizations", "ListDelegatedAdministrators")
def list_delegated_administrators(call: Call) -> dict[str, Any]:
    _administrator(call)
    wanted = call.params.get("ServicePrincipal")
    hub = call.world.hub
    row = {key: value for key, value in _account(call, hub).items() if key != "Paths"}
    rows = [{**row, "DelegationEnabledDate": stamp(hub.joined)}] if wanted in (None, *_DELEGATED) else []
    shown, more = page(call, rows, size=_PAGE)
    return {"DelegatedAdministrators": shown, **more}


@handles("organizations", "ListTagsForResource")
def list_tags(call: Call) -> dict[str, Any]:
    _administrator(call)
    resource_id, organisation = call.params["ResourceId"], call.world.organisation
    account = call.world.accounts.get(resource_id)
    if account is None and resource_id not in (organisation.root_id, *organisation.ous.values()):
        raise AwsError("TargetNotFoundException", "We can't find a root, OU, account, or policy with the TargetId.")
    tags = {"solution": account.solution, "environment": account.environment} if account is not None else {}
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
