"""The columns of a list of requests, and what belongs into each."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from risks.exchange.columns import Column

SHEET = "Requests"
MOST_ROWS = 300
LONGEST = {"reference": 40, "title": 150, "what": 4000, "item": 500}
"""Characters. Reference and title make up the name of a request."""
COLUMNS = (
    Column("reference", "Reference", _("Your number of it, e.g. PBC-12. It stands before its name; each once."), 14),
    Column("title", "What is asked for", _("In a line of up to 150 characters."), 44),
    Column("what", "In detail", _("What exactly, and in which form; may be empty."), 60),
    Column("solution", "Solution", _("The name or the id of a solution, e.g. S-3; empty: of the organisation."), 22),
    Column("about", "Control or requirement", _("The id of one, e.g. CT-7 or RQ-12; may be empty."), 24),
    Column("period_from", "Period from", _("A date, as 2026-01-01; may be empty, with the next one."), 14),
    Column("period_to", "Period until", _("The last day of it."), 14),
    Column("item", "Sample item", _("Of a sample, as it is written there; may be empty."), 24),
    Column("assignee", "Who is asked", _("The e-mail address of a person."), 30),
    Column("due_on", "Due on", _("A date, as 2026-06-30."), 14),
)
BY_NAME = {one.name: one for one in COLUMNS}
ALSO = {
    "ref": "reference", "no": "reference", "request": "title", "details": "what", "control": "about",
    "requirement": "about", "from": "period_from", "to": "period_to", "period to": "period_to", "until": "period_to",
    "assignee": "assignee", "email": "assignee", "due": "due_on", "due date": "due_on", "sample": "item",
}  # fmt: skip
BY_HEAD = {one.head.lower(): one.name for one in COLUMNS} | ALSO
NEEDED = ("title", "assignee", "due_on")
