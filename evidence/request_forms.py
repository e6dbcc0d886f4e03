"""What people fill in to ask for evidence, to answer, to pass it on and to settle it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import clock
from controls.models import Control, Requirement
from evidence.models import Evidence
from evidence.requests import Asking
from evidence.sources import Source
from organisation.days import DayField
from organisation.models import Solution, User
from organisation.models.dated import begins, ends

DAY = forms.DateInput({"type": "date", "class": "short"}, format="%Y-%m-%d")
MOST_OFFERED = 200
"""Pieces of evidence that a form offers to choose from, the newest first."""
TOO_LARGE = _("The file is larger than 32 MB.")


class PeriodForm(forms.Form):
    """Whole days, in the organisation's zone; both or neither."""

    period_from = DayField(label=_("Period from"), required=False, widget=DAY)
    period_to = DayField(label=_("Period until"), required=False, widget=DAY, help_text=_("The last day of it."))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        begin, end = cleaned.get("period_from"), cleaned.get("period_to")
        if bool(begin) != bool(end) and not self.errors:
            self.add_error("period_to" if begin else "period_from", _("Say both days of the period, or neither."))
        return cleaned

    @property
    def period(self) -> tuple[datetime, datetime] | None:
        begin, end = self.cleaned_data["period_from"], self.cleaned_data["period_to"]
        return (begins(begin), ends(end)) if begin and end else None


class AskForm(PeriodForm):
    title = forms.CharField(
        label=_("What you ask for"), max_length=200, help_text=_("In a line, e.g. “List of administrators on 30 June”.")
    )
    what = forms.CharField(
        label=_("In detail"), max_length=4000, required=False, widget=forms.Textarea({"rows": 4})
    )  # fmt: skip
    solution = forms.ModelChoiceField(
        Solution.objects.none(), label=_("Solution"), required=False, empty_label=_("None: of the organisation")
    )
    control = forms.ModelChoiceField(
        Control.objects.none(), label=_("Control"), required=False, empty_label=_("No control")
    )
    requirement = forms.CharField(
        label=_("Requirement"), required=False, max_length=40, help_text=_("Its id, e.g. RQ-12."),
        widget=forms.TextInput({"class": "short"}),
    )  # fmt: skip
    item = forms.CharField(
        label=_("Sample item"), max_length=500, required=False, help_text=_("Of a sample, as it is written there.")
    )
    assignee = forms.ModelChoiceField(User.objects.none(), label=_("Who is asked"), empty_label=_("Choose a person"))
    due_on = DayField(label=_("Due on"), widget=DAY)
    field_order = (
        "title", "what", "solution", "control", "requirement", "period_from", "period_to", "item", "assignee", "due_on",
    )  # fmt: skip

    def __init__(
        self,
        *args: Any,
        solutions: QuerySet[Solution],
        controls: QuerySet[Control],
        people: QuerySet[User],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        fields["solution"].queryset, fields["control"].queryset = solutions, controls
        fields["assignee"].queryset = people
        self.initial.setdefault("due_on", timezone.localdate(clock.now()) + timedelta(days=14))

    def clean_requirement(self) -> Requirement | None:
        text: str = self.cleaned_data["requirement"].strip()
        if not text:
            return None
        try:
            found = Requirement.objects.filter(pk=Requirement.key_of(text)).first()
        except Http404:
            found = None
        if found is None:
            raise forms.ValidationError(_("There is no requirement with this id."))
        return found

    def asking(self, source: Source | None) -> Asking:
        said = self.cleaned_data
        names = ("title", "what", "solution", "control", "requirement", "item", "assignee", "due_on")
        return Asking(**{name: said[name] for name in names}, period=self.period, source=source)


class PiecesForm(forms.Form):
    """Pieces of the locker, and a new file."""

    evidence = forms.ModelMultipleChoiceField(
        Evidence.objects.none(),
        label=_("From the locker"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    file = forms.FileField(
        label=_("A new file"), required=False, help_text=_("At most 32 MB. It goes into the locker.")
    )
    file_title = forms.CharField(label=_("What the file shows"), max_length=200, required=False)

    def __init__(self, *args: Any, pieces: QuerySet[Evidence], refused: Collection[str] = (), **options: Any) -> None:
        """refused: fields whose file was too large to be taken."""
        super().__init__(*args, **options)
        self.refused = refused
        field: Any = self.fields["evidence"]
        field.queryset = pieces.order_by("-id")[:MOST_OFFERED] if not self.is_bound else pieces
        field.label_from_instance = lambda one: f"{one.public_id} {one.title}"
        if not self.is_bound and not pieces.exists():
            field.help_text = _("No piece of it is there yet.")

    def clean_file(self) -> Any:
        if "file" in self.refused:
            raise forms.ValidationError(TOO_LARGE)
        return self.cleaned_data["file"]


class AnswerForm(PiecesForm):
    """version: of the row as the person saw it."""

    words = forms.CharField(
        label=_("In words"),
        max_length=4000,
        required=False,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("What the evidence shows; or “there is none, because …”, which is an answer too."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    field_order = ("words", "evidence", "file", "file_title", "version")


class PassOnForm(forms.Form):
    to = forms.ModelChoiceField(User.objects.none(), label=_("To whom"), empty_label=_("Choose a colleague"))
    words = forms.CharField(
        label=_("Remark"), max_length=2000, required=False, widget=forms.Textarea({"rows": 3})
    )  # fmt: skip
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, people: QuerySet[User], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["to"].queryset = people  # type: ignore[attr-defined]


class SettleForm(forms.Form):
    because = forms.CharField(label=_("Why"), max_length=4000, widget=forms.Textarea({"rows": 4}))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class AcceptForm(SettleForm):
    because = forms.CharField(
        label=_("Remark"), max_length=4000, required=False, widget=forms.Textarea({"rows": 3})
    )  # fmt: skip


class ReturnForm(SettleForm):
    because = forms.CharField(
        label=_("What is missing"),
        max_length=4000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("So that the next answer can be accepted."),
    )
    due_on = DayField(label=_("Due on"), required=False, widget=DAY, help_text=_("Empty: as before."))
    field_order = ("because", "due_on", "version")
