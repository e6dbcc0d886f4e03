from __future__ import annotations

from dataclasses import dataclass

from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import render

from organisation.middleware import Request


@dataclass(frozen=True)
class FormPage:
    """A page with one form. back: where Cancel leads, and the crumb above the title."""

    heading: str
    verb: str
    back: str
    back_label: str
    lead: str = ""
    danger: bool = False

    def show(self, request: Request, form: Form, **more: object) -> HttpResponse:
        status = 422 if form.is_bound else 200
        return render(request, "organisation/form.html", {"page": self, "form": form, **more}, status=status)
