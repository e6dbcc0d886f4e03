"""The hub itself: is it on, what feeds it, whose findings it gathers."""

from __future__ import annotations

from typing import Any

from sandbox.calls import Call, handles
from sandbox.denials import denied
from sandbox.paging import page
from sandbox.protocol import AwsError
from sandbox.world import Place, iso, stamp
from sandbox.world.products import product_arn, product_catalogue

_SH = "securityhub"


def enabled_hub(call: Call) -> Place:
    """The caller's place. Raises AwsError InvalidAccessException where Security Hub is off."""
    if not call.place.hub:
        raise AwsError("InvalidAccessException", f"Account {call.account} is not subscribed to AWS Security Hub")
    return call.place


@handles(_SH, "DescribeHub")
def describe_hub(call: Call) -> dict[str, Any]:
    enabled_hub(call)
    arn = f"arn:aws:securityhub:{call.region}:{call.account}:hub/default"
    if call.params.get("HubArn", arn) != arn:
        raise AwsError("ResourceNotFoundException", f"The hub {call.params['HubArn']} was not found")
    joined = call.world.accounts[call.account].joined
    generator = "SECURITY_CONTROL" if call.world.consolidated else "STANDARD_CONTROL"
    return {
        "HubArn": arn,
        "SubscribedAt": iso(joined),
        "AutoEnableControls": True,
        "ControlFindingGenerator": generator,
    }


def _aggregator_arn(call: Call) -> str:
    world = call.world
    return f"arn:aws:securityhub:{world.home}:{world.hub.id}:finding-aggregator/{world.organisation.id[2:]}"


@handles(_SH, "ListFindingAggregators")
def list_finding_aggregators(call: Call) -> dict[str, Any]:
    """One, callable from any Region by the administrator; members have none."""
    enabled_hub(call)
    rows = [{"FindingAggregatorArn": _aggregator_arn(call)}] if call.account == call.world.hub.id else []
    shown, more = page(call, rows, size=100)
    return {"FindingAggregators": shown, **more}


@handles(_SH, "GetFindingAggregator")
def get_finding_aggregator(call: Call) -> dict[str, Any]:
    enabled_hub(call)
    arn = _aggregator_arn(call)
    if call.account != call.world.hub.id or call.params["FindingAggregatorArn"] != arn:
        raise AwsError("ResourceNotFoundException", f"{call.params['FindingAggregatorArn']} was not found")
    linked = [region for region in call.world.regions if region != call.world.home]
    return {
        "FindingAggregatorArn": arn,
        "FindingAggregationRegion": call.world.home,
        "RegionLinkingMode": "ALL_REGIONS",
        "Regions": linked,
    }


@handles(_SH, "ListMembers")
def list_members(call: Call) -> dict[str, Any]:
    enabled_hub(call)
    world = call.world
    rows: list[dict[str, Any]] = []
    if call.account == world.hub.id:
        for account in world.accounts.values():
            if account.id == world.hub.id:
                continue
            on = world.places[account.id, call.region].hub and account.state == "ACTIVE"
            rows.append(
                {
                    "AccountId": account.id,
                    "Email": account.email,
                    "MasterId": world.hub.id,
                    "AdministratorId": world.hub.id,
                    "MemberStatus": "Enabled" if on else "AccountSuspended" if account.state != "ACTIVE" else "Removed",
                    "UpdatedAt": stamp(account.joined),
                }
            )
    if call.params.get("OnlyAssociated", True):
        rows = [row for row in rows if row["MemberStatus"] == "Enabled"]
    shown, more = page(call, rows, size=50)
    return {"Members": shown, **more}


@handles(_SH, "ListOrganizationAdminAccounts")
def list_organization_admin_accounts(call: Call) -> dict[str, Any]:
    """The management account only."""
    if call.account != call.world.management.id:
        raise denied(_SH, call.operation, call.principal)
    feature = call.params.get("Feature", "SecurityHub")
    rows = [{"AccountId": call.world.hub.id, "Status": "ENABLED"}] if feature == "SecurityHub" else []
    shown, more = page(call, rows, size=10)
    return {"AdminAccounts": shown, "Feature": feature, **more}


@handles(_SH, "DescribeProducts")
def describe_products(call: Call) -> dict[str, Any]:
    enabled_hub(call)
    rows = [
        {
            "ProductArn": product_arn(call.region, path),
            "ProductName": name,
            "CompanyName": company,
            "Description": f"Findings of {name}.",
            "Categories": ["Other"],
            "IntegrationTypes": ["SEND_FINDINGS_TO_SECURITY_HUB"],
        }
        for path, name, company in product_catalogue()
    ]
    asked = call.params.get("ProductArn")
    shown, more = page(call, [row for row in rows if asked in (None, row["ProductArn"])], size=100)
    return {"Products": shown, **more}


@handles(_SH, "ListEnabledProductsForImport")
def list_enabled_products(call: Call) -> dict[str, Any]:
    enabled_hub(call)
    rows = [
        f"arn:aws:securityhub:{call.region}:{call.account}:product-subscription/{path}"
        for path, _, _ in product_catalogue()
    ]
    shown, more = page(call, rows, size=100)
    return {"ProductSubscriptions": shown, **more}
