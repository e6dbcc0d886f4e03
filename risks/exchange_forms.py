from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class RegisterImportForm(forms.Form):
    """because: of the rows that give none themselves."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("A spreadsheet of the register (XLSX, CSV), as it was exported and changed. At most 32 MB."),
    )
    because = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        help_text=_("Of the rows that give none in their column “Reason”. A level is not stated without one."),
    )

    def __init__(self, *args: Any, refused: Collection[str] = (), **more: Any) -> None:
        """refused: fields whose file was too large to be taken."""
        super().__init__(*args, **more)
        if "file" in refused:
            self.fields["file"].error_messages["required"] = _("The file is larger than 32 MB.")
