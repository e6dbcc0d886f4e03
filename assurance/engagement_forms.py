"""What people fill in to plan an engagement, to staff it, and to move it on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from assurance import teaming
from assurance.engaging import Plan, criteria, to_audit
from assurance.models import Engagement, TeamMember
from audit import clock
from controls.models import FrameworkVersion
from organisation.days import DayField
from organisation.models import Solution, User
from organisation.models.dated import begins, ends

DAY = forms.DateInput({"type": "date", "class": "short"}, format="%Y-%m-%d")


class PlanForm(forms.Form):
    """version: of the row as the person saw it."""

    title = forms.CharField(label=_("Title"), max_length=200, help_text=_("What people call it, in a few words."))
    objective = forms.CharField(
        label=_("Objective"),
        max_length=4000,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("What it is to find out, and for whom."),
    )
    framework = forms.ModelChoiceField(
        FrameworkVersion.objects.none(),
        label=_("Framework"),
        empty_label=_("Choose the criteria"),
        help_text=_("The version that was in force in the audited period."),
    )
    solutions = forms.ModelMultipleChoiceField(
        Solution.objects.none(), label=_("Solutions"), widget=forms.CheckboxSelectMultiple
    )
    from_on = DayField(
        label=_("Audited from"), required=False, widget=DAY, help_text=_("Empty: a moment, the end of the day below.")
    )
    to_on = DayField(label=_("Audited to"), widget=DAY, help_text=_("The last day, all of it."))
    previous = forms.ModelChoiceField(
        Engagement.objects.none(),
        label=_("Engagement before it"),
        required=False,
        empty_label=_("None"),
        help_text=_("Its findings are held against the new ones: new, repeated, closed."),
    )
    from_outside = forms.BooleanField(
        label=_("Auditors from outside do it"),
        required=False,
        help_text=_("They see the solutions and the period that are audited, and nothing else."),
    )
    access_on = DayField(
        label=_("Open to them until"), required=False, widget=DAY, help_text=_("Their last day. It can be moved.")
    )
    because = forms.CharField(label=_("Why it changes"), max_length=500, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, engagement: Engagement | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.engagement = engagement
        fields: dict[str, Any] = self.fields
        fields["solutions"].queryset = to_audit(engagement, clock.now()).order_by("name")
        fields["framework"].queryset = criteria().select_related("framework").order_by("framework__name", "-id")
        earlier = Engagement.objects.exclude(pk=engagement.pk if engagement else 0)
        fields["previous"].queryset = earlier.order_by("-about_to", "-id")
        fields["previous"].label_from_instance = lambda one: f"{one.public_id} {one.title}"
        if engagement is None:
            del fields["because"]
            return
        del fields["from_outside"]
        if not engagement.from_outside:
            del fields["access_on"]
        self._as_it_is(engagement)

    def _as_it_is(self, engagement: Engagement) -> None:
        for name in ("title", "objective", "framework", "previous", "version"):
            self.initial[name] = getattr(engagement, name)
        self.initial["solutions"] = [one.pk for one in engagement.solutions.all()]
        self.initial["to_on"] = last_day(engagement.about_to)
        if engagement.about_from != engagement.about_to:
            self.initial["from_on"] = timezone.localdate(engagement.about_from, timezone.get_default_timezone())
        if engagement.access_until:
            self.initial["access_on"] = last_day(engagement.access_until)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        begin, end = cleaned.get("from_on"), cleaned.get("to_on")
        if begin and end and end < begin:
            self.add_error("to_on", _("The period would end before it begins."))
        return cleaned

    @property
    def plan(self) -> Plan:
        said = self.cleaned_data
        to = ends(said["to_on"])
        access = said.get("access_on")
        outside = self.engagement.from_outside if self.engagement else said["from_outside"]
        return Plan(
            title=said["title"],
            objective=said["objective"],
            framework=said["framework"],
            solutions=list(said["solutions"]),
            about_from=begins(said["from_on"]) if said["from_on"] else to,
            about_to=to,
            previous=said["previous"],
            from_outside=outside,
            access_until=ends(access) if access else None,
        )


def last_day(moment: datetime) -> Any:
    """The day, in the organisation's zone, of which a period that ends before this moment still holds all."""
    return timezone.localdate(moment - timedelta(microseconds=1), timezone.get_default_timezone())


class MemberForm(forms.Form):
    person = forms.ModelChoiceField(User.objects.none(), label=_("Person"), empty_label=_("Choose a person"))
    part = forms.ChoiceField(label=_("As"), choices=TeamMember.Part.choices, initial=TeamMember.Part.AUDITOR)

    def __init__(self, *args: Any, engagement: Engagement, **options: Any) -> None:
        super().__init__(*args, **options)
        found = teaming.candidates(engagement)
        people = User.objects.filter(pk__in=[one.pk for one in found]).order_by("name")
        self.fields["person"].queryset = people  # type: ignore[attr-defined]
        self.fields["person"].help_text = _("Internal audit, or auditors from outside where they do it.")


class DeclarationForm(forms.Form):
    declaration = forms.CharField(
        label=_("In your words"),
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("What you own, owned or advised on that could be seen to bear on it, or that there is nothing."),
    )


class MoveForm(forms.Form):
    """version: of the row as the person saw it."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class CloseForm(MoveForm):
    because = forms.CharField(
        label=_("Why tests stay unreviewed"),
        max_length=2000,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("Where some do. It stands in the trail."),
    )
