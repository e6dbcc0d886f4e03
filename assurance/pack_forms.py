"""What people fill in to ask for a pack of a framework."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from controls.models import FrameworkVersion
from organisation.days import DayField
from organisation.models import Solution
from organisation.models.dated import begins, ends

DAY = forms.DateInput({"type": "date", "class": "short"}, format="%Y-%m-%d")


class PackForm(forms.Form):
    """Whole days, in the organisation's zone."""

    framework = forms.ModelChoiceField(
        FrameworkVersion.objects.none(), label=_("Framework"), empty_label=_("Choose the criteria")
    )
    solutions = forms.ModelMultipleChoiceField(
        Solution.objects.none(), label=_("Solutions"), widget=forms.CheckboxSelectMultiple
    )
    since = DayField(
        label=_("Period from"), required=False, widget=DAY, help_text=_("Empty: a moment, the end of the day below.")
    )
    until = DayField(
        label=_("Period until"), required=False, widget=DAY, help_text=_("The last day, all of it. Empty: now.")
    )

    def __init__(self, *args: Any, solutions: QuerySet[Solution], **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        versions = FrameworkVersion.objects.exclude(valid_from=None).select_related("framework")
        fields["framework"].queryset = versions.order_by("framework__name", "-id")
        fields["solutions"].queryset = solutions.order_by("name")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("since") and not cleaned.get("until") and not self.errors:
            self.add_error("until", _("Say the last day of the period too."))
        return cleaned

    @property
    def about(self) -> tuple[datetime, datetime] | None:
        """Equal where it is a moment; None for now."""
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        if until is None:
            return None
        end = ends(until)
        return (begins(since) if since else end, end)
