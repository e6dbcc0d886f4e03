"""What a program says, held against the form of the page: its rules and its choices are those of the API too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.settings import api_settings


class FormSerializer(serializers.Serializer[Any]):
    """Its fields are named as the form's; what is said is what the form makes of it."""

    form: ClassVar[Callable[..., forms.BaseForm]]

    def filled(self, said: dict[str, Any]) -> forms.BaseForm:
        """The form with what was said in it; null is a field left empty. `row` of the context: of the address."""
        return self.form(said)

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        form = self.filled({name: value for name, value in said.items() if value is not None})
        if form.is_valid():
            told: dict[str, Any] = form.cleaned_data
            return told
        errors = {name: [str(words) for words in each] for name, each in form.errors.items()}
        if NON_FIELD_ERRORS in errors:
            errors[api_settings.NON_FIELD_ERRORS_KEY] = errors.pop(NON_FIELD_ERRORS)
        raise ValidationError(errors)
