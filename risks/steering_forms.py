"""What people fill in about categories, appetites and authorities."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from audit import clock
from organisation.forms import day_field
from organisation.models import Role, Solution, User
from organisation.models.dated import ends
from risks.appetites import bounds_refusal, until_refusal
from risks.matrix_form import ApprovalForm
from risks.models import Appetite, Authority, Category, Matrix


class CategoryForm(forms.Form):
    """version: of the row as the person saw it."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    description = forms.CharField(
        label=gettext_lazy("What belongs to it"),
        max_length=500,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("So that two people sort the same risk alike."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, category: Category | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        if category:
            for name in self.fields:
                self.initial[name] = getattr(category, name)


class LastingForm(ApprovalForm):
    """Something approved, which may end on a day: all of that day."""

    until = day_field(
        label=gettext_lazy("Until"), help_text=gettext_lazy("The last day on which it holds. Empty: until you end it.")
    )

    def clean_until(self) -> datetime | None:
        day: date | None = self.cleaned_data["until"]
        until = ends(day) if day else None
        if why_not := until_refusal(until):
            raise forms.ValidationError(why_not)
        return until


def levels_of(matrix: Matrix) -> list[tuple[str, str]]:
    return [(str(n), str(one["label"])) for n, one in enumerate(matrix.levels)]


class AppetiteForm(LastingForm):
    """replaces: the one in force whose place it takes; solution and category are then its own."""

    solution = forms.ModelChoiceField(
        Solution.objects.none(),
        label=gettext_lazy("Solution"),
        required=False,
        empty_label=gettext_lazy("Every solution"),
    )
    category = forms.ModelChoiceField(
        Category.objects.none(),
        label=gettext_lazy("Category"),
        required=False,
        empty_label=gettext_lazy("Every category"),
    )
    appetite = forms.TypedChoiceField(
        label=gettext_lazy("Appetite"),
        coerce=int,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("Risks up to this level are wanted: nothing has to be done about them."),
    )
    tolerance = forms.TypedChoiceField(
        label=gettext_lazy("Tolerance"),
        coerce=int,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("Risks up to this level are borne while they are treated. Beyond it nobody bears them."),
    )
    because = forms.CharField(label=gettext_lazy("Reason"), max_length=500, widget=forms.Textarea({"rows": 3}))
    field_order = (
        "solution",
        "category",
        "appetite",
        "tolerance",
        "because",
        "approved_by",
        "approved_on",
        "reference",
        "until",
    )

    def __init__(self, *args: Any, matrix: Matrix, replaces: Appetite | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        at = clock.now()
        fields: dict[str, Any] = self.fields
        for name in ("appetite", "tolerance"):
            fields[name].choices = levels_of(matrix)
        if replaces:
            self.replaces: dict[str, Any] = {"solution": replaces.solution, "category": replaces.category}
            del self.fields["solution"], self.fields["category"]
        else:
            self.replaces = {}
            fields["solution"].queryset = Solution.objects.in_use(at).order_by("name")
            fields["category"].queryset = Category.objects.in_use()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if why_not := bounds_refusal(cleaned.get("appetite"), cleaned.get("tolerance")):
            self.add_error("tolerance", why_not)
        return cleaned

    @property
    def said(self) -> dict[str, Any]:
        return {**self.cleaned_data, **self.replaces}


class AuthorityForm(LastingForm):
    person = forms.ModelChoiceField(
        User.objects.none(),
        label=gettext_lazy("Person"),
        empty_label=gettext_lazy("Choose a manager"),
        help_text=gettext_lazy("People of the first line: risks are accepted by those who own them."),
    )
    solution = forms.ModelChoiceField(
        Solution.objects.none(),
        label=gettext_lazy("In"),
        required=False,
        empty_label=gettext_lazy("Every solution"),
    )
    level = forms.TypedChoiceField(label=gettext_lazy("Accepts up to"), coerce=int, widget=forms.RadioSelect)
    field_order = ("person", "solution", "level", "approved_by", "approved_on", "reference", "until")

    def __init__(self, *args: Any, matrix: Matrix, replaces: Authority | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        at = clock.now()
        fields: dict[str, Any] = self.fields
        fields["level"].choices = levels_of(matrix)
        if replaces:
            self.replaces: dict[str, Any] = {"person": replaces.person, "solution": replaces.solution}
            del self.fields["person"], self.fields["solution"]
        else:
            self.replaces = {}
            fields["person"].queryset = User.objects.active().with_role(Role.FIRST, at).order_by("name")
            fields["solution"].queryset = Solution.objects.in_use(at).order_by("name")

    @property
    def said(self) -> dict[str, Any]:
        return {**self.cleaned_data, **self.replaces}
