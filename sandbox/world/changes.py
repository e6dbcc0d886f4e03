"""Writes from outside the world's own course.

Each verb takes the moment (ms) and JSON values, so it can be replayed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

from sandbox.world import evolution
from sandbox.world.clock import iso
from sandbox.world.estate import SOLUTIONS, Account
from sandbox.world.findings import Check, Finding
from sandbox.world.places import Place, Remediation
from sandbox.world.resources import KINDS, account_resource, resource

if TYPE_CHECKING:
    from sandbox.world.world import World

_NEW_PLACE_RESOURCES = 12
REMEDIATION_MS = 600_000


class NoSuchThingError(Exception):
    """What should be changed is not in this world."""


def update_findings(world: World, now: int, keys: list[list[str]], fields: dict[str, Any]) -> None:
    """BatchUpdateFindings on findings that exist: UpdatedAt stays. keys: [ProductArn, Id] each."""
    for product_arn, finding_id in keys:
        finding = world.findings[product_arn, finding_id]
        updates = []
        for name, value in fields.items():
            if name == "Workflow":
                updates.append(("Workflow.Status", str(finding.workflow), value["Status"]))
                finding.workflow = value["Status"]
            elif name == "Severity" and "Label" in value:
                old = finding.body().get("Severity", {}).get("Label", "")
                updates.append(("Severity.Label", str(old), value["Label"]))
                finding.label = value["Label"]
            else:
                old = (finding.extra or {}).get(name, "")
                updates.append((name, json.dumps(old), json.dumps(value)))
                finding.extra = {**(finding.extra or {}), name: value}
        finding.remember(now, "BATCH_UPDATE_FINDINGS", updates)
        world.touch(finding)
        world.tell("finding", finding, now)


def import_findings(world: World, now: int, bodies: list[dict[str, Any]]) -> None:
    """BatchImportFindings: new ones are made, known ones updated but for what only the customer may set."""
    for body in bodies:
        key = (body["ProductArn"], body["Id"])
        finding = world.findings.get(key)
        if finding is None:
            finding = Finding(
                world.next_serial(),
                key[0],
                body.get("ProductName"),
                key[1],
                body["AwsAccountId"],
                body.get("Region") or key[0].split(":")[3],
                now,
            )
            finding.workflow = body.get("Workflow", {}).get("Status", "NEW")
            world.add_finding(finding)
            finding.remember(now, "BATCH_IMPORT_FINDINGS", [])
        else:
            finding.remember(now, "BATCH_IMPORT_FINDINGS", [("UpdatedAt", iso(finding.updated), body["UpdatedAt"])])
        finding.template = {key: value for key, value in body.items() if key not in ("Workflow", "RecordState")}
        finding.record = body.get("RecordState", "ACTIVE")
        finding.updated = finding.observed = _moment(body["UpdatedAt"])
        world.touch(finding)
        world.tell("finding", finding, now)


def _moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def remediate(world: World, now: int, account: str, region: str, rule: str, keys: list[list[str]]) -> None:
    """Start the rule's remediation on resources. keys: [type, id] each."""
    place = world.places[account, region]
    for resource_type, resource_id in keys:
        run = Remediation(now, now + REMEDIATION_MS, succeeded=False)
        place.remediations[rule, resource_type, resource_id] = run


def evaluate(world: World, now: int, account: str, region: str, rules: list[str]) -> None:
    """StartConfigRulesEvaluation: done with the next step."""
    for rule in rules:
        world.places[account, region].evaluating[rule] = now + 1


def _finding(world: World, id: str, product_arn: str | None = None) -> Finding:
    found = [f for f in world.findings.values() if f.id == id and product_arn in (None, f.product_arn)]
    if len(found) != 1:
        raise NoSuchThingError(f"{len(found)} findings have the Id {id}; give product_arn too, or another Id")
    return found[0]


def _check(world: World, id: str) -> Check:
    finding = _finding(world, id)
    if finding.check is None or finding.check.position < 0:
        raise NoSuchThingError(f"{id} is no live control finding")
    return finding.check


def set_compliance(world: World, now: int, id: str, status: str) -> None:
    """status: PASSED, FAILED, WARNING or NOT_AVAILABLE."""
    evolution.set_status(world, _check(world, id), status, now)


def workflow(world: World, now: int, id: str, status: str, product_arn: str | None = None) -> None:
    finding = _finding(world, id, product_arn)
    update_findings(world, now, [list(finding.key)], {"Workflow": {"Status": status}})


def archive(world: World, now: int, id: str, product_arn: str | None = None) -> None:
    world.archive(_finding(world, id, product_arn), now)


def delete_resource(world: World, now: int, arn: str) -> None:
    for place in world.places.values():
        for made in list(place.resources.values()):
            if made.arn == arn:
                evolution.delete_resource(world, made, now)
                return
    raise NoSuchThingError(f"No resource {arn}")


def inject(world: World, now: int, finding: Any) -> None:
    """Serve this JSON as a finding as it is, whatever the API model allows."""
    body = finding if isinstance(finding, dict) else {}
    serial = world.next_serial()
    made = Finding(
        serial,
        str(body.get("ProductArn", "")),
        body.get("ProductName"),
        str(body.get("Id", serial)),
        str(body.get("AwsAccountId", "")),
        str(body.get("Region") or world.home),
        now,
    )
    made.raw = json.dumps(finding, ensure_ascii=False).encode()
    made.template = body
    made.record = body.get("RecordState")
    made.workflow = body["Workflow"].get("Status") if isinstance(body.get("Workflow"), dict) else None
    try:
        made.updated = _moment(body["UpdatedAt"])
    except (KeyError, TypeError, ValueError):
        made.updated = now
    world.add_finding(made)
    world.product_live.remove(made)
    world.tell("finding", made, now)


def add_account(
    world: World,
    now: int,
    name: str,
    solution: str = "shared-platform",
    environment: str = "prod",
    ou_path: str = "Root/Workloads/Production",
) -> str:
    """A new account with a few resources everywhere; its id."""
    if solution not in SOLUTIONS or ou_path not in {"Root", *world.organisation.ous}:
        raise NoSuchThingError(f"No solution {solution} or organizational unit {ou_path}")
    number = str(Random(f"{world.seed}/account/{name}").randrange(10**11, 10**12))
    world.accounts[number] = Account(number, name, solution, environment, ou_path, now)
    for region in world.regions:
        _add_place(world, now, number, region)
    return number


def _add_place(world: World, now: int, account: str, region: str) -> None:
    place = Place(account, region, home=region == world.home)
    world.places[account, region] = place
    rng = Random(f"{world.seed}/place/{account}/{region}")
    kinds = [kind for kind in KINDS if kind.weight and kind.place == "all"]
    world.add_resource(account_resource(account, region), place, now)
    for kind in rng.choices(kinds, [kind.weight for kind in kinds], k=_NEW_PLACE_RESOURCES):
        world.add_resource(resource(rng, kind, world.accounts[account], region), place, now)
    world.pass_absent(place, now)


def close_account(world: World, now: int, account: str) -> None:
    """SUSPENDED, as AWS shows a closed account: nothing is evaluated there, its findings stay until retention."""
    if account not in world.accounts:
        raise NoSuchThingError(f"No account {account}")
    world.accounts[account].state = "SUSPENDED"
    for place in world.places.values():
        if place.account == account:
            place.enabled = False


def add_region(world: World, now: int, region: str) -> None:
    if region in world.regions:
        raise NoSuchThingError(f"{region} is there already")
    world.regions = (*world.regions, region)
    for account in list(world.accounts.values()):
        if account.state == "ACTIVE":
            _add_place(world, now, account.id, region)
        else:
            world.places[account.id, region] = at_rest = Place(account.id, region, home=False)
            at_rest.enabled = False


def service(world: World, now: int, account: str, region: str, service: str, on: bool) -> None:
    """Turn securityhub or config on or off in one account and Region."""
    place = world.places.get((account, region))
    if place is None or service not in ("securityhub", "config"):
        raise NoSuchThingError(f"No place {account} {region}, or no service {service} to turn on and off")
    if service == "config":
        place.recorder_stopped = None if on else now
        return
    if on == place.hub:
        return
    place.hub = on
    if not on:
        for finding in [f for f in world.findings.values() if (f.account, f.region) == (account, region)]:
            world.drop(finding)
    for check in place.all_checks():
        check.findings = []
        if on:
            world.report(check, now)


def deny_role(world: World, now: int, account: str, denied: bool) -> None:
    """The member role disappears from an account, or comes back."""
    if account not in world.accounts:
        raise NoSuchThingError(f"No account {account}")
    world.accounts[account].role_denied = denied


def consolidate(world: World, now: int) -> None:
    """Turn consolidated control findings on: findings per standard are archived, one per control takes over."""
    if world.consolidated:
        raise NoSuchThingError("Consolidated control findings are on already")
    world.consolidated = True
    for check in [check for place in world.places.values() for check in place.all_checks()]:
        if not check.control.in_hub or not check.findings:
            continue
        for finding in check.findings:
            finding.extra = {
                **(finding.extra or {}),
                "ProductFields": {
                    "ArchivalReasons:0/Description": "The finding is archived because findings are consolidated now.",
                    "ArchivalReasons:0/ReasonCode": "CONSOLIDATED_CONTROL_FINDINGS_UPDATE",
                },
            }
            world.archive(finding, now)
        check.findings = []
        check.changed, check.invoked = now, now
        world.report(check, now)


VERBS: dict[str, Callable[..., Any]] = {
    verb.__name__: verb
    for verb in (
        update_findings,
        import_findings,
        remediate,
        evaluate,
        set_compliance,
        workflow,
        archive,
        delete_resource,
        inject,
        add_account,
        close_account,
        add_region,
        service,
        deny_role,
        consolidate,
    )
}
