"""The form in which a version of the matrix is laid out, as large as it is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Any

import orjson
from django import forms
from django.core.exceptions import BadRequest
from django.forms import BoundField
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.public_id import whole_number
from findings.models import Severity
from organisation.days import DayField
from risks.matrices import LABEL, Draft, approval_refusal, flaws
from risks.models import FEWEST, MOST, Matrix

DAY = {"type": "date", "class": "short"}
STANDARD, IN_FORCE = "standard", "in_force"
SIZES = ("likelihoods", "impacts", "levels")


class ApprovalForm(forms.Form):
    """Who decided it, when, and where that is on record."""

    approved_by = forms.CharField(
        label=gettext_lazy("Approved by"),
        max_length=200,
        help_text=gettext_lazy("The governing body that decided it, e.g. the risk committee."),
    )
    approved_on = DayField(label=gettext_lazy("Approved on"), widget=forms.DateInput({**DAY}, format="%Y-%m-%d"))
    reference = forms.CharField(
        label=gettext_lazy("Where that is on record"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("E.g. the number of the minutes."),
    )

    def clean_approved_on(self) -> date:
        day: date = self.cleaned_data["approved_on"]
        if why_not := approval_refusal(day):
            raise forms.ValidationError(why_not)
        return day


class MatrixForm(ApprovalForm):
    """Labels, tones, cells, severities, earlier levels: one field each, named for its place.

    seen: the digest of what was previewed. read: the key of the matrix in force as the person saw it.
    """

    because = forms.CharField(label=gettext_lazy("Reason"), max_length=2000, widget=forms.Textarea({"rows": 3}))
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    read = forms.IntegerField(widget=forms.HiddenInput, required=False)
    field_order = ("because", "approved_by", "approved_on", "reference")

    def __init__(self, data: QueryDict | None, draft: Draft, before: Matrix | None) -> None:
        """draft: what the fields begin with, and how many there are."""
        super().__init__(data)
        self.draft, self.before = draft, before
        self.sizes = {name: len(getattr(draft, name)) for name in SIZES}
        for name, words in (("likelihood", _("Likelihood %(n)d")), ("impact", _("Impact %(n)d"))):
            for n, label in enumerate(getattr(draft, f"{name}s")):
                self._label(f"{name}_{n}", label, words % {"n": n + 1})
        for n, level in enumerate(draft.levels):
            self._label(f"level_{n}", level["label"], _("Level %(n)d") % {"n": n + 1})
            self._choice(f"tone_{n}", level["tone"], _("Tone of level %(n)d") % {"n": n + 1}, tones())
        levels = [(str(n), f"{n + 1} · {one['label']}" if one["label"] else str(n + 1)) for n, one in self._levels()]
        for row, column in self._places():
            words = f"{draft.likelihoods[row]}, {draft.impacts[column]}"
            self._choice(f"cell_{row}_{column}", draft.cells[row][column], words, levels)
        for severity in Severity:
            at = draft.by_severity[severity.value]
            self._choice(f"severity_{severity.value}", at, str(severity.label), levels)
        for n, reads in enumerate(draft.carried):
            self._choice(f"carried_{n}", reads, before.label(n) if before else "", levels)
        self.initial["read"] = before.pk if before else None

    def _levels(self) -> list[tuple[int, Mapping[str, Any]]]:
        """As they are called in the form now, so that cells are chosen by those names."""
        named = [{"label": self.data.get(f"level_{n}", one["label"])} for n, one in enumerate(self.draft.levels)]
        return list(enumerate(named))

    def _places(self) -> list[tuple[int, int]]:
        return [(row, column) for row in range(self.sizes["likelihoods"]) for column in range(self.sizes["impacts"])]

    def _label(self, name: str, value: str, words: str) -> None:
        self.fields[name] = forms.CharField(label=words, max_length=LABEL, initial=value)

    def _choice(self, name: str, value: int, words: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name] = forms.TypedChoiceField(
            label=words, coerce=int, choices=choices, initial=str(value), widget=forms.Select
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("read") != (self.before.pk if self.before else None):
            raise forms.ValidationError(
                _("Another matrix was adopted after you opened this page. Look at that one, then begin again from it.")
            )
        if not any(name.partition("_")[2][:1].isdigit() for name in self.errors):
            for words in flaws(self.said, self.before):
                self.add_error(None, words)
        return cleaned

    @property
    def said(self) -> Draft:
        """Of a form whose places are all filled in."""
        told, sizes = self.cleaned_data, self.sizes
        levels = range(sizes["levels"])
        return Draft(
            likelihoods=[told[f"likelihood_{n}"] for n in range(sizes["likelihoods"])],
            impacts=[told[f"impact_{n}"] for n in range(sizes["impacts"])],
            levels=[{"label": told[f"level_{n}"], "tone": told[f"tone_{n}"]} for n in levels],
            cells=[
                [told[f"cell_{row}_{column}"] for column in range(sizes["impacts"])]
                for row in range(sizes["likelihoods"])
            ],
            by_severity=[told[f"severity_{one.value}"] for one in sorted(Severity)],
            carried=[told[f"carried_{n}"] for n in range(len(self.draft.carried))],
        )

    @property
    def digest(self) -> str:
        return hashlib.sha256(orjson.dumps(self.said.said)).hexdigest()

    @property
    def rows(self) -> list[tuple[BoundField, list[tuple[int, BoundField]]]]:
        """Each likelihood with its cells, the most likely first; a cell with the tone that it has so far."""
        return [
            (
                self[f"likelihood_{row}"],
                [(self._tone(f"cell_{row}_{n}"), self[f"cell_{row}_{n}"]) for n in range(self.sizes["impacts"])],
            )
            for row in reversed(range(self.sizes["likelihoods"]))
        ]

    def _tone(self, name: str) -> int:
        level = str(self[name].value())
        tone = str(self[f"tone_{level}"].value()) if f"tone_{level}" in self.fields else ""
        return whole_number(tone) or 1

    @property
    def columns(self) -> list[BoundField]:
        return [self[f"impact_{n}"] for n in range(self.sizes["impacts"])]

    @property
    def levels(self) -> list[tuple[int, BoundField, BoundField]]:
        return [(n + 1, self[f"level_{n}"], self[f"tone_{n}"]) for n in range(self.sizes["levels"])]

    @property
    def severities(self) -> list[BoundField]:
        return [self[f"severity_{one.value}"] for one in sorted(Severity, reverse=True)]

    @property
    def earlier(self) -> list[BoundField]:
        return [self[f"carried_{n}"] for n in reversed(range(len(self.draft.carried)))]

    @property
    def decided(self) -> list[BoundField]:
        return [self[name] for name in ("because", "approved_by", "approved_on", "reference")]


def tones() -> list[tuple[str, str]]:
    words = (_("lightest"), "", "", "", "", _("darkest"))
    return [(str(n), f"{n} · {word}" if word else str(n)) for n, word in enumerate(words, 1)]


def draft_asked_for(query: QueryDict, before: Matrix | None) -> Draft:
    """What the address begins with: ?start, and how large. Raises BadRequest on a size that no matrix has."""
    start = query.get("start", IN_FORCE if before else STANDARD)
    draft = Draft.of(before) if before and start == IN_FORCE else Draft.standard(before)
    sizes = [whole_number(query.get(name, str(len(getattr(draft, name))))) or 0 for name in SIZES]
    if not all(FEWEST <= size <= MOST for size in sizes):
        raise BadRequest(
            _("A matrix has %(fewest)d to %(most)d likelihoods, impacts and levels") % {"fewest": FEWEST, "most": MOST}
        )
    return draft.resized(*sizes)
