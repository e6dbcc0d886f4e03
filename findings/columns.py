"""The columns that a reader may choose for a list of findings."""

from __future__ import annotations

from dataclasses import dataclass

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


def chosen(query: QueryDict) -> list[Column]:
    """Every column, and whether it is shown: as `?columns=` asks, else as usual."""
    wanted = set(query.getlist("columns")) & {column.key for column in ALL}
    if not wanted:
        return list(ALL)
    return [Column(column.key, column.label, column.key in wanted, column.order, column.css) for column in ALL]
