from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import clock
from organisation.delegating import candidates
from organisation.forms import day_field
from organisation.models import User
from organisation.models.dated import begins, ends
from organisation.models.delegation import LONGEST


class DelegationForm(forms.Form):
    """Who stands in, from a day (empty: from now) to the end of another, and why."""

    delegate = forms.ModelChoiceField(
        User.objects.none(),
        label=_("Who stands in"),
        empty_label=_("Choose a person"),
        help_text=_("Of the same line. They cannot pass it on."),
    )
    since = day_field(label=_("From"), help_text=_("Empty: from now. It cannot begin in the past."))
    until = day_field(label=_("Until"), help_text=_("The last day. It lasts 90 days at most."))
    reason = forms.CharField(label=_("Why"), max_length=500, help_text=_("Both of you read it, and so do auditors."))

    def __init__(self, *args: Any, delegator: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["delegate"].queryset = candidates(delegator, clock.now())  # type: ignore[attr-defined]
        self.fields["until"].required = True

    def clean_since(self) -> datetime | None:
        day: date | None = self.cleaned_data["since"]
        if day is None or day == timezone.localdate(clock.now()):
            return None
        if begins(day) < clock.now():
            raise forms.ValidationError(_("It cannot begin in the past."))
        return begins(day)

    def clean_until(self) -> datetime:
        day: date = self.cleaned_data["until"]
        if ends(day) <= clock.now():
            raise forms.ValidationError(_("This day is over."))
        return ends(day)

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        until = said.get("until")
        since = said.get("since") or clock.now()
        if until and "since" not in self.errors:
            if until <= since:
                self.add_error("until", _("It would end before it begins."))
            elif until - since > LONGEST:
                last = timezone.localdate(since + LONGEST - timedelta(days=1))
                words = _("%(n)d days at most: until %(day)s. For longer, give the work to somebody.")
                self.add_error("until", words % {"n": LONGEST.days, "day": last.isoformat()})
        return said
