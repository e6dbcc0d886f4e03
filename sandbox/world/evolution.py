"""What changes in ten minutes of the estate's life. The same step gives the same changes, always."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from sandbox.world.catalogue import Control
from sandbox.world.clock import DAY
from sandbox.world.estate import ENV_FAILS, SEVERITY_FAILS, SOLUTIONS
from sandbox.world.findings import GONE, Check, Finding
from sandbox.world.products import product_finding
from sandbox.world.resources import KINDS, Resource, resource

if TYPE_CHECKING:
    from sandbox.world.places import Place
    from sandbox.world.world import World

STEP = 600_000
STEPS_A_DAY = DAY // STEP
ACTIVE_DAYS, ARCHIVED_DAYS = 90, 30  # Security Hub keeps findings that long after their last update
_TRIES = 6  # picks for one change of status; a pick that suits the trend changes


def step(world: World, number: int, moment: int) -> None:
    """Bring the world from moment - STEP to moment. number: of the step, from 1."""
    rng = Random(f"{world.seed}/step/{number}")
    _recheck(world, number, moment)
    for _ in range(_count(rng, len(world.live) * world.change_share / STEPS_A_DAY)):
        _flip_one(world, rng, moment)
    resources = sum(len(place.resources) for place in world.places.values())
    for _ in range(_count(rng, resources * world.change_share * 0.16 / STEPS_A_DAY)):
        _new_resource(world, rng, moment)
    for _ in range(_count(rng, resources * world.change_share * 0.10 / STEPS_A_DAY)):
        _delete_one(world, rng, moment)
    _products(world, rng, moment)
    _workflow(world, rng, moment)
    _complete_requests(world, moment)
    if number % STEPS_A_DAY == 0:
        _retention(world, moment)


def _count(rng: Random, expected: float) -> int:
    return int(expected) + (rng.random() < expected % 1)


def _within(rng: Random, moment: int) -> int:
    return moment - rng.randrange(STEP)


# -- statuses -----------------------------------------------------------------------------------------------------


def failing_rate(world: World, control: Control, made: Resource, moment: int) -> float:
    """How likely this check fails, by solution, environment, severity and the day of the trend."""
    day = (moment - world.start) / DAY
    account = world.accounts[made.account]
    solution = SOLUTIONS[made.solution or account.solution]
    fails = 1 - solution.pass_rate(day)
    return min(0.95, fails * ENV_FAILS[account.environment] * SEVERITY_FAILS[control.severity])


def draw_status(world: World, rng: Random, control: Control, made: Resource) -> str:
    if not control.in_hub:
        return "PASSED" if "solution" in made.tags else "FAILED"
    if control.id == "Config.1":
        stopped = world.places[made.account, made.region].recorder_stopped is not None
        return "FAILED" if stopped else "PASSED"
    roll = rng.random()
    if roll < 0.012:
        return "WARNING" if roll < 0.008 else "NOT_AVAILABLE"
    return "FAILED" if rng.random() < failing_rate(world, control, made, world.at) else "PASSED"


def settle(world: World, rng: Random, check: Check) -> None:
    """Give a check from before the first day a plausible past."""
    check.changed = check.created + rng.randrange(max(1, world.start - check.created))
    slots = len(world.rotation)
    position = check.serial * 619 % slots if slots else rng.randrange(7 * STEPS_A_DAY)
    age_steps = (slots or 7 * STEPS_A_DAY) - position
    check.invoked = max(check.changed, world.start - age_steps * STEP + rng.randrange(STEP))
    check.invoked = min(check.invoked, world.start)
    for finding in check.findings:
        finding.updated = finding.observed = check.invoked
        if check.status == "FAILED":
            roll = rng.random()
            finding.workflow = "SUPPRESSED" if roll < 0.03 else "NOTIFIED" if roll < 0.10 else "NEW"


def age(check: Check, moment: int) -> None:
    """Nothing of this check is later than this moment."""
    check.created, check.resource.created = min(check.created, moment), min(check.resource.created, moment)
    check.changed, check.invoked = min(check.changed, moment), min(check.invoked, moment)
    for finding in check.findings:
        finding.created, finding.updated = min(finding.created, moment), min(finding.updated, moment)
        finding.observed = finding.updated


def set_status(world: World, check: Check, status: str, moment: int) -> None:
    """The check's compliance changes, and with it, in place, its findings."""
    old, moment = check.status, max(moment, check.invoked + 1)
    check.previous, check.status = old, status
    check.changed = check.invoked = moment
    for finding in check.findings:
        if finding.record == "ARCHIVED":
            continue
        finding.updated = finding.observed = moment
        updates = [("Compliance.Status", old, status)]
        workflow = finding.workflow
        if status == "PASSED" and workflow != "SUPPRESSED":
            finding.workflow = "RESOLVED"
        elif status != "PASSED" and workflow in ("RESOLVED", "NOTIFIED"):
            finding.workflow = "NEW"
        if finding.workflow != workflow:
            updates.append(("Workflow.Status", str(workflow), str(finding.workflow)))
        finding.remember(moment, "BATCH_IMPORT_FINDINGS", updates)
        world.touch(finding)
        world.tell("finding", finding, moment)
    world.tell("evaluation", (check, old), moment)


def _flip_one(world: World, rng: Random, moment: int) -> None:
    for _ in range(_TRIES):
        check = world.live[rng.randrange(len(world.live))]
        rate = failing_rate(world, check.control, check.resource, moment)
        failed = check.status == "FAILED"
        chance = (1 - rate) if failed or check.status != "PASSED" else rate
        if rng.random() >= chance or not _may_change(world, check):
            continue
        if check.status == "PASSED" and rng.random() < 0.03:
            set_status(world, check, rng.choice(("WARNING", "NOT_AVAILABLE")), _within(rng, moment))
        else:
            set_status(world, check, "FAILED" if check.status == "PASSED" else "PASSED", _within(rng, moment))
        return


def _may_change(world: World, check: Check) -> bool:
    place = world.places[check.resource.account, check.resource.region]
    return check.control.in_hub and check.control.id != "Config.1" and not place.frozen


def _recheck(world: World, number: int, moment: int) -> None:
    """Evaluate a share again: the same result, later dates."""
    if not world.rotation:
        return
    slot = world.rotation[number % len(world.rotation)]
    kept = []
    for offset, check in enumerate(slot):
        if check.position == GONE:
            continue
        kept.append(check)
        if not world.places[check.resource.account, check.resource.region].frozen:
            touch_evaluation(world, check, moment - offset % 600 * 1000)
    slot[:] = kept


def touch_evaluation(world: World, check: Check, moment: int) -> None:
    """Evaluated again with the same result: Security Hub imports the finding anew, Config tells of no change."""
    check.invoked = max(check.invoked, moment)
    for finding in check.findings:
        if finding.record != "ARCHIVED":
            finding.updated = finding.observed = max(finding.updated, moment)
            finding.json = None
            world.tell("finding", finding, moment)


# -- resources ----------------------------------------------------------------------------------------------------


def _open_place(world: World, rng: Random) -> Place | None:
    places = [place for place in world.places.values() if not place.frozen]
    weights = [len(place.resources) for place in places]
    return rng.choices(places, weights)[0] if sum(weights) else None


def _new_resource(world: World, rng: Random, moment: int) -> None:
    place = _open_place(world, rng)
    if place is None:
        return
    kinds = [kind for kind in KINDS if kind.weight and kind.place == "all"]
    kind = rng.choices(kinds, [kind.weight for kind in kinds])[0]
    at = _within(rng, moment)
    made = resource(rng, kind, world.accounts[place.account], place.region)
    world.add_resource(made, place, at)


def _delete_one(world: World, rng: Random, moment: int) -> None:
    check = world.live[rng.randrange(len(world.live))]
    place = world.places[check.resource.account, check.resource.region]
    if not place.frozen and check.resource.kind.type != "AWS::::Account":
        delete_resource(world, check.resource, _within(rng, moment))


def delete_resource(world: World, gone: Resource, moment: int) -> None:
    """The resource goes; its findings are archived, its evaluations removed."""
    place = world.places[gone.account, gone.region]
    place.resources.pop((gone.kind.type, gone.id), None)
    place.deleted[gone.kind.type, gone.id] = gone
    gone.deleted = moment
    for checks in list(place.checks.values()):
        for check in [check for check in checks.values() if check.resource is gone]:
            world.retire(check)
            for finding in check.findings:
                if finding.record != "ARCHIVED":
                    world.archive(finding, moment)
            check.findings = []  # the findings keep their check: that is what they tell of
    world.pass_absent(place, moment)


# -- other products, people, retention ----------------------------------------------------------------------------


def _products(world: World, rng: Random, moment: int) -> None:
    expected = len(world.product_live) * 0.02 / STEPS_A_DAY
    for _ in range(_count(rng, expected)):
        place = _open_place(world, rng)
        if place is not None and place.hub:
            by_type: dict[str, list[Resource]] = {}
            for made in place.resources.values():
                by_type.setdefault(made.kind.type, []).append(made)
            finding = product_finding(rng, world.next_serial(), by_type, _within(rng, moment))
            if finding is not None:
                world.add_finding(finding)
                world.tell("finding", finding, finding.created)
    for _ in range(_count(rng, expected)):
        index = rng.randrange(len(world.product_live))
        finding = world.product_live[index]
        world.product_live[index] = world.product_live[-1]
        world.product_live.pop()
        if finding.record == "ACTIVE":
            world.archive(finding, _within(rng, moment))
    for _ in range(_count(rng, expected)):
        _change_severity(world, world.product_live[rng.randrange(len(world.product_live))], rng, moment)


def _change_severity(world: World, finding: Finding, rng: Random, moment: int) -> None:
    label = rng.choice(("LOW", "MEDIUM", "HIGH", "CRITICAL"))
    if finding.label is None or label == finding.label:
        return
    at = max(finding.updated, _within(rng, moment))
    finding.remember(at, "BATCH_IMPORT_FINDINGS", [("Severity.Label", finding.label, label)])
    finding.label, finding.updated, finding.observed = label, at, at
    world.touch(finding)
    world.tell("finding", finding, at)


def _workflow(world: World, rng: Random, moment: int) -> None:
    """Somebody at the console notifies or suppresses: UpdatedAt stays, as BatchUpdateFindings leaves it."""
    for _ in range(_count(rng, len(world.live) * world.change_share * 0.1 / STEPS_A_DAY)):
        check = world.live[rng.randrange(len(world.live))]
        if check.status != "FAILED" or not check.findings:
            continue
        finding = check.findings[0]
        if finding.workflow == "NEW":
            status = "SUPPRESSED" if rng.random() < 0.3 else "NOTIFIED"
            at = _within(rng, moment)
            finding.remember(at, "BATCH_UPDATE_FINDINGS", [("Workflow.Status", "NEW", status)])
            finding.workflow = status
            world.touch(finding)
            world.tell("finding", finding, at)


def _complete_requests(world: World, moment: int) -> None:
    """Evaluations and remediations that callers asked for come to their end."""
    for place in world.places.values():
        for name in [name for name, due in place.evaluating.items() if due <= moment]:
            del place.evaluating[name]
            rule = place.rules.get(name)
            for check in place.evaluations(rule) if rule is not None and not place.frozen else ():
                touch_evaluation(world, check, moment)
        for (name, resource_type, resource_id), run in place.remediations.items():
            if run.succeeded or run.finishes > moment:
                continue
            run.succeeded = True
            rule = place.rules.get(name)
            for check in place.evaluations(rule) if rule is not None else ():
                about = (check.resource.kind.type, check.resource.id)
                if about == (resource_type, resource_id) and check.status == "FAILED":
                    set_status(world, check, "PASSED", moment)


def _retention(world: World, moment: int) -> None:
    while world.archived and (world.archived[0].archived_at or 0) + ARCHIVED_DAYS * DAY <= moment:
        finding = world.archived.popleft()
        if (
            finding.record == "ARCHIVED"
            and finding.archived_at is not None
            and finding.archived_at + ARCHIVED_DAYS * DAY <= moment
        ):
            world.drop(finding)
    oldest = moment - ACTIVE_DAYS * DAY
    for finding in [f for f in world.findings.values() if f.record != "ARCHIVED" and f.updated <= oldest]:
        world.drop(finding)
