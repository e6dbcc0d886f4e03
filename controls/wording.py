"""What each type of mapping means, in the reader's words, and what it does to the figures."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from controls.models import Mapping
from organisation.models import Role

Relation = Mapping.Relation
Words = str | Promise


@dataclass(frozen=True)
class Meaning:
    """says: what the one that shows has to do with the one that asks. figures: what follows for the status."""

    relation: Relation
    says: Words
    figures: Words

    @property
    def label(self) -> Words:
        return self.relation.label


FIGURES = {
    Relation.EQUAL: _("A pass meets what is asked, a fail breaks it."),
    Relation.SUPERSET: _("A pass meets what is asked; a fail counts against it, though it may be about the rest."),
    Relation.SUBSET: _("A pass shows part of what is asked and never meets it; a fail counts against it."),
    Relation.INTERSECTS: _("A pass shows part of what is asked and never meets it; a fail counts against it."),
}
CARRIES_NOTHING = _("Between two frameworks nothing is carried over.")
"""What an intersection of two requirements does to the figures."""
ENGINEERS = {
    Relation.EQUAL: _("Keep it green and you are done: it covers just what is asked."),
    Relation.SUPERSET: _("Keep it green and you are done: it covers all that is asked, and more."),
    Relation.SUBSET: _("Keep it green and a part is done: the rest of what is asked needs other proof."),
    Relation.INTERSECTS: _("It touches the same subject: keep it green and a part may be done, beside other things."),
}
AUDITORS = {
    Relation.EQUAL: _("It covers what is asked, no more and no less."),
    Relation.SUPERSET: _("It covers everything that is asked, and more."),
    Relation.SUBSET: _("It covers part of what is asked, and nothing beyond."),
    Relation.INTERSECTS: _("It covers part of what is asked, and something beyond."),
}


def meanings(line: str | None) -> list[Meaning]:
    """Of any pair. The first line reads what to do, the others what is shown."""
    says = ENGINEERS if line == Role.FIRST else AUDITORS
    figures = {**FIGURES, Relation.INTERSECTS: format_lazy("{} {}", FIGURES[Relation.INTERSECTS], CARRIES_NOTHING)}
    return [Meaning(relation, says[relation], figures[relation]) for relation in Relation]


def meaning_of(relation: Relation, pair: Mapping.Pair, line: str | None) -> Meaning:
    says = ENGINEERS if line == Role.FIRST else AUDITORS
    carries = pair != Mapping.Pair.CROSSWALK or relation != Relation.INTERSECTS
    return Meaning(relation, says[relation], FIGURES[relation] if carries else CARRIES_NOTHING)
