"""What people fill in to add evidence, and to say what happens to it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from audit import clock
from controls.models import Control
from evidence.models import Evidence
from evidence.sniffing import TAKEN, clean_name
from evidence.uploading import BY_PEOPLE, controls_for, media_type_of, solutions_for, too_large
from organisation.days import DayField
from organisation.models import Role, Solution, User
from organisation.models.dated import begins, ends
from risks.refusals import Refused

MONTH = timedelta(days=30)


class FileField(forms.FileField):
    """A file of evidence, sniffed as the form is read: what is refused is refused here, in words."""

    def __init__(self, **options: Any) -> None:
        endings = ",".join(f".{ending}" for ending in TAKEN)
        options.setdefault("label", _("File"))
        options.setdefault("widget", forms.FileInput({"accept": endings}))
        options.setdefault("help_text", _("PDF, picture, text, table, e-mail, Office document or archive."))
        super().__init__(allow_empty_file=True, **options)

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if isinstance(file, UploadedFile):
            try:
                media_type_of(file, clean_name(file.name or ""))
            except Refused as no:
                raise forms.ValidationError(str(no)) from no
        return file


class EvidenceForm(forms.Form):
    """A piece of evidence that a person brings. `said` is what `upload` takes, but for who brings it.

    refused: the fields whose file was too large to arrive. Initial values: solution and controls.
    """

    file = FileField()
    title = forms.CharField(label=_("Title"), max_length=200)
    note = forms.CharField(
        label=_("What it shows"),
        max_length=4000,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("For whoever reads it in a year: what it is, where it comes from, what can be seen in it."),
    )
    kind = forms.ChoiceField(label=_("Kind"))
    effective_from = DayField(
        label=_("It speaks of the time from"),
        widget=forms.DateInput({"type": "date", "class": "short"}, format="%Y-%m-%d"),
    )
    effective_to = DayField(
        label=_("to"),
        widget=forms.DateInput({"type": "date", "class": "short"}, format="%Y-%m-%d"),
        help_text=_("The last day that it speaks of, today at the latest. From then on it grows old."),
    )
    solution = forms.ModelChoiceField(Solution.objects.none(), label=_("Solution"), required=False)
    confidentiality = forms.ChoiceField(
        label=_("Who may read it"),
        choices=[
            ("internal", _("Internal: everybody who sees the solution, auditors from outside included")),
            ("confidential", _("Confidential: not for auditors from outside")),
            ("restricted", _("Restricted: the second and third line, and you")),
        ],
        initial="internal",
        widget=forms.RadioSelect,
    )
    controls = forms.ModelMultipleChoiceField(
        Control.objects.none(),
        label=_("Controls that it shows something of"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, person: User, refused: set[str] | frozenset[str] = frozenset(), **options: Any):
        super().__init__(*args, **options)
        self.refused = refused
        fields: dict[str, Any] = self.fields
        auditor = Role.THIRD in person.roles_today
        fields["kind"].choices = [
            (value, label)
            for value, label in Evidence.Kind.choices
            if value in BY_PEOPLE and (auditor or value != Evidence.Kind.WORKING_PAPER)
        ]
        fields["solution"].queryset = solutions_for(person).order_by("name")
        fields["controls"].queryset = controls_for(person)
        if Role.FIRST in person.roles_today:
            fields["solution"].required, fields["solution"].empty_label = True, _("Choose one of yours")
        else:
            fields["solution"].empty_label = _("The organisation as a whole")
        today = timezone.localdate(clock.now())
        self.initial.setdefault("effective_to", today)
        self.initial.setdefault("effective_from", today - MONTH)

    def _clean_fields(self) -> None:
        super()._clean_fields()  # type: ignore[misc]
        for name in self.refused & self.fields.keys():
            self.errors.pop(name, None)
            self.add_error(name, too_large())

    def clean_effective_to(self) -> date:
        day: date = self.cleaned_data["effective_to"]
        if day > timezone.localdate(clock.now()):
            raise forms.ValidationError(_("It speaks of what was: its last day is today at the latest."))
        return day

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        first, last = said.get("effective_from"), said.get("effective_to")
        if first and last and first > last:
            self.add_error("effective_to", _now("Its last day lies before its first."))
        return said

    @property
    def said(self) -> dict[str, Any]:
        """What `upload` takes, in moments of the organisation's zone."""
        told = dict(self.cleaned_data)
        first, last = told["effective_from"], told["effective_to"]
        return {**told, "effective_from": begins(first), "effective_to": period_end(last)}

    def refuse(self, no: Refused) -> None:
        """A rule that stands against it, at its field."""
        self.add_error(no.field if no.field in self.fields else None, str(no))


def period_end(last: date) -> datetime:
    """The first moment after a last day; of today, now."""
    return min(ends(last), clock.now())


class NewVersionForm(EvidenceForm):
    """The next version of a piece: its kind and its solution stay."""

    def __init__(self, *args: Any, piece: Evidence, **options: Any) -> None:
        super().__init__(*args, **options)
        del self.fields["solution"], self.fields["kind"]
        at = clock.now()
        shown = Control.objects.filter(pk__in=piece.links.in_force(at).values("control"))
        kept = {
            "title": piece.title,
            "note": piece.note,
            "confidentiality": piece.confidentiality,
            "controls": [one.pk for one in shown],
            "effective_from": timezone.localdate(piece.effective_to),
        }
        self.initial = {**self.initial, **kept}


class BecauseForm(forms.Form):
    because = forms.CharField(
        label=_("Why"), max_length=2000, widget=forms.Textarea({"rows": 3}), help_text=_("It goes on the record.")
    )


class LinkForm(forms.Form):
    control = forms.ModelChoiceField(Control.objects.none(), label=_("Control"), empty_label=_("Choose one"))
    because = forms.CharField(
        label=_("What of it it shows"), max_length=500, required=False, help_text=_("In a sentence, for the auditor.")
    )

    def __init__(self, *args: Any, person: User, piece: Evidence, **options: Any) -> None:
        super().__init__(*args, **options)
        there = piece.links.in_force(clock.now()).values("control")
        self.fields["control"].queryset = controls_for(person).exclude(pk__in=there)  # type: ignore[attr-defined]


class HoldForm(BecauseForm):
    """What a hold covers: one solution's evidence, or all of it; a single piece is held on its own page."""

    solution = forms.ModelChoiceField(
        Solution.objects.none(), label=_("What is held"), required=False, empty_label=_("All evidence")
    )
    field_order = ("solution", "because")

    def __init__(self, *args: Any, person: User, **options: Any) -> None:
        super().__init__(*args, **options)
        rows = Solution.objects.visible_to(person).order_by("name")
        self.fields["solution"].queryset = rows  # type: ignore[attr-defined]
