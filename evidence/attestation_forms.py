"""What people fill in to ask for an attestation, and to give one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import clock
from controls.models import Control
from evidence.attesting import Given, Statement
from evidence.request_forms import DAY, PiecesForm
from organisation.days import DayField
from organisation.models import Solution, User
from organisation.models.dated import begins, ends


class StatementForm(forms.Form):
    """What is stated, and of which time: whole days in the organisation's zone."""

    solution = forms.ModelChoiceField(
        Solution.objects.none(), label=_("Solution"), required=False, empty_label=_("The organisation as a whole")
    )
    statement = forms.CharField(
        label=_("What is stated"),
        max_length=4000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("A sentence that was so or was not, e.g. “Every leaver's access was taken away within a day”."),
    )
    period_from = DayField(label=_("Period from"), widget=DAY)
    period_to = DayField(label=_("Period until"), widget=DAY, help_text=_("The last day that it speaks of."))

    def __init__(self, *args: Any, control: Control, solutions: QuerySet[Solution], **options: Any) -> None:
        super().__init__(*args, **options)
        self.control = control
        if control.solution:
            del self.fields["solution"]
        else:
            self.fields["solution"].queryset = solutions  # type: ignore[attr-defined]
        today = timezone.localdate(clock.now())
        self.initial.setdefault("period_from", today - control.lasts + timedelta(days=1))
        self.initial.setdefault("period_to", today)

    def clean_period_from(self) -> datetime:
        return begins(self.cleaned_data["period_from"])

    def clean_period_to(self) -> datetime:
        """All of that day, or until now."""
        day: date = self.cleaned_data["period_to"]
        now = clock.now()
        return now if begins(day) <= now < ends(day) else ends(day)

    @property
    def said(self) -> Statement:
        told = self.cleaned_data
        period = (told["period_from"], told["period_to"])
        return Statement(self.control, told.get("solution"), told["statement"], period)


class AskForAttestationForm(StatementForm):
    asked_of = forms.ModelChoiceField(User.objects.none(), label=_("Who states it"), empty_label=_("Choose a person"))
    due_on = DayField(label=_("Due on"), widget=DAY, help_text=_("Not before the period is over."))
    field_order = ("solution", "statement", "period_from", "period_to", "asked_of", "due_on")

    def __init__(self, *args: Any, people: QuerySet[User], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["asked_of"].queryset = people  # type: ignore[attr-defined]
        self.initial.setdefault("due_on", timezone.localdate(clock.now()) + timedelta(days=14))


class GiveForm(PiecesForm):
    """holds: whether it was so, as stated."""

    holds = forms.TypedChoiceField(
        label=_("So it was"),
        choices=[("yes", _("Yes, all through the period")), ("no", _("No, it was not so"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    basis = forms.CharField(
        label=_("On what basis"),
        max_length=4000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("What you saw or keep that lets you say so; of what was not so, what happened."),
    )
    expires_on = DayField(label=_("Holds until"), required=False, widget=DAY)
    field_order: Sequence[str] = ("holds", "basis", "evidence", "file", "file_title", "expires_on")

    def __init__(self, *args: Any, of: Control, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["expires_on"].help_text = _("Empty: %(n)d days after the period, by the control's frequency.") % {
            "n": of.lasts.days
        }

    def given(self, pieces: list[Any]) -> Given:
        told = self.cleaned_data
        day: date | None = told["expires_on"]
        return Given(told["holds"], told["basis"], pieces, ends(day) if day else None)


class StateForm(StatementForm, GiveForm):
    """Both at once, of one's own accord."""

    field_order: Sequence[str] = ("solution", "statement", "period_from", "period_to", *GiveForm.field_order)
