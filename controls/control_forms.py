"""What people fill in about a control: what it is, who inherits it, and what they tested or state."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import clock
from controls.heirs import could_inherit
from controls.models import Control, Frequency, Verdict
from controls.models.control import WRITTEN
from controls.verdicts import may_answer, solutions_to_answer
from organisation.days import DayField
from organisation.forms import day_field
from organisation.models import Role, Solution, User
from organisation.models.dated import begins, ends

DAY = forms.DateInput({"type": "date", "class": "short"}, format="%Y-%m-%d")


def people_to_own(control: Control | None = None) -> Any:
    """Of the first and second line; and who owns it."""
    at = clock.now()
    lines = (User.objects.with_role(Role.FIRST, at) | User.objects.with_role(Role.SECOND, at)).active()
    return User.objects.filter(Q(pk__in=lines.values("pk")) | Q(pk=control.owner_id if control else 0)).order_by("name")


def solutions_to_operate(control: Control | None = None) -> QuerySet[Solution]:
    """In use; and the one that operates it."""
    used = Solution.objects.in_use(clock.now())
    operator = control.solution_id if control else None
    return Solution.objects.filter(Q(pk__in=used.values("pk")) | Q(pk=operator or 0)).order_by("name")


class ControlForm(forms.Form):
    """version: of the row as the person saw it."""

    name = forms.CharField(
        label=_("Name"), max_length=200, help_text=_("What is true when it works, e.g. “Only named people administer”.")
    )
    objective = forms.CharField(
        label=_("Objective"),
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("What it is for, in words that hold whatever the technique."),
    )
    kind = forms.ChoiceField(label=_("Type"), choices=Control.Kind.choices, widget=forms.RadioSelect)
    method = forms.ChoiceField(
        label=_("How it works"),
        choices=[
            (Control.Method.AUTOMATED.value, _("Automated: checks show it")),
            (Control.Method.MANUAL.value, _("Manual: people test it, and say by name what they saw")),
        ],
        widget=forms.RadioSelect,
    )
    frequency = forms.ChoiceField(
        label=_("Frequency"),
        choices=Frequency.choices,
        widget=forms.Select({"class": "short"}),
        help_text=_("How often it is operated. A test or a statement of it stays fresh for as long."),
    )
    procedure = forms.CharField(
        label=_("How it is tested"),
        max_length=4000,
        required=False,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("Steps that somebody else can follow and come to the same result. A manual control needs them."),
    )
    evidence = forms.CharField(
        label=_("What evidence shows it"), max_length=2000, required=False, widget=forms.Textarea({"rows": 3})
    )
    owner = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Owner"),
        empty_label=_("Choose a person"),
        help_text=_("Who answers for it, of the first or second line. Nobody concludes on a control of their own."),
    )
    solution = forms.ModelChoiceField(
        Solution.objects.none(),
        label=_("Operated by"),
        required=False,
        empty_label=_("Every solution, each for itself"),
    )
    is_common = forms.BooleanField(
        label=_("Common: other solutions may inherit it from the one that operates it"), required=False
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, control: Control | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.control = control
        self.fields["owner"].queryset = people_to_own(control)  # type: ignore[attr-defined]
        self.fields["solution"].queryset = solutions_to_operate(control)  # type: ignore[attr-defined]
        if control:
            for name in (*WRITTEN, "version"):
                self.initial[name] = getattr(control, name)

    @property
    def said(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in WRITTEN}


class InheritForm(forms.Form):
    solution = forms.ModelChoiceField(
        Solution.objects.none(), label=_("Solution"), empty_label=_("Choose the one that relies on it")
    )
    because = forms.CharField(
        label=_("Why"), max_length=500, help_text=_("On what it relies, and who agreed to it. It goes into the trail.")
    )

    def __init__(self, *args: Any, control: Control, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["solution"].queryset = could_inherit(control)  # type: ignore[attr-defined]


class VerdictForm(forms.Form):
    """What both a test and an attestation say; days are whole days in the organisation's zone."""

    kind: ClassVar[str]

    solution = forms.ModelChoiceField(Solution.objects.none(), label=_("What it is about"), required=False)
    period_from = DayField(label=_("Period from"), widget=DAY)
    period_to = DayField(
        label=_("Period until"),
        widget=DAY,
        help_text=_("The last day that it speaks of; until now where that is today."),
    )
    result = forms.ChoiceField(widget=forms.RadioSelect)
    what = forms.CharField(max_length=4000, widget=forms.Textarea({"rows": 4}))
    because = forms.CharField(max_length=4000, widget=forms.Textarea({"rows": 4}))
    fresh_until = day_field(label=_("To be tested again by"))

    def __init__(self, *args: Any, control: Control, person: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.control, self.person = control, person
        field: Any = self.fields["solution"]
        if control.solution:
            del self.fields["solution"]
        else:
            field.queryset = solutions_to_answer(person).order_by("name")
            if may_answer(person, control, None):
                field.empty_label = _("The organisation as a whole")
            else:
                field.required, field.empty_label = True, _("Choose a solution")
        today = timezone.localdate(clock.now(), ZoneInfo(settings.TIME_ZONE))
        self.initial["period_from"], self.initial["period_to"] = today - control.lasts + timedelta(days=1), today
        self.fields["fresh_until"].help_text = _("Empty: %(n)d days after the period, by its frequency.") % {
            "n": control.lasts.days
        }

    def clean_period_from(self) -> datetime:
        return begins(self.cleaned_data["period_from"])

    def clean_period_to(self) -> datetime:
        """All of that day, or until now."""
        day: date = self.cleaned_data["period_to"]
        now = clock.now()
        return now if begins(day) <= now < ends(day) else ends(day)

    def clean_fresh_until(self) -> datetime | None:
        day: date | None = self.cleaned_data["fresh_until"]
        return ends(day) if day else None


class ManualTestForm(VerdictForm):
    kind = Verdict.Kind.MANUAL_TEST.value

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["what"] = self.control.procedure
        labels = {"result": _("Result"), "what": _("Procedure followed"), "because": _("What was seen")}
        for name, label in labels.items():
            self.fields[name].label = label
        self.fields["what"].help_text = _("What was really done, where it differs from how the control is tested.")
        self.fields["because"].help_text = _(
            "How many were looked at, of how many, and what they showed: enough for somebody to test it again."
        )
        result: Any = self.fields["result"]
        result.choices = [
            (Verdict.Result.PASSING.value, _("Passing: all of it was as it should be")),
            (Verdict.Result.PARTLY_FAILING.value, _("Partly failing: some of it was not")),
            (Verdict.Result.FAILING.value, _("Failing: nothing of it was")),
        ]


class AttestationForm(VerdictForm):
    kind = Verdict.Kind.ATTESTATION.value
    stated_by = forms.CharField(
        label=_("Stated by"),
        max_length=200,
        help_text=_("Who states it, and in which function."),
    )
    field_order = ("solution", "period_from", "period_to", "stated_by", "what", "result", "because", "fresh_until")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        labels = {"result": _("So it was"), "what": _("What is stated"), "because": _("On what basis")}
        for name, label in labels.items():
            self.fields[name].label = label
        self.fields["because"].help_text = _("What the person saw or keeps that lets them say so.")
        result: Any = self.fields["result"]
        result.choices = [
            (Verdict.Result.PASSING.value, _("All through the period")),
            (Verdict.Result.PARTLY_FAILING.value, _("In part")),
            (Verdict.Result.FAILING.value, _("Not at all")),
        ]
