"""What people fill in to ask for an exception, and to move one on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import clock
from findings.models import Check, Resource
from organisation.days import DayField
from organisation.models import Solution
from organisation.models.dated import ends
from risks.asking import LONGEST, Asking
from risks.models import Risk, RiskException

MOST_LISTED = 200


@dataclass(frozen=True)
class Subject:
    """What an exception is asked for. resources: those that fail now; places: account and Region of each."""

    solution: Solution
    risk: Risk | None
    checks: Sequence[Check]
    resources: Sequence[Resource]
    failing: int
    chosen: Sequence[Resource] = ()

    @property
    def accounts(self) -> list[str]:
        return sorted({one.account for one in self.resources})

    @property
    def regions(self) -> list[str]:
        return sorted({one.region for one in self.resources})


class ChooseForm(forms.Form):
    """What it is about, where the address does not say so."""

    solution = forms.ModelChoiceField(
        Solution.objects.none(), label=_("Solution"), empty_label=_("Choose one of yours"), to_field_name="pk"
    )

    def __init__(self, *args: Any, solutions: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["solution"].queryset = solutions  # type: ignore[attr-defined]


class AskForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Why it is borne"),
        max_length=4000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("Whoever accepts it decides on this: what would it take to fix, and what may happen until then?"),
    )
    compensating = forms.CharField(
        label=_("Compensating controls"),
        max_length=4000,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("What keeps the risk down meanwhile. A compensating control needs it."),
    )
    granted_by = forms.CharField(
        label=_("Who has to grant it"),
        max_length=200,
        required=False,
        help_text=_("Of a dispensation, as the framework names them, e.g. the accreditation authority."),
    )
    bound = forms.ChoiceField(
        label=_("What it covers"),
        widget=forms.RadioSelect,
        choices=[
            ("listed", _("The resources chosen below, and no others")),
            ("rule", _("A rule: whatever fails in the accounts and Regions chosen, up to a ceiling")),
        ],
        initial="listed",
    )
    resources = forms.ModelMultipleChoiceField(
        Resource.objects.none(), label=_("Resources"), required=False, widget=forms.CheckboxSelectMultiple
    )
    accounts = forms.MultipleChoiceField(
        label=_("Accounts"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Of a rule. None chosen: all of the solution's."),
    )
    regions = forms.MultipleChoiceField(
        label=_("Regions"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Of a rule. None chosen: all of them."),
    )
    ceiling = forms.IntegerField(
        label=_("Ceiling"),
        required=False,
        min_value=1,
        max_value=100_000,
        widget=forms.NumberInput({"class": "short"}),
        help_text=_("Of a rule: if more than this fail within it, the exception reopens by itself."),
    )
    expires_on = DayField(
        label=_("Expires after"),
        widget=forms.DateInput({"type": "date", "class": "short"}, format="%Y-%m-%d"),
        help_text=_("The last day on which it holds, a year from now at most. It reopens by itself then."),
    )

    def __init__(self, *args: Any, subject: Subject, **options: Any) -> None:
        super().__init__(*args, **options)
        self.subject = subject
        kinds = RiskException.Kind.choices
        if not subject.checks:
            kinds = [one for one in kinds if one[0] not in ("false_positive", "not_applicable")]
            for name in ("bound", "resources", "accounts", "regions", "ceiling"):
                del self.fields[name]
        else:
            self._bounds(subject)
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
        self.initial.setdefault("kind", RiskException.Kind.ACCEPTANCE.value)
        self.initial.setdefault("expires_on", timezone.localdate(clock.now()) + timedelta(days=90))

    def _bounds(self, subject: Subject) -> None:
        fields: dict[str, Any] = self.fields
        listed = subject.resources[:MOST_LISTED]
        fields["resources"].queryset = Resource.objects.filter(pk__in=[one.pk for one in listed]).order_by("name")
        fields["resources"].label_from_instance = lambda one: f"{one.name} · {one.account} · {one.region}"
        if len(subject.resources) > MOST_LISTED:
            fields["resources"].help_text = _("The first 200 of those that fail; make it a rule for more.")
        chosen = subject.chosen or (listed if len(listed) <= 20 else ())
        self.initial.setdefault("resources", [one.pk for one in chosen])
        fields["accounts"].choices = [(one, one) for one in subject.accounts]
        fields["regions"].choices = [(one, one) for one in subject.regions]
        self.initial.setdefault("ceiling", subject.failing)

    def clean_expires_on(self) -> date:
        day: date = self.cleaned_data["expires_on"]
        if ends(day) > clock.now() + LONGEST + timedelta(days=1):
            raise forms.ValidationError(_("An exception lasts a year at most; ask anew before it expires."))
        return day

    @property
    def expires_at(self) -> datetime:
        """The first moment at which it holds no longer."""
        return min(ends(self.cleaned_data["expires_on"]), clock.now() + LONGEST)

    @property
    def asking(self) -> Asking:
        said = self.cleaned_data
        by_rule = said.get("bound") == "rule"
        return Asking(
            kind=said["kind"],
            solution=self.subject.solution,
            risk=self.subject.risk,
            checks=self.subject.checks,
            reason=said["reason"],
            compensating=said["compensating"],
            granted_by=said["granted_by"],
            expires_at=self.expires_at,
            by_rule=by_rule,
            resources=() if by_rule else list(said.get("resources") or ()),
            accounts=said["accounts"] if by_rule else (),
            regions=said["regions"] if by_rule else (),
            ceiling=said["ceiling"] if by_rule else None,
        )


class BecauseForm(forms.Form):
    """version: of the row as the person saw it."""

    because = forms.CharField(label=_("Why"), max_length=4000, widget=forms.Textarea({"rows": 4}))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class MayBecauseForm(BecauseForm):
    because = forms.CharField(label=_("Remark"), max_length=4000, required=False, widget=forms.Textarea({"rows": 3}))


class DecisionForm(BecauseForm):
    granted = forms.ChoiceField(
        label=_("The governing body"),
        choices=[("yes", _("granted it")), ("no", _("refused it"))],
        widget=forms.RadioSelect,
    )
    reference = forms.CharField(
        label=_("Where that is on record"), max_length=200, help_text=_("E.g. minutes of a meeting.")
    )
    field_order = ("granted", "reference", "because", "version")
