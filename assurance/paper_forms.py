"""What auditors fill in on a working paper."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assurance import teaming
from assurance.drawing import MOST_SURE, Design, asked_people, asked_solutions
from assurance.engagement_forms import DAY
from assurance.models import ControlTest, Engagement, Population, Sample, SampleItem
from assurance.population_lines import STRATA
from assurance.populations import sources_of
from assurance.rights import in_scope
from audit import clock
from controls.models import Control
from evidence.request_forms import PiecesForm
from organisation.days import DayField
from organisation.models import Solution, User

Source, Against = Population.Source, Population.Against


class VersionForm(forms.Form):
    """version: of the row as the person saw it."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class PlanTestsForm(forms.Form):
    controls = forms.ModelMultipleChoiceField(
        Control.objects.none(), label=_("Controls"), widget=forms.CheckboxSelectMultiple
    )
    kinds = forms.MultipleChoiceField(
        label=_("What is tested"), choices=ControlTest.Kind.choices, widget=forms.CheckboxSelectMultiple
    )
    solution = forms.ModelChoiceField(
        Solution.objects.none(),
        label=_("Solution"),
        required=False,
        empty_label=_("All that are audited"),
        help_text=_("To test one solution's part of a control that is asked of every solution."),
    )
    assigned_to = forms.ModelChoiceField(
        User.objects.none(), label=_("Who tests"), required=False, empty_label=_("Nobody yet")
    )

    def __init__(self, *args: Any, engagement: Engagement, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        fields["controls"].queryset = in_scope(engagement, clock.now()).order_by("name")
        fields["solution"].queryset = engagement.solutions.order_by("name")
        fields["assigned_to"].queryset = teaming.people(engagement)
        if engagement.about_from == engagement.about_to:
            fields["kinds"].choices = [(ControlTest.Kind.DESIGN.value, ControlTest.Kind.DESIGN.label)]
            fields["kinds"].help_text = _("A moment is audited: how a control operated needs a period.")
        self.initial.setdefault("kinds", [value for value, _label in fields["kinds"].choices])


class ChangeTestForm(VersionForm):
    procedure = forms.CharField(label=_("Procedure"), max_length=8000, widget=forms.Textarea({"rows": 8}))
    assigned_to = forms.ModelChoiceField(
        User.objects.none(), label=_("Who tests"), required=False, empty_label=_("Nobody yet")
    )
    field_order = ("procedure", "assigned_to", "version")

    def __init__(self, *args: Any, test: ControlTest, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["assigned_to"].queryset = teaming.people(test.engagement)  # type: ignore[attr-defined]
        for name in ("procedure", "assigned_to", "version"):
            self.initial[name] = getattr(test, name)


class FreezeForm(forms.Form):
    source = forms.ChoiceField(label=_("Items"), choices=Source.choices)
    listed = forms.FileField(
        label=_("The list"),
        required=False,
        help_text=_("Where one is brought: CSV or workbook with a column Key, perhaps Label."),
    )
    against = forms.ChoiceField(
        label=_("Held against"),
        choices=[("", _("Nothing: I explain why")), *Against.choices],
        required=False,
        initial=Against.INVENTORY,
        help_text=_("A source that does not come from the checks, so that what they do not see shows."),
    )
    other = forms.FileField(
        label=_("The list that it is held against"),
        required=False,
        help_text=_("Where it is a list: with a column Key."),
    )

    def __init__(self, *args: Any, test: ControlTest, **options: Any) -> None:
        super().__init__(*args, **options)
        sources = sources_of(test.control)
        self.fields["source"].choices = [(one.value, one.label) for one in sources]  # type: ignore[attr-defined]
        if test.control.is_manual:
            self.initial.setdefault("against", "")


class WordsForm(VersionForm):
    words = forms.CharField(label=_("In words"), max_length=4000, widget=forms.Textarea({"rows": 4}))
    field_order = ("words", "version")


class ReviewForm(VersionForm):
    words = forms.CharField(
        label=_("Remark"), max_length=4000, required=False, widget=forms.Textarea({"rows": 3})
    )  # fmt: skip
    field_order = ("words", "version")


def _share(label: Any, initial: str, help_text: Any, *, most: Decimal = Decimal(100)) -> forms.DecimalField:
    widget = forms.NumberInput({"class": "short", "step": "0.5"})
    return forms.DecimalField(
        label=label, required=False, min_value=Decimal(0), max_value=most, max_digits=5, decimal_places=2,
        initial=Decimal(initial), help_text=help_text, widget=widget,
    )  # fmt: skip


class DrawForm(forms.Form):
    method = forms.ChoiceField(label=_("Method"), choices=Sample.Method.choices)
    confidence = _share(_("Confidence, %"), "90", _("How sure it makes you: 90 or 95 as a rule."), most=MOST_SURE * 100)
    tolerable = _share(_("Tolerable deviation, %"), "10", _("As many may deviate before the control fails."))
    expected = _share(_("Expected deviation, %"), "0", _("As many you expect to deviate, by earlier years."))
    strata = forms.ChoiceField(
        label=_("Divided by"),
        required=False,
        choices=[("", "–"), *zip(STRATA, (_("Account"), _("Region"), _("Type"), _("Status")), strict=True)],
        help_text=_("Of a stratified sample."),
    )
    size = forms.IntegerField(
        label=_("Size"), required=False, min_value=1, help_text=_("Empty: as computed."),
        widget=forms.NumberInput({"class": "short"}),
    )  # fmt: skip
    size_because = forms.CharField(label=_("Why another size"), max_length=2000, required=False)

    @property
    def design(self) -> Design:
        said = self.cleaned_data
        shares = {
            name: None if said[name] is None else said[name] / 100 for name in ("confidence", "tolerable", "expected")
        }
        return Design(said["method"], said["strata"], size=said["size"], size_because=said["size_because"], **shares)


class IssueForm(forms.Form):
    assignee = forms.ModelChoiceField(User.objects.none(), label=_("Who is asked"), empty_label=_("Choose a person"))
    solution = forms.ModelChoiceField(
        Solution.objects.none(), label=_("Solution"), required=False, empty_label=_("None: of the organisation")
    )
    what = forms.CharField(
        label=_("What is asked for of each item"), max_length=4000, widget=forms.Textarea({"rows": 4})
    )
    due_on = DayField(label=_("Due on"), widget=DAY)

    def __init__(self, *args: Any, test: ControlTest, person: User, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        fields["assignee"].queryset = asked_people(test, person)
        solutions = asked_solutions(test).order_by("name")
        fields["solution"].queryset = solutions
        if not solutions:
            del fields["solution"]
        elif len(solutions) == 1:
            self.initial["solution"] = solutions[0].pk
        self.initial.setdefault("due_on", timezone.localdate(clock.now()) + timedelta(days=14))
        self.initial.setdefault("what", test.control.evidence)


class ResultForm(PiecesForm):
    result = forms.ChoiceField(
        label=_("Result"),
        choices=[one for one in SampleItem.Result.choices if one[0] != SampleItem.Result.OPEN],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=_("What was seen"), max_length=2000, required=False, widget=forms.Textarea({"rows": 3})
    )  # fmt: skip
    field_order = ("result", "note", "evidence", "file", "file_title")


class ConcludeForm(VersionForm):
    conclusion = forms.ChoiceField(
        label=_("Conclusion"), choices=ControlTest.Conclusion.choices, widget=forms.RadioSelect
    )
    because = forms.CharField(
        label=_("What was found"),
        max_length=8000,
        widget=forms.Textarea({"rows": 6}),
        help_text=_("And why it leads to this, deviations and hours that nobody observed among it."),
    )
    field_order = ("conclusion", "because", "version")
