"""One risk, as its page and the API tell it: its levels, what keeps it down, what shows it, and who must move next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q, Sum

from audit.moment import Moment
from controls.results import PLACES, Counts
from controls.standing import Monitoring
from findings.models import FindingSpan, Status
from findings.tallies import postures
from organisation.models import Solution, User
from risks import proposing, rights
from risks.models import Appetite, Assessment, Challenge, Matrix, Risk, RiskControl, RiskFindings
from risks.proposing import Proposal
from risks.rules import Kind, Rules, Stated, standing_of

Standing = Risk.Standing


@dataclass(frozen=True)
class Level:
    """One of the three. stated: what stands confirmed; level: as it reads in the matrix in force. waiting: proposed."""

    kind: str
    stated: Assessment | None
    level: int | None
    waiting: Assessment | None
    matrix: Matrix | None

    @property
    def name(self) -> str:
        return str(Kind(self.kind).label)

    @property
    def told(self) -> Stated | None:
        return _told(self.stated)

    @property
    def cells(self) -> list[list[dict[str, Any]]]:
        """The matrix that it was stated on, with its cell marked; empty where nothing is stated."""
        return cells(self.stated.matrix, self.stated.likelihood, self.stated.impact) if self.stated else []

    @property
    def shown(self) -> dict[str, Any] | None:
        """Label and tone."""
        if self.matrix is None or self.level is None:
            return None
        return {"label": self.matrix.label(self.level), "tone": self.matrix.tone(self.level)}

    @property
    def carried(self) -> bool:
        """Whether it was stated on an earlier matrix than the one in force."""
        return bool(self.stated and self.matrix and self.stated.matrix_id != self.matrix.pk)


def cells(matrix: Matrix, likelihood: int, impact: int) -> list[list[dict[str, Any]]]:
    """A small matrix, from the most likely down, with one cell marked."""
    return [
        [
            {"tone": matrix.tone(matrix.level_of(row, column)), "marked": (row, column) == (likelihood, impact)}
            for column in range(len(matrix.impacts))
        ]
        for row in reversed(range(len(matrix.likelihoods)))
    ]


def levels(risk: Risk, rules: Rules, at: datetime) -> list[Level]:
    """Inherent, current and target at a moment. Two queries."""
    rows = Assessment.objects.filter(risk=risk).select_related("matrix", "proposed_by", "confirmed_by")
    stated = {one.kind: one for one in rows.standing(at)}
    undecided = (Q(confirmed_at=None) | Q(confirmed_at__gt=at)) & (Q(declined_at=None) | Q(declined_at__gt=at))
    waiting = {one.kind: one for one in rows.filter(undecided, proposed_at__lte=at).order_by("pk")}
    return [_level(kind.value, stated.get(kind.value), waiting.get(kind.value), rules) for kind in Kind]


def _level(kind: str, stated: Assessment | None, waiting: Assessment | None, rules: Rules) -> Level:
    return Level(kind, stated, rules.level(_told(stated)), waiting, rules.matrix)


def _told(one: Assessment | None) -> Stated | None:
    return Stated(one.matrix_id, one.likelihood, one.impact, one.level) if one else None


@dataclass(frozen=True)
class LinkedControl:
    """monitoring: where it stands in the risk's solution; None where it does not concern it. why_not: as proposed."""

    link: RiskControl
    monitoring: Monitoring | None
    bound: str
    why_not: str


@dataclass(frozen=True)
class LinkedFindings:
    """counts: None where the reader may not see what the solution has."""

    link: RiskFindings
    counts: Counts | None
    status: str = ""


@dataclass(frozen=True)
class Facts:
    """sees: whether the reader sees what the solution has, or the risk alone."""

    risk: Risk
    rules: Rules
    levels: list[Level]
    proposal: Proposal
    controls: list[LinkedControl]
    findings: list[LinkedFindings]
    appetite: Appetite | None
    standing: str
    challenges: list[Challenge]
    sees: bool
    answering: list[User] = field(default_factory=list)

    @property
    def current(self) -> Level:
        return next(one for one in self.levels if one.kind == Kind.CURRENT)

    @property
    def standing_words(self) -> str:
        return str(Standing(self.standing).label)

    @property
    def proposed(self) -> dict[str, Any] | None:
        """Label and tone of what the portal proposes."""
        matrix, level = self.rules.matrix, self.proposal.level
        return {"label": matrix.label(level), "tone": matrix.tone(level)} if matrix and level is not None else None

    @property
    def proposed_cell(self) -> str:
        """Its likelihood and impact, in words."""
        matrix, likelihood, impact = self.rules.matrix, self.proposal.likelihood, self.proposal.impact
        if matrix is None or likelihood is None or impact is None:
            return ""
        return f"{matrix.likelihoods[likelihood]}, {matrix.impacts[impact]}"

    @property
    def agrees(self) -> bool:
        """Whether what stands confirmed is what the portal proposes."""
        stated, proposal = self.current.stated, self.proposal
        if stated is None or self.current.carried:
            return False
        return (stated.likelihood, stated.impact) == (proposal.likelihood, proposal.impact)


def facts(risk: Risk, user: User, moment: Moment) -> Facts:
    """risk: as it was then. A fixed number of queries, however much is linked."""
    rules = Rules.at(moment.at)
    its = levels(risk, rules, moment.at)
    linked = proposing.links_of([risk], moment)
    stands = proposing.standings_of(linked, [risk], user, moment)[risk.solution_id]
    stated = {one.kind: told for one in its if (told := one.told)}
    bounds = rules.bounds_of(risk.solution_id, risk.category_id)
    current = next(one.level for one in its if one.kind == Kind.CURRENT)
    sees = Solution.objects.visible_to(user).filter(pk=risk.solution_id).exists()
    raised = Challenge.objects.raised(moment.at).filter(Q(settled_at=None) | Q(settled_at__gt=moment.at), risk=risk)
    return Facts(
        risk=risk,
        rules=rules,
        levels=its,
        proposal=proposing.proposal_of(rules, stated, linked.get(risk.pk, []), stands),
        controls=[_linked(one, stands, rules.matrix) for one in linked.get(risk.pk, [])],
        findings=_findings(risk, moment, sees=sees),
        appetite=Appetite.objects.select_related("solution", "category", "matrix").get(pk=bounds.key)
        if bounds
        else None,
        standing=standing_of(current, bounds),
        challenges=list(raised.order_by("pk")),
        sees=sees,
        answering=rights.answering(risk),
    )


def _linked(link: RiskControl, stands: Mapping[int, Any], matrix: Matrix | None) -> LinkedControl:
    standing = stands.get(link.control_id)
    why_not = proposing.reduces_nothing(link, matrix, standing) if matrix else ""
    return LinkedControl(link, standing.monitoring if standing else None, proposing.in_words(link), why_not)


def _findings(risk: Risk, moment: Moment, *, sees: bool) -> list[LinkedFindings]:
    """Two queries, and one where single findings are linked."""
    rows = RiskFindings.objects.in_force(moment.at).filter(risk=risk).select_related("check_ran", "finding")
    links = list(rows.order_by("check_ran__key", "account", "pk"))
    if not sees or not links:
        return [LinkedFindings(one, None) for one in links]
    keys = [one.finding_id for one in links if one.finding_id]
    spans = FindingSpan.objects.at(moment).filter(finding__in=keys) if keys else FindingSpan.objects.none()
    single = dict(spans.values_list("finding", "status"))
    about = postures(moment).filter(
        solutions__contains=[risk.solution_id], check_ran__in={one.check_ran_id for one in links}, status__in=PLACES
    )
    rows_by = about.values_list("check_ran", "account", "status", "suppressed")
    counted = list(rows_by.annotate(n=Sum("n")).order_by())
    return [
        LinkedFindings(one, None, single.get(one.finding_id, "not_observed"))
        if one.finding_id
        else LinkedFindings(one, _counts(one, counted))
        for one in links
    ]


def _counts(link: RiskFindings, counted: list[Any]) -> Counts:
    found = [0, 0, 0, 0, 0]
    for check, account, status, suppressed, n in counted:
        if check == link.check_ran_id and link.account in ("", account):
            found[PLACES[status]] += n
            found[4] += n if suppressed and status == Status.FAIL else 0
    return Counts(*found)
