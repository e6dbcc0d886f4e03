"""Who calls the API, and with what: the schema's own ideas of a call, real objects, and hostile values."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
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
    """A person of a line. known: what may be named in a call, by its field; named: the address's arguments.

    proofs: the headers that say who it is, by a log-in and by a token that may write.
    """

    person: User
    proofs: list[dict[str, str]]
    known: dict[str, Any]
    named: dict[str, Any]


def callers(own: Callable[[User], dict[str, Any]]) -> Iterator[Caller]:
    """One of each line. own: the address's arguments, for an object within a person's reach."""
    for role in Role:
        person = UserFactory(**{TRAITS[role]: True})
        browser = LoggedIn()
        browser.force_login(person)
        cookies = f"sessionid={browser.cookies['sessionid'].value}; csrftoken={CSRF}"
        program = Program(person, scope="write")
        proofs = [
            {"Cookie": cookies, "X-CSRFToken": CSRF},
            {"Authorization": program.defaults["HTTP_AUTHORIZATION"]},
        ]
        yield Caller(person, proofs, known(person), own(person))


def known(person: User) -> dict[str, Any]:
    """What they may name in a call, by its field."""
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


Send = Callable[[Case], dict[str, Any]]


@dataclass(frozen=True)
class Idea:
    """A call that anybody may make. case: of the schema; send: what of it goes over the wire."""

    case: Case
    send: Send
    is_theirs: bool
    """It names objects that are there, whoever calls."""

    def __repr__(self) -> str:
        return f"Idea({str(self.send(self.case))[:2_000]})"

    def answered(self, caller: Caller, proof: dict[str, str]) -> TestResponse:
        """What the portal says to this caller. What it fails with is raised, so that a test shows where."""
        if self.is_theirs:
            self.case.path_parameters.update(caller.named)
            for place in (self.case.body, self.case.query):
                if isinstance(place, dict):
                    place.update({name: caller.known[name] for name in caller.known.keys() & place.keys()})
        sent = self.send(self.case)
        headers = {name: value for name, value in sent["headers"].items() if name.lower() not in PROOF}
        with faults_raised():
            return Wire(portal).open(buffered=True, **{**sent, "headers": {**headers, **proof}})


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


def ideas(operation: Any, named: dict[str, Any]) -> st.SearchStrategy[Idea]:
    """Calls of an operation. named: the address's arguments, of an object that is there."""
    fitting, place = operation.as_strategy(path_parameters=named), st.integers(0, 50)
    changed = [
        _unchanged(fitting),
        st.builds(_with_a_value, fitting, place, st.sampled_from(VALUES)),
        st.builds(_with_a_query, fitting, place, st.sampled_from(SPELT)),
        st.builds(_sent_strangely, fitting, st.sampled_from(STRANGE)),
        _unchanged(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE, path_parameters=named)),
    ]
    if named:
        changed.append(st.builds(Idea, operation.as_strategy(), st.just(_as_it_is), st.just(False)))
        changed.append(st.builds(_at_another_address, fitting, place, st.sampled_from(SPELT)))

    @st.composite
    def one_of_them(draw: st.DrawFn) -> Idea:  # is written down by its name, where the choices would be 100 kB
        return draw(st.one_of(changed))

    return one_of_them()


def _as_it_is(case: Case) -> dict[str, Any]:
    return case.as_transport_kwargs()


def _unchanged(cases: st.SearchStrategy[Case]) -> st.SearchStrategy[Idea]:
    return st.builds(Idea, cases, st.just(_as_it_is), st.just(True))


def _with_a_value(case: Case, place: int, value: Any) -> Idea:
    def send(case: Case) -> dict[str, Any]:
        sent = case.as_transport_kwargs()
        parts = [part for part in ("json", "data", "query_string") if sent.get(part) and isinstance(sent[part], dict)]
        fields = [(part, name) for part in parts for name in sent[part]]
        if fields:
            part, name = fields[place % len(fields)]
            sent[part] = {**sent[part], name: value if part == "json" else writable(value)}
        return sent

    return Idea(case, send, is_theirs=True)


def _with_a_query(case: Case, place: int, spelt: str) -> Idea:
    names = [*(one.name for one in case.operation.query), *OF_EVERY_ADDRESS]
    query = f"{names[place % len(names)]}={spelt}&{names[place % len(names)]}="
    return Idea(case, lambda case: {**case.as_transport_kwargs(), "query_string": query}, is_theirs=True)


def _at_another_address(case: Case, place: int, spelt: str) -> Idea:
    def send(case: Case) -> dict[str, Any]:
        names = sorted(case.path_parameters)
        named = {name: quote(str(value), safe="") for name, value in case.path_parameters.items()}
        address = case.path.format(**{**named, names[place % len(names)]: spelt})
        return {**case.as_transport_kwargs(), "path": address}

    return Idea(case, send, is_theirs=True)


def _sent_strangely(case: Case, strange: dict[str, Any]) -> Idea:
    def send(case: Case) -> dict[str, Any]:
        sent = case.as_transport_kwargs()
        if "data" in strange and case.method != "GET":
            sent.pop("json", None)
            sent["data"] = strange["data"]
        return {**sent, "headers": {**sent["headers"], **strange.get("headers", {})}}

    return Idea(case, send, is_theirs=True)
