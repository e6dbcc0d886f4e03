"""How much of what is connected we can speak for: the figures that stand beside every total."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import ngettext

from audit.moment import Moment
from findings.models import CoverageSpan, CoverageState, Scope
from organisation.models import SolutionAccount, Visibility
from organisation.permissions import may


@dataclass(frozen=True)
class CoverageFigures:
    """counts: state → scopes (an account, a region and a source each), 0 where there is none.

    at: the oldest of the fresh scopes' latest evaluations by AWS; None for a past moment, where it is not kept.
    `fresh` and `stale` are in per cent of all scopes, None where there is none; this is what
    frame/_coverage.html asks for.
    """

    counts: Counter[str] = field(default_factory=Counter)
    at: datetime | None = None
    url: str = ""

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def fresh(self) -> float | None:
        return self._share(CoverageState.FRESH)

    @property
    def stale(self) -> float | None:
        return self._share(CoverageState.STALE)

    @property
    def stale_url(self) -> str:
        return self._door(CoverageState.STALE)

    @property
    def is_complete(self) -> bool:
        return self.total > 0 and self.counts[CoverageState.FRESH] == self.total

    @property
    def gaps(self) -> list[dict[str, str]]:
        """What cannot be spoken for, in words, each a door to where."""
        return [
            {"words": words % {"n": n}, "url": self._door(state)}
            for state, words in _words(self.counts).items()
            if (n := self.counts[state])
        ]

    def _share(self, state: str) -> float | None:
        return self.counts[state] / self.total * 100 if self.total else None

    def _door(self, state: str) -> str:
        joint = "&" if "?" in self.url else "?"
        return f"{self.url}{joint}{urlencode({'state': state})}" if self.url else ""


def _words(counts: Counter[str]) -> dict[str, str]:
    denied, off = counts[CoverageState.DENIED], counts[CoverageState.DISABLED]
    failed, never = counts[CoverageState.FAILED], counts[CoverageState.NEVER]
    running = counts[CoverageState.RUNNING]
    return {
        CoverageState.DENIED: ngettext("%(n)d place denies access", "%(n)d places deny access", denied),
        CoverageState.DISABLED: ngettext("service off in %(n)d place", "service off in %(n)d places", off),
        CoverageState.FAILED: ngettext("reading failed in %(n)d place", "reading failed in %(n)d places", failed),
        CoverageState.NEVER: ngettext("%(n)d place never read", "%(n)d places never read", never),
        CoverageState.RUNNING: ngettext("%(n)d place being read", "%(n)d places being read", running),
    }


def scopes_visible_to(user: object, at: datetime) -> QuerySet[Scope]:
    """The scopes that a person may know of: all, or those in the accounts where their solutions live."""
    scopes = Scope.objects.filter(Q(retired_at=None) | Q(retired_at__gt=at))
    if may(user, "connection.view"):
        return scopes
    seen = Visibility.of(user)
    if seen.everything:
        return scopes
    places = SolutionAccount.objects.in_force(at).filter(solution__in=seen.solutions)
    return scopes.filter(account__in=places.values("account__account_id"))


def with_state(scopes: QuerySet[Scope], moment: Moment) -> QuerySet[Scope]:
    """The scopes, each with the coverage that held at the moment in `held` (none, or one)."""
    spans = CoverageSpan.objects.filter(moment.holds())
    return scopes.prefetch_related(Prefetch("spans", spans, to_attr="held"))


def in_state(scopes: QuerySet[Scope], state: str, moment: Moment) -> QuerySet[Scope]:
    """Those of the scopes of which that could be said at the moment."""
    return scopes.filter(pk__in=CoverageSpan.objects.filter(moment.holds(), state=state).values("scope"))


def covered_at(scope: Scope | None, moment: Moment) -> CoverageSpan | None:
    """What could be said of one scope at the moment; None where nothing was known of it."""
    return CoverageSpan.objects.filter(moment.holds(), scope=scope).first() if scope else None


def known_at(scopes: QuerySet[Scope], moment: Moment) -> QuerySet[Scope]:
    """Those of the scopes of which anything was known at the moment."""
    return scopes.filter(pk__in=CoverageSpan.objects.filter(moment.holds()).values("scope"))


def held_of(scope: Any) -> CoverageSpan:
    """The coverage that `with_state` found of a scope that `known_at` knows."""
    (span,) = scope.held
    assert isinstance(span, CoverageSpan)
    return span


def figures_of(scopes: Iterable[Any], url: str = "") -> CoverageFigures:
    """The figures of scopes from `with_state`. A scope without a state then was not yet known, and is not counted."""
    counts: Counter[str] = Counter()
    evaluated: list[datetime] = []
    for scope in scopes:
        if scope.held:
            counts[scope.held[0].state] += 1
            if scope.evaluated_at and scope.held[0].state == CoverageState.FRESH:
                evaluated.append(scope.evaluated_at)
    return CoverageFigures(counts, min(evaluated, default=None), url)


def coverage(user: object, moment: Moment, url: str | None = None) -> CoverageFigures:
    """What `user` may know of the coverage at `moment`, in one query beside those for their rights.

    url: where the figures lead; the coverage page where this is not said and the reader may open it.
    """
    if url is None:
        url = reverse("findings:coverage") if may(user, "coverage.view") else ""
        if url and not moment.is_now:
            url = f"{url}?{urlencode({'as_of': moment.at.isoformat()})}"
    spans = CoverageSpan.objects.filter(moment.holds(), scope__in=scopes_visible_to(user, moment.at))
    rows = list(spans.values("state").annotate(n=Count("pk"), oldest=Min("scope__evaluated_at")).order_by())
    oldest = {row["state"]: row["oldest"] for row in rows}.get(CoverageState.FRESH) if moment.is_now else None
    return CoverageFigures(Counter({row["state"]: row["n"] for row in rows}), oldest, url)
