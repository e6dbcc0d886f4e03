"""The current level that the portal proposes, with its reasons. A person confirms; docs/method.md#proposed-level.

Ordinal all through: it begins in the cell of the inherent level, and a control that passes in the risk's solution
bounds the likelihood or the impact to what its link states. What fails, is shown in part or is not observed reduces
nothing, and neither does what was stated on another matrix.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from audit.moment import Moment
from controls.mapped import mapped_of_controls
from controls.models import Control
from controls.standing import Monitoring, Standing, Workings
from organisation.models import Solution, User
from risks.models import Matrix, Risk, RiskControl
from risks.rules import Kind, Rules, Stated, stated_at

Linked = Mapping[int, list[RiskControl]]
Stands = Mapping[int, Mapping[int, Standing]]
"""Solution → control → where it stands there; a control that does not concern the solution is not in it."""


@dataclass(frozen=True)
class Reason:
    """control: whose reason it is; None for what is not about one. reduces: whether the level is lower by it."""

    words: str
    control: Control | None = None
    reduces: bool = False


@dataclass(frozen=True)
class Proposal:
    """likelihood, impact, level: on the matrix in force; None where there is no proposal, and why_none says why."""

    likelihood: int | None = None
    impact: int | None = None
    level: int | None = None
    reasons: list[Reason] = field(default_factory=list)
    why_none: str = ""

    @property
    def told(self) -> dict[str, Any]:
        """As an assessment keeps it."""
        reasons = [
            {"words": one.words, "control": one.control.public_id if one.control else None, "reduces": one.reduces}
            for one in self.reasons
        ]
        cell = {"likelihood": self.likelihood, "impact": self.impact, "level": self.level}
        return {**cell, "reasons": reasons, "why_none": self.why_none}


def proposals(risks: Iterable[Risk], user: User, moment: Moment) -> dict[int, Proposal]:
    """By the keys of these risks, as they were then. A fixed number of queries, however many they are."""
    rows = list(risks)
    rules = Rules.at(moment.at)
    stated = stated_at(moment.at, [one.pk for one in rows])
    linked = links_of(rows, moment)
    stands = standings_of(linked, rows, user, moment)
    return {
        one.pk: proposal_of(rules, stated.get(one.pk, {}), linked.get(one.pk, []), stands[one.solution_id])
        for one in rows
    }


def proposal_of(
    rules: Rules, stated: Mapping[str, Stated], links: Iterable[RiskControl], stands: Mapping[int, Standing]
) -> Proposal:
    """stated: of one risk, by kind. stands: of its solution."""
    inherent = stated.get(Kind.INHERENT.value)
    likelihood, impact = rules.cell(inherent)
    if rules.matrix is None or likelihood is None or impact is None:
        return Proposal(why_none=_why_none(rules, stated=inherent is not None))
    return _proposal(rules.matrix, likelihood, impact, links, stands)


def _why_none(rules: Rules, *, stated: bool) -> str:
    if rules.matrix is None:
        return _("There is no matrix yet.")
    if stated:
        return _("Its inherent level was stated on another matrix: state it again on the one in force.")
    return _("Its inherent level is not stated yet: what it is without any control.")


def links_of(risks: Iterable[Risk], moment: Moment) -> Linked:
    """The controls linked to each risk at a moment, by name. One query."""
    found: dict[int, list[RiskControl]] = defaultdict(list)
    rows = RiskControl.objects.in_force(moment.at).filter(risk__in=[one.pk for one in risks])
    for link in rows.select_related("control__solution", "control__owner", "matrix").order_by("control__name", "pk"):
        found[link.risk_id].append(link)
    return found


def standings_of(linked: Linked, risks: Iterable[Risk], user: User, moment: Moment) -> Stands:
    """Where these controls stand in the risks' solutions. As many queries, however many there are."""
    solutions: dict[int, Solution] = {one.solution_id: one.solution for one in risks}
    keys = {link.control_id for links in linked.values() for link in links}
    if not keys:
        return {solution: {} for solution in solutions}
    workings = Workings.of_each(mapped_of_controls(keys, moment.at), user, moment, list(solutions.values()))
    return {
        solution: {key: standing for key in keys if (standing := its.control(key))}
        for solution, its in workings.items()
    }


def _proposal(
    matrix: Matrix, likelihood: int, impact: int, links: Iterable[RiskControl], stands: Mapping[int, Standing]
) -> Proposal:
    begins = _("Without any control: %(likelihood)s, %(impact)s.")
    told = {"likelihood": matrix.likelihoods[likelihood], "impact": matrix.impacts[impact]}
    reasons = [Reason(begins % told)]
    inherent = (likelihood, impact)
    for link in links:
        why_not = reduces_nothing(link, matrix, stands.get(link.control_id))
        reasons.append(Reason(why_not, link.control) if why_not else _passes(link, matrix, inherent))
        if not why_not:
            likelihood = _bound(likelihood, link.likelihood_at_most)
            impact = _bound(impact, link.impact_at_most)
    if len(reasons) == 1:
        reasons.append(Reason(_("No control is linked: nothing keeps it down.")))
    return Proposal(likelihood, impact, matrix.level_of(likelihood, impact), reasons)


def _bound(at: int, at_most: int | None) -> int:
    return at if at_most is None or at_most >= at else at_most


def reduces_nothing(link: RiskControl, matrix: Matrix, standing: Standing | None) -> str:
    """Why a linked control reduces nothing now; empty where it does as its link states."""
    told = {"name": link.control.name}
    if standing is None:
        return _("%(name)s is retired or of no concern to this solution: it reduces nothing.") % told
    words = {
        Monitoring.FAILING: _("%(name)s fails: it reduces nothing."),
        Monitoring.PARTLY_FAILING: _("%(name)s fails in part: it reduces nothing."),
        Monitoring.PARTLY_SHOWN: _("%(name)s is shown in part only: it reduces nothing."),
        Monitoring.NOT_OBSERVED: _("%(name)s is not observed: it reduces nothing."),
        Monitoring.NOT_APPLICABLE: _("%(name)s is not applicable here: it reduces nothing."),
        Monitoring.NOT_MAPPED: _("%(name)s: nothing shows it yet, so it reduces nothing."),
    }
    if standing.monitoring in words:
        return words[standing.monitoring] % told
    if link.likelihood_at_most is None and link.impact_at_most is None:
        return _("%(name)s passes, but its link states no bound: it reduces nothing.") % told
    if (link.matrix.likelihoods, link.matrix.impacts) != (matrix.likelihoods, matrix.impacts):
        return _("%(name)s passes, but its bound was stated on another matrix: state it again.") % told
    return ""


def _passes(link: RiskControl, matrix: Matrix, inherent: tuple[int, int]) -> Reason:
    told = {"name": link.control.name, "bound": in_words(link)}
    bounds = (link.likelihood_at_most, link.impact_at_most)
    if all(_bound(at, at_most) == at for at, at_most in zip(inherent, bounds, strict=True)):
        return Reason(_("%(name)s passes: %(bound)s, which it is without it.") % told, link.control)
    return Reason(_("%(name)s passes: %(bound)s.") % told, link.control, reduces=True)


def in_words(link: RiskControl) -> str:
    """The bound that a link states, on the matrix that it was stated on."""
    told = []
    if link.likelihood_at_most is not None:
        words = _("likelihood at most “%(label)s”")
        told.append(words % {"label": link.matrix.likelihoods[link.likelihood_at_most]})
    if link.impact_at_most is not None:
        words = _("impact at most “%(label)s”")
        told.append(words % {"label": link.matrix.impacts[link.impact_at_most]})
    return ", ".join(told)
