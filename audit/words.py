"""A page is in its reader's language; what is kept, or told to others, is in the organisation's (LANGUAGE_CODE)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.utils import translation

P = ParamSpec("P")
Answer = TypeVar("Answer")


@contextmanager
def of_the_organisation() -> Iterator[None]:
    """Inside, words and dates are in the organisation's language."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


def kept(message: str) -> str:
    """`message` in the organisation's language. `make messages` finds what stands in it."""
    with of_the_organisation():
        return translation.gettext(message)


def in_the_organisations_language(act: Callable[P, Answer]) -> Callable[P, Answer]:
    """Of a view that answers with a file, or of what tells others: it says the same whoever acts."""

    @wraps(act)
    def answer(*args: P.args, **said: P.kwargs) -> Answer:
        with of_the_organisation():
            return act(*args, **said)

    return answer
