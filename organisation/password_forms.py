"""The forms of passwords, whose fields allauth names in its own manner."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ChangePasswordForm, ResetPasswordKeyForm
from django.utils.translation import gettext_lazy as _

LABELS = {
    "oldpassword": _("Your password until now"),
    "password1": _("New password"),
    "password2": _("New password once more"),
}


class _OurWords:
    fields: dict[str, Any]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, field in self.fields.items():
            field.label = LABELS[name]
            field.widget.attrs.pop("placeholder", None)


class ChangePassword(_OurWords, ChangePasswordForm):  # type: ignore[misc]
    pass


class ChoosePassword(_OurWords, ResetPasswordKeyForm):  # type: ignore[misc]
    pass
