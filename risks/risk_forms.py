"""What people fill in about a risk: what it is, its levels, what is linked, and when it is looked at again."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import clock
from controls.models import Control
from findings.models import Check
from organisation.days import DayField
from organisation.models import Role, Solution, User, Visibility
from organisation.permissions import may
from risks import registering
from risks.models import WRITTEN, Category, Matrix, Risk

DAY = forms.DateInput({"type": "date", "class": "short"}, format="%Y-%m-%d")


class RiskForm(forms.Form):
    """version: of the row as the person saw it."""

    title = forms.CharField(label=_("Title"), max_length=200, help_text=_("What people call it, in a few words."))
    cause = forms.CharField(
        label=_("Cause"),
        max_length=2000,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("Because of what it may happen."),
    )
    event = forms.CharField(
        label=_("Event"), max_length=2000, widget=forms.Textarea({"rows": 2}), help_text=_("What may happen.")
    )
    consequence = forms.CharField(
        label=_("Consequence"),
        max_length=2000,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("What it would do, to whom."),
    )
    solution = forms.ModelChoiceField(Solution.objects.none(), label=_("Solution"), empty_label=_("Choose a solution"))
    category = forms.ModelChoiceField(Category.objects.none(), label=_("Category"), empty_label=_("Choose a category"))
    owner = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Owner"),
        empty_label=_("Choose a person"),
        help_text=_("Who answers for it: somebody of the first line."),
    )
    review_on = DayField(label=_("Next review"), required=False, widget=DAY)
    link = forms.URLField(label=_("Ticket or pull request"), max_length=500, required=False, assume_scheme="https")
    because = forms.CharField(label=_("Why it changes"), max_length=500, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, person: User, risk: Risk | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        at = clock.now()
        self.fields["owner"].queryset = _people(risk, at)  # type: ignore[attr-defined]
        kept = Q(pk=risk.solution_id) if risk else Q()
        own = Solution.objects.in_use(at).filter(pk__in=Visibility.of(person).solutions)
        seen = own if may(person, "risk.change") else Solution.objects.in_use(at)
        solutions = Solution.objects.filter(Q(pk__in=seen.values("pk")) | kept if risk else Q(pk__in=seen.values("pk")))
        self.fields["solution"].queryset = solutions.order_by("name")  # type: ignore[attr-defined]
        used = Q(retired_at=None) | Q(pk=risk.category_id) if risk else Q(retired_at=None)
        self.fields["category"].queryset = Category.objects.filter(used).order_by("name")  # type: ignore[attr-defined]
        if risk:
            for name in (*WRITTEN, "version"):
                self.initial[name] = getattr(risk, name)
        else:
            del self.fields["because"]

    @property
    def said(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in WRITTEN}


def _people(risk: Risk | None, at: Any) -> Any:
    held = [risk.owner_id] if risk else []
    first = User.objects.active().with_role(Role.FIRST, at)
    return User.objects.filter(Q(pk__in=first.values("pk")) | Q(pk__in=held)).order_by("name")


class LevelForm(forms.Form):
    """A cell of the matrix in force, as "likelihood-impact"; laid out as the matrix by its page."""

    cell = forms.RegexField(r"^\d-\d$", error_messages={"required": _("Choose a cell of the matrix.")})
    because = forms.CharField(
        label=_("Why"),
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("What makes it so likely, and the harm so great: enough for another person to come to the same."),
    )

    def __init__(self, *args: Any, matrix: Matrix, **options: Any) -> None:
        super().__init__(*args, **options)
        self.matrix = matrix

    def clean_cell(self) -> tuple[int, int]:
        likelihood, impact = (int(one) for one in self.cleaned_data["cell"].split("-"))
        if likelihood >= len(self.matrix.likelihoods) or impact >= len(self.matrix.impacts):
            raise forms.ValidationError(_("The matrix in force has no such cell."))
        return likelihood, impact


class LinkControlForm(forms.Form):
    control = forms.ModelChoiceField(
        Control.objects.none(), label=_("Control"), empty_label=_("Choose the one that keeps it down")
    )
    likelihood_at_most = forms.TypedChoiceField(
        label=_("While it passes, the likelihood is at most"), required=False, coerce=int, empty_value=None
    )
    impact_at_most = forms.TypedChoiceField(
        label=_("While it passes, the impact is at most"),
        required=False,
        coerce=int,
        empty_value=None,
        help_text=_("It never adds up with others: the lowest bound of those that pass is the one that counts."),
    )
    because = forms.CharField(label=_("Why"), max_length=500, help_text=_("How it keeps the risk down."))

    def __init__(self, *args: Any, risk: Risk, person: User, matrix: Matrix, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["control"].queryset = registering.linkable(risk, person)  # type: ignore[attr-defined]
        for name, labels in (("likelihood_at_most", matrix.likelihoods), ("impact_at_most", matrix.impacts)):
            nothing = ("", _("– (it does nothing for that)"))
            self.fields[name].choices = [nothing, *enumerate(labels)]  # type: ignore[attr-defined]


class LinkFindingsForm(forms.Form):
    check_ran = forms.CharField(
        label=_("Check"), max_length=200, help_text=_("Its id or its name at AWS, e.g. K-12 or S3.8.")
    )
    account = forms.RegexField(
        r"^\d{12}$", label=_("Account"), required=False, help_text=_("Twelve digits. Empty: wherever the solution is.")
    )

    def clean_check_ran(self) -> Check:
        asked = self.cleaned_data["check_ran"].strip()
        key = Check.key_in(asked)
        rows = Check.objects.filter(key__iexact=asked) if key is None else Check.objects.filter(pk=key)
        found = list(rows[:2])
        if len(found) != 1:
            raise forms.ValidationError(
                _("Several checks have this name: give its id, e.g. K-12.") if found else _("There is no such check.")
            )
        return found[0]


class ReviewForm(forms.Form):
    next_on = DayField(label=_("Next review"), widget=DAY)
    because = forms.CharField(
        label=_("What you saw"),
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("Whether cause, levels and what is linked are still right."),
    )

    def clean_next_on(self) -> date:
        day: date = self.cleaned_data["next_on"]
        if day <= timezone.localdate(clock.now()):
            raise forms.ValidationError(_("Choose a day after today."))
        return day
