"""Addresses of the register, for what counts its rows."""

from __future__ import annotations

from collections.abc import Mapping

from django.urls import reverse
from django.utils.http import urlencode

from risks.models import Risk


def to_register(**asked: str | int | None) -> str:
    """The register, narrowed by these parameters; None and "" leave one out."""
    return _address(reverse("risks:heat_map").removesuffix("heat-map/"), asked)


def to_risk(risk: Risk, **kept: str) -> str:
    return _address(f"{to_register()}{risk.public_id}/", kept)


def _address(path: str, asked: Mapping[str, str | int | None]) -> str:
    said = {name: value for name, value in asked.items() if value is not None and value != ""}
    return f"{path}?{urlencode(said)}" if said else path
