"""What people fill in about treatments, their actions and challenges."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from audit import clock
from findings.models import Check
from organisation.days import DayField
from organisation.models import Role, User
from risks.models import Challenge, Risk, Treatment, TreatmentAction
from risks.treating import FIELDS, checks_to_name, today

DAY = forms.DateInput({"type": "date", "class": "short"}, format="%Y-%m-%d")


def people() -> Any:
    return User.objects.active().with_role(Role.FIRST, clock.now()).order_by("name")


class TreatmentForm(forms.Form):
    """version: of the row as the person saw it."""

    strategy = forms.ChoiceField(label=_("Strategy"), choices=Treatment.Strategy.choices, widget=forms.RadioSelect)
    plan = forms.CharField(
        label=_("Plan"),
        max_length=4000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("What is done, or why nothing is. Its dated actions are added beside it."),
    )
    owner = forms.ModelChoiceField(User.objects.none(), label=_("Owner"), empty_label=_("Choose a person"))
    checks = forms.ModelMultipleChoiceField(
        Check.objects.none(),
        label=_("Done once these checks pass everywhere in the solution"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Of a mitigation. The portal proposes to close it then; unknown and not observed do not pass."),
    )
    hold_days = forms.IntegerField(
        label=_("Days that they have to hold"), min_value=1, max_value=366, initial=14,
        widget=forms.NumberInput({"class": "short"}),
    )  # fmt: skip
    because = forms.CharField(label=_("Why it changes"), max_length=500)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, risk: Risk, treatment: Treatment | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        fields["owner"].queryset = people()
        named = [one.check_ran_id for one in treatment.checks.in_force(clock.now())] if treatment else []
        linked = list(risk.finding_links.in_force(clock.now()).values_list("check_ran", flat=True))
        fields["checks"].queryset = checks_to_name(risk, treatment)
        fields["checks"].label_from_instance = str
        if treatment is None:
            del self.fields["because"]
            self.initial.update(
                {"owner": risk.owner_id, "strategy": Treatment.Strategy.MITIGATE.value, "checks": linked}
            )
        else:
            self.initial.update({name: getattr(treatment, name) for name in (*FIELDS, "version")} | {"checks": named})

    @property
    def said(self) -> dict[str, Any]:
        checks = [(one, "") for one in self.cleaned_data["checks"]]
        return {name: self.cleaned_data[name] for name in FIELDS} | {"checks": checks}


class ActionForm(forms.Form):
    what = forms.CharField(label=_("What is done"), max_length=300)
    owner = forms.ModelChoiceField(User.objects.none(), label=_("Owner"), empty_label=_("Choose a person"))
    due_on = DayField(label=_("Due on"), widget=DAY)
    link = forms.URLField(label=_("Ticket or pull request"), max_length=500, required=False, assume_scheme="https")
    because = forms.CharField(label=_("Why it changes"), max_length=500)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, treatment: Treatment, action: TreatmentAction | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["owner"].queryset = people()  # type: ignore[attr-defined]
        if action is None:
            del self.fields["because"]
            self.initial.update({"owner": treatment.owner_id, "due_on": today() + timedelta(days=30)})
        else:
            names = ("what", "owner", "due_on", "link", "version")
            self.initial.update({name: getattr(action, name) for name in names})

    @property
    def said(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("what", "owner", "due_on", "link")}


class StateForm(forms.Form):
    state = forms.ChoiceField(label=_("Status"), choices=TreatmentAction.State.choices, widget=forms.RadioSelect)
    because = forms.CharField(
        label=_("Why"), max_length=500, required=False, help_text=_("Dropping or reopening it needs a reason.")
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class ChallengeForm(forms.Form):
    because = forms.CharField(
        label=_("What you hold against it"), max_length=4000, widget=forms.Textarea({"rows": 4}),
        help_text=_("The first line answers that. It stays on the record."),
    )  # fmt: skip


class AnswerForm(forms.Form):
    answer = forms.CharField(label=_("Answer"), max_length=4000, widget=forms.Textarea({"rows": 4}))


class SettleForm(forms.Form):
    outcome = forms.ChoiceField(label=_("Outcome"), widget=forms.RadioSelect)
    because = forms.CharField(label=_("Why"), max_length=4000, widget=forms.Textarea({"rows": 3}))

    def __init__(self, *args: Any, outcomes: list[Challenge.Outcome], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["outcome"].choices = [(one.value, one.label) for one in outcomes]  # type: ignore[attr-defined]
