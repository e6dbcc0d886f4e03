from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from desk.models import Group, Mail
from desk.models.comment import LONGEST
from desk.notices import choices_of
from organisation.models import User


class CommentForm(forms.Form):
    """Who is mentioned comes beside it: the public ids of `mentioned`, picked while typing."""

    text = forms.CharField(label=_("Comment"), max_length=LONGEST)


class WithdrawForm(forms.Form):
    because = forms.CharField(label=_("Why"), max_length=500)


class WatchForm(forms.Form):
    watches = forms.TypedChoiceField(choices=[("yes", "yes"), ("no", "no")], coerce=lambda value: value == "yes")


class MailForm(forms.Form):
    """When notices go out by e-mail, a field for each group."""

    def __init__(self, *args: Any, person: User, **options: Any) -> None:
        super().__init__(*args, **options)
        now = choices_of(person)
        for group in Group:
            self.fields[f"mail_{group.value}"] = forms.ChoiceField(
                label=group.label, choices=Mail.choices, initial=now[group].value
            )

    @property
    def chosen(self) -> dict[Group, Mail]:
        return {group: Mail(self.cleaned_data[f"mail_{group.value}"]) for group in Group}
