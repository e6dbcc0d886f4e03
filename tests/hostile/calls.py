"""Who calls the API, and with what: the schema's own ideas of a call, real objects, and hostile values."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import got_request_exception
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from werkzeug.test import Client as Wire
from werkzeug.test import TestResponse

from organisation.models import Role, User
from tests.conftest import LoggedIn, Program
from tests.factories import GrantFactory, UserFactory
from tests.factories.controls import ControlFactory, FrameworkVersionFactory
from tests.factories.evidence import EvidenceFactory
from tests.factories.findings import CheckFactory, ResourceFactory
from tests.factories.risks import CategoryFactory, RiskFactory
from tests.hostile.values import OF_EVERY_ADDRESS, SPELT, STRANGE, VALUES, writable
from tests.test_permissions import TRAITS

CSRF = "a" * 32
PROOF = {"authorization", "cookie", "x-csrftoken"}
portal = WSGIHandler()


@dataclass(frozen=True)
class Caller:
    """A person of a line, with the headers that prove it; `known`: what may be named in a call, by its field."""

    name: str
    person: User
    headers: dict[str, str]
    known: dict[str, Any]


def callers() -> Iterator[Caller]:
    """Each line twice: with a log-in, and with a token that may write."""
    for role in Role:
        person = UserFactory(**{TRAITS[role]: True})
        known = _known(person)
        browser = LoggedIn()
        browser.force_login(person)
        cookies = f"sessionid={browser.cookies['sessionid'].value}; csrftoken={CSRF}"
        yield Caller(f"{role}, logged in", person, {"Cookie": cookies, "X-CSRFToken": CSRF}, known)
        program = Program(person, scope="write")
        yield Caller(f"{role}, by token", person, {"Authorization": program.defaults["HTTP_AUTHORIZATION"]}, known)


def _known(person: User) -> dict[str, Any]:
    solution = GrantFactory(person=person).solution
    control = ControlFactory(manual=True, solution=solution, is_common=True).public_id
    someone = UserFactory(first_line=True, owns=[solution]).public_id
    return {
        "solution": solution.public_id,
        "solutions": [solution.public_id],
        "control": control,
        "controls": [control],
        "category": CategoryFactory().public_id,
        "risk": RiskFactory(solution=solution).public_id,
        "owner": someone,
        "assignee": someone,
        "asked_of": someone,
        "to": someone,
        "asked_for": someone,
        "mentioned": [someone],
        "evidence": [EvidenceFactory(solution=solution).public_id],
        "framework": FrameworkVersionFactory().framework.public_id,
        "checks": [CheckFactory().public_id],
        "resources": [ResourceFactory(solutions=[solution.pk]).public_id],
        "period_from": "2026-01-01T00:00:00Z",
        "period_to": "2026-01-31T00:00:00Z",
        "effective_from": "2026-01-01T00:00:00Z",
        "effective_to": "2026-01-31T00:00:00Z",
        "version": 1,
    }


@dataclass(frozen=True)
class Call:
    """A case of the schema, and how it is sent."""

    case: Case
    sent: dict[str, Any]

    def __repr__(self) -> str:
        return f"Call({self.sent})"

    def answer(self) -> TestResponse:
        """What the portal says. What it fails with is raised, so that a test shows where."""
        with faults_raised():
            return Wire(portal).open(buffered=True, **self.sent)


@contextmanager
def faults_raised() -> Iterator[None]:
    faults: list[BaseException] = []

    def keep(**said: Any) -> None:
        faults.append(cast(BaseException, sys.exc_info()[1]))

    got_request_exception.connect(keep)
    try:
        yield
    finally:
        got_request_exception.disconnect(keep)
    if faults:
        raise faults[0]


def calls(operation: Any, caller: Caller, named: dict[str, Any]) -> st.SearchStrategy[Call]:
    """Calls of an operation. named: the address's arguments, of an object that is there."""
    fitting = operation.as_strategy(path_parameters=named)
    sensible = st.builds(_sensible, fitting, st.just(caller.known))
    place = st.integers(0, 50)
    changed = [
        _unchanged(sensible),
        st.builds(_with_a_value, sensible, place, st.sampled_from(VALUES)),
        st.builds(_with_a_query, sensible, place, st.sampled_from(SPELT)),
        st.builds(_sent_strangely, sensible, st.sampled_from(STRANGE)),
        _unchanged(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE, path_parameters=named)),
    ]
    if named:
        changed.append(_unchanged(operation.as_strategy()))
        changed.append(st.builds(_at_another_address, sensible, place, st.sampled_from(SPELT)))
    return st.one_of(changed).map(lambda call: _by(caller, call))


def _unchanged(cases: st.SearchStrategy[Case]) -> st.SearchStrategy[Call]:
    return cases.map(lambda case: Call(case, case.as_transport_kwargs()))


def _sensible(case: Case, known: dict[str, Any]) -> Case:
    """The same, naming objects that are there."""
    for place in (case.body, case.query):
        if isinstance(place, dict):
            place.update({name: known[name] for name in known.keys() & place.keys()})
    return case


def _with_a_value(case: Case, place: int, value: Any) -> Call:
    sent = case.as_transport_kwargs()
    parts = [part for part in ("json", "data", "query_string") if sent.get(part) and isinstance(sent[part], dict)]
    fields = [(part, name) for part in parts for name in sent[part]]
    if fields:
        part, name = fields[place % len(fields)]
        sent[part] = {**sent[part], name: value if part == "json" else writable(value)}
    return Call(case, sent)


def _with_a_query(case: Case, place: int, spelt: str) -> Call:
    names = [*(one.name for one in case.operation.query), *OF_EVERY_ADDRESS]
    name = names[place % len(names)]
    return Call(case, {**case.as_transport_kwargs(), "query_string": f"{name}={spelt}&{name}="})


def _at_another_address(case: Case, place: int, spelt: str) -> Call:
    names = sorted(case.path_parameters)
    named = {name: quote(str(value), safe="") for name, value in case.path_parameters.items()}
    address = case.path.format(**{**named, names[place % len(names)]: spelt})
    return Call(case, {**case.as_transport_kwargs(), "path": address})


def _sent_strangely(case: Case, strange: dict[str, Any]) -> Call:
    sent = case.as_transport_kwargs()
    headers = {**sent["headers"], **strange.get("headers", {})}
    if "data" in strange and case.method != "GET":
        sent.pop("json", None)
        sent["data"] = strange["data"]
    return Call(case, {**sent, "headers": headers})


def _by(caller: Caller, call: Call) -> Call:
    headers = {name: value for name, value in call.sent["headers"].items() if name.lower() not in PROOF}
    return Call(call.case, {**call.sent, "headers": {**headers, **caller.headers}})
