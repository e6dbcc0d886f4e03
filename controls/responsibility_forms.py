from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from audit import clock
from controls.models import Area, Control, Framework, Party, ProviderReport, ServiceType
from controls.models.provider_report import SHOWABLE, refuse_regions
from controls.models.responsibility import ABOUT
from controls.refusals import Refused
from organisation.days import DayField
from organisation.models.dated import begins, ends

LIBRARY = ""


def reason() -> forms.CharField:
    return forms.CharField(
        label=_("Why"), max_length=2000, widget=forms.Textarea({"rows": 3}), help_text=_("Name the source you rely on.")
    )


def day(label: Any, **options: Any) -> DayField:
    return DayField(label=label, widget=forms.DateInput({"type": "date", "class": "short"}), **options)


def area_choices() -> list[tuple[str, str]]:
    return [(area.value, f"{area.label}: {ABOUT[area]}") for area in Area]


class PartyForm(forms.Form):
    """Whose an area of a service is."""

    area = forms.ChoiceField(label=_("Area"))
    party = forms.ChoiceField(label=_("Whose it is"), required=False, widget=forms.RadioSelect)
    because = reason()

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        choice = self.fields["party"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [*Party.choices, (LIBRARY, _("What the library says"))]
        area = self.fields["area"]
        assert isinstance(area, forms.ChoiceField)
        area.choices = area_choices()


class AreasForm(forms.Form):
    """What a requirement is about."""

    follows = forms.ChoiceField(
        label=_("Who says it"),
        choices=[("own", _("We do: the areas below")), ("library", _("The library"))],
        widget=forms.RadioSelect,
        initial="own",
    )
    areas = forms.MultipleChoiceField(
        label=_("It is about"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None of them: its responsibility is then not assigned."),
    )
    because = reason()

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        choice = self.fields["areas"]
        assert isinstance(choice, forms.MultipleChoiceField)
        choice.choices = area_choices()

    @property
    def said(self) -> list[str] | None:
        """The areas; None where the library is to say them."""
        return None if self.cleaned_data["follows"] == "library" else self.cleaned_data["areas"]


class RunsAsForm(forms.Form):
    """Which kind of service a solution's resources of a type are."""

    kind = forms.ChoiceField(label=_("These resources run as"), required=False, widget=forms.RadioSelect)
    because = reason()

    def __init__(self, *args: Any, kinds: Sequence[ServiceType], **more: Any) -> None:
        super().__init__(*args, **more)
        self.kinds: Mapping[str, ServiceType] = {one.key: one for one in kinds}
        choice = self.fields["kind"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [*((one.key, one.name) for one in kinds), ("", _("Not known"))]

    @property
    def said(self) -> ServiceType | None:
        return self.kinds.get(self.cleaned_data["kind"])


class ProviderReportForm(forms.Form):
    """A report as somebody holds it. Its file stays where it is; what identifies it may be noted."""

    name = forms.CharField(label=_("Name"), max_length=200, help_text=_("As the report is titled."))
    kind = forms.ChoiceField(label=_("Kind"), choices=ProviderReport.Kind.choices)
    provider = forms.CharField(label=_("Provider"), max_length=120, initial="Amazon Web Services")
    issued_by = forms.CharField(
        label=_("Issued by"), max_length=200, required=False, help_text=_("The auditor or body.")
    )
    first_day = day(_("First day of its period"))
    last_day = day(_("Last day of its period"), help_text=_("Of a certificate: the last day on which it is valid."))
    every_service = forms.BooleanField(label=_("Its scope has every service type of this list"), required=False)
    services = forms.ModelMultipleChoiceField(
        ServiceType.objects.none(),
        label=_("Services in its scope"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    regions = forms.CharField(
        label=_("Regions in its scope"),
        max_length=1000,
        help_text=_("Names by commas, such as ap-southeast-2, us-east-1; or the word all, where it says all of them."),
    )
    areas = forms.MultipleChoiceField(
        label=_("What it shows of the provider's part"), widget=forms.CheckboxSelectMultiple
    )
    framework = forms.ModelChoiceField(
        Framework.objects.none(),
        label=_("Requirements it speaks of"),
        required=False,
        empty_label=_("Those of any framework"),
        help_text=_("A report such as an attestation of compliance speaks of one framework alone."),
    )
    expects = forms.CharField(
        label=_("Controls that it expects of us"),
        max_length=20_000,
        required=False,
        widget=forms.Textarea({"rows": 5}),
        help_text=_("Complementary user entity controls, one a line, in your own words."),
    )
    read = forms.BooleanField(label=_("I have read it"), required=False)
    exceptions = forms.CharField(
        label=_("Exceptions in it"),
        max_length=4000,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("What its auditor found otherwise. Empty, where you read it and there are none."),
    )
    file_name = forms.CharField(label=_("File name"), max_length=300, required=False)
    sha256 = forms.RegexField(
        r"^[0-9a-fA-F]{64}$",
        label=_("SHA-256 of the file"),
        required=False,
        error_messages={"invalid": _("64 characters, 0 to 9 and a to f.")},
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["services"].queryset = ServiceType.objects.all()  # type: ignore[attr-defined]
        self.fields["framework"].queryset = Framework.objects.all()  # type: ignore[attr-defined]
        choice = self.fields["areas"]
        assert isinstance(choice, forms.MultipleChoiceField)
        choice.choices = [one for one in area_choices() if one[0] in SHOWABLE]

    def clean_regions(self) -> list[str]:
        named = [one.strip().lower() for one in self.cleaned_data["regions"].split(",") if one.strip()]
        if named == ["all"]:
            return []
        try:
            refuse_regions(named)
        except Refused as no:
            raise forms.ValidationError(str(no)) from no
        return sorted(set(named))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("exceptions") and not cleaned.get("read"):
            self.add_error("read", _("Who notes exceptions has read it: say so."))
        return cleaned

    @property
    def said(self) -> dict[str, Any]:
        """As ProviderReport.record takes it."""
        told = self.cleaned_data
        names = ("name", "kind", "provider", "issued_by", "areas", "framework", "file_name", "regions")
        return {
            **{name: told[name] for name in names},
            "sha256": told["sha256"].lower(),
            "period_from": begins(told["first_day"]),
            "period_to": ends(told["last_day"]),
            "every_region": not told["regions"],
            "services": list(ServiceType.objects.all() if told["every_service"] else told["services"]),
            "expects": [line.strip()[:1000] for line in told["expects"].splitlines() if line.strip()],
        }


class ReadForm(forms.Form):
    exceptions = forms.CharField(
        label=_("Exceptions in it"),
        max_length=4000,
        required=False,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("What its auditor found otherwise. Empty, where there are none."),
    )


class GapLetterForm(forms.Form):
    until = day(_("The provider states until"), help_text=_("The last day on which nothing had changed."))
    note = forms.CharField(label=_("Note"), max_length=500, required=False)

    def clean_until(self) -> datetime:
        """The first moment after that day."""
        return ends(self.cleaned_data["until"])


class ExpectedForm(forms.Form):
    """By which of our controls an expected one is met."""

    control = forms.ModelChoiceField(
        Control.objects.none(), label=_("Our control"), required=False, empty_label=_("None: it is not met yet")
    )
    because = reason()

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["control"].queryset = Control.objects.in_use(clock.now())  # type: ignore[attr-defined]
