"""The control plane under /_sandbox/: plain JSON, no signature, for the demo and the tests on loopback."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox.engine import Engine
from sandbox.facts import facts
from sandbox.faults import KINDS
from sandbox.world import iso
from sandbox.world.changes import NoSuchThingError

# What POST /_sandbox/change understands: name -> (verb, arguments it fixes).
CHANGES: dict[str, tuple[str, dict[str, Any]]] = {
    "fail": ("set_compliance", {"status": "FAILED"}),
    "pass": ("set_compliance", {"status": "PASSED"}),
    "compliance": ("set_compliance", {}),
    "suppress": ("workflow", {"status": "SUPPRESSED"}),
    "workflow": ("workflow", {}),
    "archive": ("archive", {}),
    "add_account": ("add_account", {}),
    "close_account": ("close_account", {}),
    "add_region": ("add_region", {}),
    "service": ("service", {}),
    "deny_role": ("deny_role", {}),
    "delete_resource": ("delete_resource", {}),
    "inject": ("inject", {}),
    "consolidate": ("consolidate", {}),
}


class BadControlRequestError(Exception):
    """What the control plane cannot do as asked."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def answer(engine: Engine, method: str, target: str, body: bytes) -> tuple[int, Any]:
    """(status, JSON value) for a control request."""
    parts = urlsplit(target)
    name = parts.path.removeprefix("/_sandbox/").strip("/")
    try:
        asked = json.loads(body) if body else {}
        if not isinstance(asked, dict):
            raise BadControlRequestError("A JSON object is expected")
        handler = _ROUTES.get((method, name))
        if handler is None:
            known = ", ".join(f"{verb} /_sandbox/{path}" for verb, path in _ROUTES)
            raise BadControlRequestError(f"No {method} {parts.path}; there are {known}", 404)
        with engine.lock:
            engine.catch_up()
            return 200, handler(engine, asked, parse_qs(parts.query))
    except BadControlRequestError as problem:
        return problem.status, {"error": str(problem)}
    except NoSuchThingError as problem:
        return 404, {"error": str(problem)}
    except (TypeError, ValueError) as problem:
        return 400, {"error": f"Cannot read the request: {problem}"}


Query = dict[str, list[str]]


def _world(engine: Engine, asked: dict[str, Any], query: Query) -> Any:
    world = engine.world
    return {
        "hub_account": world.hub.id,
        "management_account": world.management.id,
        "home_region": world.home,
        "regions": list(world.regions),
        "hub_role": world.hub_role,
        "member_role": world.member_role,
        "write_role": world.write_role,
        "external_id": world.external_id,
        "queue_name": world.queue_name,
        "now": iso(engine.clock.now()),
        "start": iso(world.start),
        "evolved_to": iso(world.at),
        "seed": world.seed,
        "consolidated": world.consolidated,
        "accounts": [
            {
                "id": account.id,
                "name": account.name,
                "state": account.state,
                "ou_path": account.ou_path,
                "solution": account.solution,
                "environment": account.environment,
                "role_denied": account.role_denied,
            }
            for account in world.accounts.values()
        ],
        "places_without_security_hub": _pairs(engine, lambda place: not place.hub),
        "places_without_recording": _pairs(engine, lambda place: place.recorder_stopped is not None),
    }


def _pairs(engine: Engine, test: Any) -> list[list[str]]:
    return [[place.account, place.region] for place in engine.world.places.values() if test(place)]


def _facts(engine: Engine, asked: dict[str, Any], query: Query) -> Any:
    """?at=now is the only moment there is: the world keeps no past of itself."""
    if query.get("at", ["now"]) != ["now"]:
        raise BadControlRequestError("Facts are told of now only; move the clock with POST /_sandbox/advance")
    return facts(engine.world)


def _advance(engine: Engine, asked: dict[str, Any], query: Query) -> Any:
    days = float(asked["days"]) if "days" in asked else 0.0
    if days <= 0:
        raise BadControlRequestError('{"days": n} with n > 0 is expected: time goes forward only')
    engine.journal.shift_clock(days * 86_400)
    return {"now": iso(engine.catch_up())}


def _faults(engine: Engine, asked: dict[str, Any], query: Query) -> Any:
    return {"faults": [asdict(fault) for fault in engine.faults.armed], "kinds": KINDS}


def _arm(engine: Engine, asked: dict[str, Any], query: Query) -> Any:
    return asdict(engine.faults.arm(**asked))


def _disarm(engine: Engine, asked: dict[str, Any], query: Query) -> Any:
    engine.faults.clear()
    return {"faults": []}


def _queue(engine: Engine, asked: dict[str, Any], query: Query) -> Any:
    """{"shuffle": seed, "twice": share}: from now on messages come in any order, and this share of them twice."""
    engine.queue.disturb(int(asked.get("shuffle", 0)), float(asked.get("twice", 0)))
    return {"messages": len(engine.queue.messages)}


def _change(engine: Engine, asked: dict[str, Any], query: Query) -> Any:
    name = asked.pop("change", None)
    if name not in CHANGES:
        raise BadControlRequestError(f"change must be one of {', '.join(CHANGES)}, not {name!r}")
    verb, fixed = CHANGES[name]
    result = engine.journal.write(verb, engine.clock.now(), {**asked, **fixed})
    return {"changed": name, "result": result}


def _calls(engine: Engine, asked: dict[str, Any], query: Query) -> Any:
    return {
        "calls": _counts(engine.calls),
        "throttles": _counts(engine.throttles),
        "total": sum(engine.calls.values()),
    }


def _counts(counted: dict[tuple[str, str, str], int]) -> dict[str, dict[str, dict[str, int]]]:
    result: dict[str, dict[str, dict[str, int]]] = {}
    for (service, operation, account), count in sorted(counted.items()):
        result.setdefault(service, {}).setdefault(operation, {})[account] = count
    return result


_ROUTES: dict[tuple[str, str], Any] = {
    ("GET", "world"): _world,
    ("GET", "facts"): _facts,
    ("POST", "advance"): _advance,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _arm,
    ("DELETE", "faults"): _disarm,
    ("POST", "change"): _change,
    ("POST", "queue"): _queue,
    ("GET", "calls"): _calls,
}
