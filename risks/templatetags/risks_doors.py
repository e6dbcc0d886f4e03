"""Addresses of the register, with the reader's moment kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

from risks import doors
from risks.models import Assessment, Risk

register = template.Library()
KEPT = ("as_of", "known_at", "line", "solution")


@register.simple_tag(takes_context=True, name="register")
def to_register(context: Mapping[str, Any], **asked: Any) -> str:
    """{% register standing="above_tolerance" %}: as {% door %} has it; an empty value leaves what is kept."""
    given = context["request"].GET
    kept = {name: given[name] for name in KEPT if name in given}
    return doors.to_register(**{**kept, **{name: value for name, value in asked.items() if value}})


@register.simple_tag(takes_context=True)
def to_risk(context: Mapping[str, Any], risk: Risk) -> str:
    """The page of a risk."""
    given = context["request"].GET
    kept = {name: given[name] for name in KEPT if name in given}
    return doors.to_risk(risk, **kept)


@register.filter
def likelihood(one: Assessment) -> str:
    """In the words of the matrix that it was stated on."""
    return str(one.matrix.likelihoods[one.likelihood])


@register.filter
def impact(one: Assessment) -> str:
    return str(one.matrix.impacts[one.impact])
