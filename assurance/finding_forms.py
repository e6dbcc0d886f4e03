"""What people fill in about an audit finding: what was found, and each move of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from assurance.engagement_forms import DAY
from assurance.finding_moves import Verb
from assurance.finding_verbs import WRITTEN, Wording, pieces_for, to_name
from assurance.models import AuditFinding, ControlTest, Engagement
from controls.models import Control, Requirement
from evidence.models import Evidence
from organisation.days import DayField
from organisation.models import Solution, User

MOST_LISTED = 200


def _text(label: Any, help_text: Any, *, required: bool = True) -> forms.CharField:
    rows = forms.Textarea({"rows": 3})
    return forms.CharField(label=label, max_length=4000, required=required, widget=rows, help_text=help_text)


class FindingForm(forms.Form):
    """version: of the row as the person saw it."""

    title = forms.CharField(label=_("Title"), max_length=200, help_text=_("What is wrong, in a few words."))
    rating = forms.ChoiceField(label=_("Rating"), choices=AuditFinding.Rating.choices, widget=forms.RadioSelect)
    condition = _text(_("Condition"), _("What is so."))
    criteria = _text(_("Criteria"), _("What should be so, and where that stands."))
    cause = _text(_("Cause"), _("Why it came about."), required=False)
    effect = _text(_("Effect"), _("What follows from it, or may."), required=False)
    recommendation = _text(_("Recommendation"), _("What would set it right."), required=False)
    owner = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Who answers for it"),
        empty_label=_("Choose a person"),
        help_text=_("Somebody of the first line. They learn of it when it is issued."),
    )
    solution = forms.ModelChoiceField(Solution.objects.none(), label=_("Solution"), required=False)
    control = forms.ModelChoiceField(Control.objects.none(), label=_("Control"), required=False)
    requirement = forms.ModelChoiceField(Requirement.objects.none(), label=_("Requirement"), required=False)
    test = forms.ModelChoiceField(
        ControlTest.objects.none(), label=_("Test that showed it"), required=False, empty_label=_("None of them")
    )
    repeats = forms.ModelChoiceField(
        AuditFinding.objects.none(),
        label=_("Finds again"),
        required=False,
        empty_label=_("Nothing that was found before"),
        help_text=_("A finding of an earlier engagement that this one repeats."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, engagement: Engagement, person: User, finding: AuditFinding | None = None, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        rows = to_name(engagement, person)
        for name in ("owner", "solution", "control"):
            fields[name].queryset = rows[name].order_by("name")
        fields["requirement"].queryset = rows["requirement"].order_by("key")
        fields["test"].queryset = rows["test"].select_related("control").order_by("pk")
        fields["test"].label_from_instance = lambda one: f"{one.public_id} {one}"
        fields["repeats"].queryset = rows["repeats"].order_by("-pk")
        fields["repeats"].label_from_instance = lambda one: f"{one.public_id} {one.title}"
        if finding:
            for name in (*WRITTEN, "version"):
                self.initial[name] = getattr(finding, name)

    @property
    def wording(self) -> Wording:
        return Wording(**{name: self.cleaned_data[name] for name in WRITTEN})


class StepForm(forms.Form):
    """Of one move. version: of the row as the person saw it."""

    words = forms.CharField(label=_("In words"), max_length=4000, widget=forms.Textarea({"rows": 4}))
    day = DayField(label=_("Done by"), required=False, widget=DAY, help_text=_("The last day for it."))
    evidence = forms.ModelMultipleChoiceField(
        Evidence.objects.none(),
        label=_("What shows it"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Of the locker; add a file there first."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, finding: AuditFinding, verb: Verb, person: User, **options: Any) -> None:
        super().__init__(*args, **options)
        fields: dict[str, Any] = self.fields
        self.initial["version"] = finding.version
        fields["words"].label = WORDS[verb]
        fields["words"].required = verb not in (Verb.ISSUE, Verb.AGREE)
        if verb not in (Verb.RESPOND, Verb.AGREE):
            del fields["day"]
        else:
            fields["day"].required = verb == Verb.RESPOND
            self.initial["day"] = finding.agreed_on
        if verb not in (Verb.DONE, Verb.CLOSE, Verb.REOPEN):
            del fields["evidence"]
            return
        pieces = pieces_for(finding, person).order_by("-pk")
        fields["evidence"].queryset = pieces if self.is_bound else pieces[:MOST_LISTED]
        fields["evidence"].label_from_instance = lambda one: f"{one.public_id} {one.title}"


WORDS = {
    Verb.ISSUE: _("Remark"),
    Verb.DROP: _("Why it is dropped"),
    Verb.RESPOND: _("What you will do, or why not"),
    Verb.AGREE: _("Remark"),
    Verb.RETURN: _("What the response lacks"),
    Verb.DONE: _("What was done"),
    Verb.CLOSE: _("What you tested again, and what it showed"),
    Verb.REOPEN: _("What you tested again, and what is missing"),
}
