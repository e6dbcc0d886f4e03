"""What another solution owns, named in the bodies of the API's acts: nothing of it changes, and nothing is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework import serializers

from organisation.models import Role
from organisation.permissions import MAY, action_of
from organisation.rest_acts import Act, RowField
from tests.conftest import LoggedIn, LogIn
from tests.hostile.calls import known
from tests.hostile.theirs import Theirs, address_of_theirs, came_of_it, made
from tests.test_permissions import GUARDED, OURS, address, undone

ACTS: dict[str, type[Act]] = {
    name: OURS[name].callback.cls  # type: ignore[attr-defined]
    for name in GUARDED
    if issubclass(getattr(OURS[name].callback, "cls", object), Act)
    and Role.FIRST.value in MAY[str(action_of(OURS[name].callback))]
}
FITTING: list[tuple[type[serializers.Field[Any, Any, Any, Any]], Any]] = [
    (serializers.BooleanField, True),
    (serializers.DateTimeField, "2026-01-01T00:00:00Z"),
    (serializers.DateField, "2026-01-01"),
    (serializers.IntegerField, 1),
    (serializers.ListField, []),
    (serializers.CharField, "As agreed"),
]


@pytest.fixture
def theirs(db: None) -> Theirs:
    return made()


@pytest.mark.slow(seconds=20)
def test_what_others_own_is_out_of_reach_of_every_act(log_in: LogIn, theirs: Theirs) -> None:
    wrong: list[str] = []
    for name, act in ACTS.items():
        with undone():
            wrong += [f"{name}: {what}" for what in _tried(log_in(first_line=True), name, act, theirs)]
    assert not wrong, "\n".join(wrong)


def _tried(browser: LoggedIn, name: str, act: type[Act], theirs: Theirs) -> Iterator[str]:
    """Each field that names rows names what is theirs; then all of them do; then the address does."""
    url, own = address(name, browser.person), known(browser.person)
    fields = act.said(context={"request": None, "row": None}).fields
    fits = {field: own.get(field, _fitting(kind)) for field, kind in fields.items()}
    models = {field: _model(kind, browser.person) for field, kind in fields.items()}
    named = {field: found for field, fit in fits.items() if (found := _theirs(models[field], fit, theirs))}
    bodies = [{**fits, field: found} for field, found in named.items()]
    for body in [*bodies, {**fits, **named}] if len(named) > 1 else bodies:
        yield from _posted(browser, url, body, theirs)
    if at_theirs := address_of_theirs(name, url, theirs):
        yield from _posted(browser, at_theirs, fits, theirs)


def _fitting(kind: Any) -> Any:
    if isinstance(kind, serializers.ChoiceField):
        return next(iter(kind.choices))
    return next((value for type_, value in FITTING if isinstance(kind, type_)), None)


def _model(kind: Any, person: Any) -> Any:
    """Of the rows that the field names, by itself or in a list; None where it does not say."""
    kind = getattr(kind, "child", kind)
    return kind.rows(person).model if isinstance(kind, RowField) else None


def _theirs(model: Any, fit: Any, theirs: Theirs) -> Any:
    """What the field says to name what is theirs; nothing where it names no rows."""
    if isinstance(fit, list):
        found = _theirs(model, fit[0] if fit else "", theirs)
        return found and [found]
    if model is not None:
        return theirs.called(model)
    said = theirs.named(str(fit))
    return said if said != str(fit) else ""


def _posted(browser: LoggedIn, url: str, body: dict[str, Any], theirs: Theirs) -> Iterator[str]:
    def post() -> str:
        return browser.post(url, body, content_type="application/json").content.decode()

    return came_of_it(post, theirs, f"{url}, sent {body},")
