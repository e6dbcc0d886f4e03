"""What the cells of a file are held against: the register, people and words as they are now. Looked up once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.http import Http404
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from audit.models import TrailEntry
from audit.moment import Moment
from organisation.models import Solution, User
from organisation.permissions import may
from risks import rights
from risks.exchange.cells import date_of
from risks.exchange.columns import Sheet, labels
from risks.exchange.writing import sheet_of
from risks.models import Assessment, Category, Risk

SHOWN = 12
"""Words offered where a cell says none of them; more are counted."""


class Wrong(Exception):
    """A cell does not say what it has to; the message says what would be right."""


@dataclass
class Known:
    """risks: by public id, those that a file names and the reader may see. waiting: by risk and kind."""

    by: User
    risks: Mapping[str, Risk]
    sheet: Sheet
    waiting: Mapping[tuple[int, str], Assessment]
    people: Mapping[str, User]
    solutions: Mapping[str, Solution]
    categories: Mapping[str, Category]
    asked: dict[tuple[Any, ...], str] = field(default_factory=dict)

    @classmethod
    def of(cls, ids: Collection[str], by: User, moment: Moment) -> Self:
        """A dozen queries, however many rows there are."""
        keys = [key for one in ids if (key := _key(one))]
        seen = Risk.objects.visible_to(by).prefetch_related("solution", "category", "owner")
        risks = {one.public_id: one for one in seen.filter(pk__in=keys).order_by("pk")}
        rows = list(risks.values())
        waiting = Assessment.objects.waiting().filter(risk__in=[one.pk for one in rows]).order_by()
        solutions = Solution.objects.visible_to(by).in_use(moment.at)
        return cls(
            by=by,
            risks=risks,
            sheet=sheet_of(rows, moment),
            waiting={(one.risk_id, one.kind): one for one in waiting.select_related("matrix")},
            people={one.email.lower(): one for one in User.objects.active()},
            solutions=_by_name_and_id(solutions),
            categories=_by_name_and_id(Category.objects.in_use()),
        )

    def value(self, name: str, text: str) -> Any:
        """What a cell stands for, in a field of a risk. Raises Wrong."""
        if name in READERS:
            return READERS[name](self, text)
        return _text(name, text)

    def place(self, side: str, text: str) -> int:
        """A likelihood or an impact by its word. Raises Wrong."""
        if self.sheet.matrix is None:
            raise Wrong(_("There is no matrix yet on which to state a level: leave it empty."))
        known = labels(self.sheet.matrix, side)
        found = {one.casefold(): place for place, one in enumerate(known)}
        if text.casefold() in found:
            return found[text.casefold()]
        raise Wrong(_none_of(text, known))

    def change_refusal(self, risk: Risk) -> str:
        return self._once("change", risk, lambda: rights.change_refusal(risk, self.by)) or rights.closed_refusal(risk)

    def state_refusal(self, risk: Risk) -> str:
        """Why a level of it is neither stated nor proposed; assessing.state has the last word."""
        theirs = self._theirs(risk)
        proposes = may(self.by, "risk.import") and not may(self.by, "risk.assess")
        return rights.closed_refusal(risk) or ("" if proposes else theirs)

    def confirming(self, risk: Risk) -> str:
        """The names of who has to confirm a level of it; empty where it counts at once."""
        if not self._theirs(risk) and self._once("answers", risk, lambda: str(rights.answers(self.by, risk))) == "True":
            return ""
        return self._once("answering", risk, lambda: rights.names(rights.answering(risk)))

    def _theirs(self, risk: Risk) -> str:
        return self._once("assess", risk, lambda: rights.change_refusal(risk, self.by, "risk.assess"))

    def add_refusal(self, solution: Solution) -> str:
        return self._once("add", solution, lambda: rights.add_refusal(self.by, solution))

    def owner_refusal(self, owner: User) -> str:
        return self._once("owner", owner, lambda: rights.owner_refusal(owner))

    def _once(self, rule: str, about: Risk | Solution | User, ask: Callable[[], str]) -> str:
        """Rules ask of a risk only whose it is: what they say of one, they say of all that are alike in that."""
        key = (rule, about.solution_id, about.owner_id) if isinstance(about, Risk) else (rule, about.pk)
        if key not in self.asked:
            self.asked[key] = ask()
        return self.asked[key]


def _key(public_id: str) -> int | None:
    try:
        return Risk.key_of(public_id)
    except Http404:
        return None


def _by_name_and_id(rows: Any) -> dict[str, Any]:
    found = list(rows)
    return {one.name.casefold(): one for one in found} | {one.public_id.casefold(): one for one in found}


def _none_of(text: str, known: Collection[str]) -> str:
    """What would have been right."""
    several = ", ".join(list(known)[:SHOWN]) + (" …" if len(known) > SHOWN else "")
    folded = {one.casefold(): one for one in known}
    near = get_close_matches(text.casefold(), folded, 1)
    told = {"text": text[:80], "near": folded[near[0]] if near else "", "known": several}
    if near:
        return _("“%(text)s” is none of %(known)s. Is it “%(near)s”?") % told
    return _("“%(text)s” is none of %(known)s.") % told


def _owner(known: Known, text: str) -> User:
    if found := known.people.get(text.lower()):
        if why_not := known.owner_refusal(found):
            raise Wrong(why_not)
        return found
    near = get_close_matches(text.lower(), known.people, 1, 0.5)
    told = {"text": text[:120], "near": near[0] if near else ""}
    if near:
        raise Wrong(_("Nobody here has the address “%(text)s”. Is it %(near)s?") % told)
    raise Wrong(_("Nobody here has the address “%(text)s”: write that of a person of the first line.") % told)


def _solution(known: Known, text: str) -> Solution:
    if found := known.solutions.get(text.casefold()):
        return found
    names = [one.name for one in dict.fromkeys(known.solutions.values())]
    if not names:
        raise Wrong(_("“%(text)s” is no solution of yours, and you have none.") % {"text": text[:80]})
    raise Wrong(_none_of(text, names))


def _category(known: Known, text: str) -> Category:
    if found := known.categories.get(text.casefold()):
        return found
    names = [one.name for one in dict.fromkeys(known.categories.values())]
    if not names:
        raise Wrong(_("There is no category yet: the second line adds them."))
    raise Wrong(_none_of(text, names))


def _review_on(known: Known, text: str) -> date | None:
    try:
        return date_of(text) if text else None
    except ValueError:
        raise Wrong(_("“%(text)s” is no date: write it as 2026-06-30.") % {"text": text[:80]}) from None


def _link(known: Known, text: str) -> str:
    if text:
        try:
            URLValidator(schemes=["http", "https"])(text)
        except ValidationError:
            words = _("“%(text)s” is no address: write all of it, e.g. https://tracker.example.com/T-1.")
            raise Wrong(words % {"text": text[:80]}) from None
    return _text("link", text)


READERS: dict[str, Callable[[Known, str], Any]] = {
    "owner": _owner,
    "solution": _solution,
    "category": _category,
    "review_on": _review_on,
    "link": _link,
}


def _text(name: str, text: str) -> str:
    most = Risk._meta.get_field(name).max_length  # type: ignore[union-attr]
    if most and len(text) > most:
        told = {"n": f"{len(text):,}", "most": f"{most:,}"}
        raise Wrong(_("It has %(n)s characters; %(most)s is the most.") % told)
    return text


def last_acts(ids: Collection[str]) -> dict[str, TrailEntry]:
    """The last act on each of these risks. One query."""
    rows = TrailEntry.objects.filter(kind="risk", object_id__in=list(ids))
    return {one.object_id: one for one in rows.order_by("object_id", "-id").distinct("object_id")}


def when(act: TrailEntry) -> dict[str, str]:
    return {"who": act.who, "on": date_format(act.at, "j M Y, H:i")}
