"""The columns that a reader may choose for the register."""

from __future__ import annotations

from dataclasses import replace

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from findings.columns import Column, Columns

ALL = (
    Column("id", _("Id"), True, "id"),
    Column("solution", _("Solution"), True, "solution"),
    Column("category", _("Category"), True, "category"),
    Column("owner", _("Owner"), True, "owner", "who"),
    Column("inherent", _("Inherent"), True, "inherent"),
    Column("current", _("Current"), True, "current"),
    Column("target", _("Target"), True, "target"),
    Column("standing", _("Standing"), True, "standing"),
    Column("treatment", _("Treatment"), True, "treatment"),
    Column("review", _("Next review"), True, "review", "when"),
    Column("link", _("Ticket"), False),
    Column("added", _("Added"), False, "", "when"),
)
"""Beside the title, which is always shown: it is the door."""


def chosen(query: QueryDict) -> Columns:
    """Every column, and whether it is shown: as `?columns=` asks, else as usual."""
    wanted = set(query.getlist("columns")) & {one.key for one in ALL}
    return Columns(replace(one, shown=one.key in wanted) if wanted else one for one in ALL)
