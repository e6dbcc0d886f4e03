"""What is said in place, on a row of My items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from organisation.days import DayField
from organisation.models import Solution, User
from risks import triaging
from risks.models import Triage


class PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One of the people of a solution, by public id."""

    def __init__(self, solution: Solution) -> None:
        people = triaging.people_of(solution)
        super().__init__(people, required=False, label=_("Who does it"), empty_label=_("anybody"), to_field_name="pk")


class TriageForm(forms.Form):
    """What a person says of one group. Only what was sent is said; the rest stays."""

    status = forms.ChoiceField(label=_("Status"), choices=Triage.Status.choices)
    planned_on = DayField(
        label=_("Planned for"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    link = forms.URLField(
        label=_("Ticket or pull request"), required=False, max_length=500, assume_scheme="https",
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )  # fmt: skip

    comment = forms.CharField(label=_("Comment"), required=False, max_length=2000)

    def __init__(self, sent: Mapping[str, Any] | None, solution: Solution, **more: Any) -> None:
        super().__init__(sent, **more)
        self.fields["assigned_to"] = PersonField(solution)
        if sent is not None:
            for name in [one for one in self.fields if one not in sent]:
                del self.fields[name]

    @property
    def said(self) -> dict[str, Any]:
        """Without the comment, which is no field of the group."""
        return {name: value for name, value in self.cleaned_data.items() if name != "comment"}


class BulkForm(forms.Form):
    """What is said of all chosen groups at once: one of the two."""

    status = forms.ChoiceField(choices=[("", ""), *Triage.Status.choices], required=False)
    mine = forms.BooleanField(required=False)

    def said(self, person: User) -> dict[str, Any]:
        told: dict[str, Any] = {}
        if self.cleaned_data["status"]:
            told["status"] = self.cleaned_data["status"]
        if self.cleaned_data["mine"]:
            told["assigned_to"] = person
        return told
