"""Addresses of lists, with the reader's moment and scope kept."""

from __future__ import annotations

from django.http import HttpRequest, QueryDict
from django.urls import reverse

KEPT = ("as_of", "known_at", "line", "solution", "version")


def door_of(query: QueryDict, path: str, name: str, value: str, **more: str | None) -> str:
    """The address of a list with `name` at `value`. query: of the page that it is on. more: None takes away."""
    asked = QueryDict(mutable=True)
    for key in KEPT:
        if key in query:
            asked[key] = str(query[key])
    for key, one in {name: value, **more}.items():
        asked.pop(key, None)
        if one:
            asked[key] = one
    return f"{path}?{asked.urlencode()}" if asked else path


def files_of(request: HttpRequest, name: str, *args: str) -> list[dict[str, str]]:
    """The list on this page as a file, in each form. name: of the URL that sends it, which takes the form last."""
    asked = request.GET.copy()
    asked.pop("cursor", None)
    query = f"?{asked.urlencode()}" if asked else ""
    return [{"label": form.upper(), "url": reverse(name, args=[*args, form]) + query} for form in ("xlsx", "csv")]
