"""Account Management: which Regions are open."""

from __future__ import annotations

from typing import Any

from sandbox.calls import Call, handles
from sandbox.denials import denied
from sandbox.paging import page

_NOT_ENABLED = ("af-south-1", "ap-southeast-6", "eu-south-1", "me-central-1")


@handles("account", "ListRegions")
def list_regions(call: Call) -> dict[str, Any]:
    """One's own, or a member's for the management account."""
    asked = call.params.get("AccountId", call.account)
    if asked not in (call.account,) and call.account != call.world.management.id:
        raise denied("account", "ListRegions", call.principal)
    rows = [{"RegionName": region, "RegionOptStatus": "ENABLED_BY_DEFAULT"} for region in call.world.regions]
    rows += [
        {"RegionName": region, "RegionOptStatus": "DISABLED"}
        for region in _NOT_ENABLED
        if region not in call.world.regions
    ]
    wanted = call.params.get("RegionOptStatusContains")
    shown, more = page(call, [row for row in rows if not wanted or row["RegionOptStatus"] in wanted], size=50)
    return {"Regions": shown, **more}
