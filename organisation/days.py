"""Days that people write: of an age in which something here can have happened, or be due."""

from __future__ import annotations

from datetime import date, datetime

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

FIRST_YEAR, LAST_YEAR = 1900, 2999
"""Nearer to the years 1 and 9999 there are moments that have no name in another time zone."""


def is_in_reach(day: date | datetime) -> bool:
    return FIRST_YEAR <= day.year <= LAST_YEAR


def in_reach(day: date | datetime) -> None:
    """A validator of forms. Raises ValidationError."""
    if not is_in_reach(day):
        words = _("Take a day of the years %(first)d to %(last)d.")
        raise ValidationError(words % {"first": FIRST_YEAR, "last": LAST_YEAR})


class DayField(forms.DateField):
    default_validators = [in_reach]
