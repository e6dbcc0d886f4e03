"""What people say of mappings: proposals, changes and decisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from controls import deciding, refusals
from controls.deciding import Outlook
from controls.ends import end_chosen
from controls.forms import PickField
from controls.models import Mapping
from controls.proposing import End, Refused
from controls.wording import Meaning
from organisation.models import User

APPROVE, END = "approve", "end"


def _as_proposed() -> forms.ChoiceField:
    """The type that the approver states of all of them; empty: each as it was proposed."""
    return forms.ChoiceField(
        label=_("Type"), required=False, choices=[("", _("As proposed")), *Mapping.Relation.choices]
    )


class OneDecisionForm(forms.Form):
    """A decision about one mapping, and why."""

    action = forms.ChoiceField(label=_("Decision"), choices=[(APPROVE, ""), (END, "")])
    relation = _as_proposed()
    because = forms.CharField(label=_("Reason"), max_length=500)


class DecisionForm(OneDecisionForm):
    """A decision about the chosen mappings, and why."""

    pick = PickField(label=_("Chosen"))


class AllForm(OneDecisionForm):
    """A decision about everything that a filter matches. seen: what it was when the person saw the figures."""

    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, outlook: Outlook, **more: Any) -> None:
        super().__init__(*args, **more)
        self.outlook = outlook

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        try:
            deciding.refuse(self.outlook, said.get("action", ""), seen=said.get("seen", ""))
        except refusals.Refused as no:
            self.add_error(no.field or None, str(no))
        return said


class HowForm(forms.Form):
    """How two ends have to do with each other, and why."""

    relation = forms.ChoiceField(label=_("Type"), widget=forms.RadioSelect)
    rationale = forms.CharField(
        label=_("Rationale"),
        max_length=2000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_(
            "Why it is so: what the one asks and the other shows. Whoever decides reads it, and so do auditors."
        ),
    )

    def __init__(self, *args: Any, meanings: Sequence[Meaning], **more: Any) -> None:
        super().__init__(*args, **more)
        choice = self.fields["relation"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(one.relation.value, f"{one.label}: {one.says} {one.figures}") for one in meanings]


class ChangeForm(HowForm):
    """Another type, or another rationale."""


class ProposeForm(HowForm):
    one = forms.CharField(error_messages={"required": _("Find what the mapping joins and choose it.")})
    two = forms.CharField(error_messages={"required": _("Find what the mapping joins and choose it.")})

    def __init__(self, *args: Any, user: User, **more: Any) -> None:
        super().__init__(*args, **more)
        self.user = user

    def clean_one(self) -> End:
        return self._end("one")

    def clean_two(self) -> End:
        return self._end("two")

    def _end(self, place: str) -> End:
        try:
            return end_chosen(self.cleaned_data[place], self.user)
        except Refused as no:
            raise forms.ValidationError(str(no)) from no
