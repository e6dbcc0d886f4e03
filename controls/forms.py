from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from controls.models import Framework
from controls.statements import Scheme
from organisation.days import DayField


class ImportForm(forms.Form):
    """What a file is of, where the file itself does not say."""

    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "An OSCAL catalog or profile (JSON), a conformance pack (YAML), NZISM's XML, or the filled-in template "
            "(XLSX, CSV). It is recognised by its content."
        ),
    )
    framework = forms.ChoiceField(label=_("Framework"), required=False)
    name = forms.CharField(label=_("Name of a new framework"), required=False, max_length=120)
    version = forms.CharField(
        label=_("Version"), required=False, max_length=80, help_text=_("Where the file does not say it, e.g. 3.9.")
    )
    published_on = DayField(label=_("Published on"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    make_current = forms.BooleanField(
        label=_("Work with this version as soon as it is applied"), required=False, initial=True
    )

    def __init__(self, *args: Any, refused: Collection[str] = (), **more: Any) -> None:
        """refused: fields whose file was too large to be taken."""
        super().__init__(*args, **more)
        choice = self.fields["framework"]
        assert isinstance(choice, forms.ChoiceField)
        known = [(one.key, one.name) for one in Framework.objects.all()]
        choice.choices = [("", _("As the file says, or a new one")), *known]
        if "file" in refused:
            self.fields["file"].error_messages["required"] = _("The file is larger than 32 MB.")

    @property
    def asked(self) -> dict[str, Any]:
        """As models.Import keeps it."""
        said = self.cleaned_data
        on = said["published_on"]
        names = ("framework", "name", "version", "make_current")
        return {**{name: said[name] for name in names}, "published_on": on.isoformat() if on else ""}


class PickField(forms.Field):
    """Public ids of chosen rows, at least one and at most a page of them."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[str]:
        chosen = [str(one) for one in value or []]
        if not 0 < len(chosen) <= 200:
            raise forms.ValidationError(_("Choose between 1 and 200 rows."))
        return chosen


class StatementForm(forms.Form):
    """What is stated of the chosen requirements, and why."""

    pick = PickField(label=_("Chosen"))
    action = forms.ChoiceField(label=_("Decision"))
    because = forms.CharField(label=_("Justification"), max_length=2000)

    def __init__(self, *args: Any, scheme: Scheme, **more: Any) -> None:
        super().__init__(*args, **more)
        choice = self.fields["action"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = list(scheme.decisions.items())
