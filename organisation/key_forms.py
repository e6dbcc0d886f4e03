"""The forms of security keys, whose fields allauth names in English alone."""

from __future__ import annotations

from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.utils.translation import gettext_lazy as _


class AddKey(AddWebAuthnForm):  # type: ignore[misc]
    name = forms.CharField(label=_("Name"), required=False)


class NameKey(EditWebAuthnForm):  # type: ignore[misc]
    name = forms.CharField(label=_("Name"), required=True)
