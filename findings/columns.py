"""The columns that a reader may choose for a list of findings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Column:
    """order: the explorer's order that its head asks for, empty for none."""

    key: str
    label: str | Promise
    shown: bool
    order: str = ""
    css: str = ""


ALL = (
    Column("status", _("Status"), True),
    Column("severity", _("Severity"), True, "severity"),
    Column("resource", _("Resource"), True),
    Column("account", _("Account"), True, "account"),
    Column("region", _("Region"), False),
    Column("solution", _("Solution"), True),
    Column("since", _("Since"), True, "since", "when"),
    Column("due", _("Due"), True, "", "when"),
    Column("changed", _("Last change"), False, "changed", "when"),
    Column("source", _("Source"), False),
    Column("product", _("Product"), False),
    Column("workflow", _("Workflow"), False),
    Column("id", _("Finding"), False),
)


class Columns(list[Column]):
    """Every column in its order."""

    @cached_property
    def shown(self) -> frozenset[str]:
        return frozenset(column.key for column in self if column.shown)


def chosen(query: QueryDict) -> Columns:
    """Every column, and whether it is shown: as `?columns=` asks, else as usual."""
    return only(*query.getlist("columns"))


def only(*keys: str) -> Columns:
    """The columns with these keys are shown; the usual ones where there are none."""
    wanted = set(keys) & {column.key for column in ALL}
    return Columns(replace(column, shown=column.key in wanted) if wanted else column for column in ALL)
