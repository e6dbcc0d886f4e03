"""What people fill in about an audit finding: what was found, and each move of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from assurance.engagement_forms import DAY
from assurance.finding_moves import Verb
from assurance.finding_verbs import WRITTEN, Wording
from assurance.models import AuditFinding, ControlTest, Engagement
from assurance.rights import in_scope
from audit import clock
from controls.models import Control, Requirement
from evidence.models import Evidence
from organisation.days import DayField
from organisation.models import Role, Solution, User

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
        at = clock.now()
        fields["owner"].queryset = User.objects.active().with_role(Role.FIRST, at).order_by("name")
        fields["solution"].queryset = engagement.solutions.order_by("name")
        fields["control"].queryset = in_scope(engagement, at).order_by("name")
        requirements = Requirement.objects.filter(framework=engagement.framework.framework_id)
        fields["requirement"].queryset = requirements.order_by("key")
        fields["test"].queryset = engagement.tests.select_related("control").order_by("pk")
        fields["test"].label_from_instance = lambda one: f"{one.public_id} {one}"
        earlier = AuditFinding.objects.visible_to(person).issued().exclude(engagement=engagement)
        fields["repeats"].queryset = earlier.order_by("-pk")
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
        at = clock.now()
        shown = Evidence.objects.visible_to(person).standing(at).filter(solution=finding.solution_id)
        latest = shown.order_by("-pk").values_list("pk", flat=True)[:MOST_LISTED]
        fields["evidence"].queryset = Evidence.objects.filter(pk__in=list(latest)).order_by("-pk")
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
