from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from findings.explore import FindingFilter
from findings.models import Connection, Severity, Source, Status, Workflow
from findings.parameters import SEVERITY_WORDS
from organisation.days import DayField

if TYPE_CHECKING:
    Form = forms.ModelForm[Connection]
else:
    Form = forms.ModelForm

ANY = ("", _("Any"))
PRODUCTS = ("GuardDuty", "Inspector", "Macie", "IAM Access Analyzer", "Security Hub", "Firewall Manager", "Health")


class FilterForm(forms.Form):
    """The explorer's filter as controls. It only writes an address; `FindingFilter` reads it."""

    status = forms.MultipleChoiceField(
        label=_("Status"), choices=Status.choices, widget=forms.CheckboxSelectMultiple, required=False
    )
    severity = forms.MultipleChoiceField(
        label=_("Severity"),
        choices=[(SEVERITY_WORDS[rank], label) for rank, label in Severity.choices],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    workflow = forms.MultipleChoiceField(
        label=_("Workflow"),
        choices=[(value.lower(), label) for value, label in Workflow.choices],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    account = forms.ChoiceField(label=_("Account"), required=False)
    region = forms.ChoiceField(label=_("Region"), required=False)
    source = forms.ChoiceField(label=_("Source"), choices=[ANY, *Source.choices], required=False)
    product = forms.CharField(label=_("Product"), required=False, widget=forms.TextInput(attrs={"list": "products"}))
    type = forms.CharField(
        label=_("Resource type"),
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "AWS::S3::Bucket"}),
    )
    suppressed = forms.ChoiceField(
        label=_("Suppressed"),
        choices=[ANY, ("no", _("Not suppressed")), ("yes", _("Suppressed only"))],
        required=False,
    )
    accepted = forms.ChoiceField(
        label=_("Accepted"),
        choices=[ANY, ("no", _("Under no exception")), ("yes", _("Under an exception"))],
        required=False,
    )
    since = DayField(label=_("Status since"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    changed_since = DayField(label=_("Changed since"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    record = forms.ChoiceField(
        label=_("Record"),
        choices=[("", _("Active")), ("archived", _("Archived")), ("any", _("Active and archived"))],
        required=False,
    )
    counted = forms.ChoiceField(
        label=_("Counted"),
        choices=[("", _("Each fact once")), ("any", _("Every source's word"))],
        required=False,
    )

    def __init__(self, asked: FindingFilter, accounts: Sequence[tuple[str, str]], regions: Sequence[str]) -> None:
        initial: dict[str, Any] = {}
        for name in self.base_fields:
            if given := asked.given.get(name):
                many = isinstance(self.base_fields[name], forms.MultipleChoiceField)
                initial[name] = [value.lower() for value in given] if many else given[0]
        super().__init__(initial=initial, auto_id="filter-%s")
        self._offer("account", accounts, initial)
        self._offer("region", [(region, region) for region in regions], initial)

    def _offer(self, name: str, choices: Sequence[tuple[str, str]], initial: dict[str, Any]) -> None:
        given = initial.get(name)
        known = {value for value, label in choices}
        extra = [(given, given)] if given and given not in known else []
        field: Any = self.fields[name]
        field.choices = [ANY, *choices, *extra]


class ConnectionForm(Form):
    """A way into an AWS organisation. It holds no secret: only the names of the roles to assume."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Connection
        fields = [
            "name",
            "hub_account",
            "home_region",
            "hub_role",
            "member_role",
            "write_role",
            "queue_name",
            "enabled",
        ]
        help_texts = {
            "name": _("What people call it, e.g. Production organisation."),
            "home_region": _("The Region that gathers Security Hub's findings, e.g. eu-central-1."),
            "queue_name": _(
                "An SQS queue in the hub account that EventBridge feeds. Empty: changes are read on schedule only."
            ),
            "enabled": _("Off: nothing is read, and what was read grows old."),
        }
        labels = {"enabled": _("Read it on schedule")}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["version"] = self.instance.version
        if self.instance._state.adding:
            del self.fields["enabled"]

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"]).strip()
        others = Connection.objects.exclude(pk=self.instance.pk)
        if others.filter(name__iexact=name).exists():
            raise forms.ValidationError(_("There is a connection of this name."))
        return name

    def over(self, theirs: Connection) -> ConnectionForm:
        """The same entries over what somebody else saved meanwhile: to save them again is then meant."""
        entries = self.data.copy() if isinstance(self.data, QueryDict) else QueryDict(mutable=True)
        entries["version"] = str(theirs.version)
        form = ConnectionForm(entries, instance=theirs)
        form.full_clean()
        form.add_error(None, _("Somebody changed this connection since you opened it. Compare, then save again."))
        return form
