"""Migrations without rendering every model anew after every operation.

Django renders a model that an operation changes together with the models related to it and, for a new
model or relation, with all that are related to those. Where everything is related to people that is the
whole schema, hundreds of times: nine tenths of what `migrate` took. An operation on the schema looks at
the model it changes. What reads or writes rows needs complete models, and gets them: RunPython asks for
them where a state calls itself delayed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations.state import ProjectState

_ADDING = ("add_model", "add_field")
"""Nothing that exists looks different for what these add."""


@contextmanager
def rendering_what_changes() -> Iterator[None]:
    """What is migrated in this block renders a model without those related to it, where that is enough."""
    names = ("_find_reload_model", *_ADDING)
    before = {name: getattr(ProjectState, name) for name in names}
    adding = False

    def found(self: ProjectState, app_label: str, model_name: str, delay: bool = False) -> set[tuple[str, str]]:
        if not (delay or adding):
            related: set[tuple[str, str]] = before["_find_reload_model"](self, app_label, model_name, delay)
            return related
        self.is_delayed = True
        return {(app_label, model_name)}

    def adds(method: Callable[..., None]) -> Callable[..., None]:
        def add(*args: Any, **options: Any) -> None:
            nonlocal adding
            adding = True
            try:
                method(*args, **options)
            finally:
                adding = False

        return add

    now = {"_find_reload_model": found, **{name: adds(before[name]) for name in _ADDING}}
    for name in names:
        setattr(ProjectState, name, now[name])
    try:
        yield
    finally:
        for name in names:
            setattr(ProjectState, name, before[name])
