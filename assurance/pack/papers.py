"""What auditors found: reviewed working papers, conclusions and issued findings. Drafts never leave their team."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from assurance.models import AuditFinding, AuditFindingStep, ControlTest, Engagement, Population, Sample, SampleItem
from assurance.pack.contents import AuditFindingPart, TestPart
from assurance.pack.scope import Scope
from audit.models import TrailEntry
from controls.models import Verdict


def tests_of(scope: Scope) -> list[ControlTest]:
    """Those of the pack's engagement that were reviewed by then; of a framework's pack none."""
    if scope.pack.engagement_id is None:
        return []
    rows = ControlTest.objects.filter(engagement=scope.pack.engagement_id, state=ControlTest.State.REVIEWED)
    return list(rows.filter(reviewed_at__lte=scope.known_at).order_by("pk"))


def test_parts(scope: Scope, tests: Sequence[ControlTest]) -> dict[int, list[TestPart]]:
    """By control. Three queries."""
    keys = [one.pk for one in tests]
    populations = {
        one.test_id: one for one in Population.objects.filter(test__in=keys).select_related("evidence").order_by("pk")
    }
    samples = {one.population_id: one for one in Sample.objects.filter(population__test__in=keys)}
    results = _results(samples.values())
    found: dict[int, list[TestPart]] = defaultdict(list)
    for one in tests:
        population = populations.get(one.pk)
        sample = samples.get(population.pk) if population else None
        items, missing = results.get(sample.pk, (0, 0)) if sample else (0, 0)
        assert one.prepared_at
        assert one.reviewed_at
        found[one.control_id].append(
            TestPart(
                id=one.public_id,
                kind=str(one.get_kind_display()),
                procedure=one.procedure,
                population=_population(population) if population else "",
                population_sha256=population.evidence.sha256 if population else "",
                sample=_sample(sample) if sample else "",
                items=items,
                deviations=one.deviations or 0,
                missing=missing,
                unobserved_hours=one.unobserved_hours,
                conclusion=str(one.get_conclusion_display()),
                because=one.because,
                prepared_by=scope.name(one.prepared_by_id),
                prepared_at=one.prepared_at,
                reviewed_by=scope.name(one.reviewed_by_id),
                reviewed_at=one.reviewed_at,
            )
        )
    return found


def _results(samples: Iterable[Sample]) -> dict[int, tuple[int, int]]:
    """Sample → how many items, and of how many the evidence is missing."""
    missing = Count("pk", filter=Q(result=SampleItem.Result.MISSING))
    rows: Any = SampleItem.objects.filter(sample__in=[one.pk for one in samples]).order_by()
    return {sample: (n, lost) for sample, n, lost in rows.values_list("sample").annotate(n=Count("pk"), lost=missing)}


def _population(one: Population) -> str:
    told = {"n": f"{one.size:,}", "source": one.get_source_display(), "at": f"{one.at:%Y-%m-%d %H:%M} UTC"}
    words = _("%(n)s items, %(source)s, as of %(at)s") % told
    return f"{words}; {one.explained}" if one.explained else words


def _sample(one: Sample) -> str:
    words = f"{one.get_method_display()}: {one.size:,}"
    if one.seed:
        words += ", " + _("seed %(seed)s") % {"seed": one.seed}
    if one.confidence is not None:
        words += ", " + _("confidence %(share)s %%") % {"share": _share(one.confidence)}
    if one.tolerable is not None:
        words += ", " + _("tolerable deviation %(share)s %%") % {"share": _share(one.tolerable)}
    return f"{words}. {one.size_because}" if one.size_because else words


def _share(share: Any) -> str:
    return f"{share * 100:.2f}".rstrip("0").rstrip(".")


def conclusions(scope: Scope, controls: Iterable[int]) -> dict[int, Verdict]:
    """Control → the latest conclusion of it for a period within reach of the pack's. One query."""
    rows = Verdict.objects.conclusions().said(scope.known_at).filter(scope.within, control__in=list(controls))
    touching = rows.filter(scope.touches("period_from", "period_to"))
    latest = touching.order_by("control_id", "-period_to", "-said_at", "-pk").distinct("control_id")
    return {one.control_id: one for one in latest}


def audit_finding_parts(scope: Scope) -> list[AuditFindingPart]:
    """Issued by then, as they stood then. Of an engagement, beside its own those of the one before that it does not
    find again, where whoever asked sees that one: closed since, or still open. Six queries at most.
    """
    engagement = scope.pack.engagement
    if engagement is None:
        issued = AuditFinding.objects.filter(scope.within, scope.touches("issued_at", "issued_at"))
    else:
        before = Engagement.objects.visible_to(scope.pack.requested_by).filter(followed_by=engagement)
        again = AuditFinding.objects.filter(engagement=engagement, issued_at__lte=scope.known_at).values("repeats")
        since = Q(engagement__in=before) & ~Q(pk__in=again.exclude(repeats=None))
        issued = AuditFinding.objects.filter(Q(engagement=engagement) | since)
    rows = issued.filter(issued_at__lte=scope.known_at).select_related("control", "engagement").order_by("pk")
    found = list(rows)
    states = _states(scope, found)
    was = _before(scope, found)
    return [_finding(scope, one, states.get(one.pk, AuditFinding.State.ISSUED), was) for one in found]


ANSWERED = frozenset({"responded", "agreed", "done", "closed"})
AGREED = frozenset({"agreed", "done", "closed"})


def _finding(scope: Scope, one: AuditFinding, state: str, was: dict[tuple[str, str], Any]) -> AuditFindingPart:
    def then(name: str) -> Any:
        return was.get((one.public_id, name), getattr(one, name))

    agreed_on: Any = AuditFinding._meta.get_field("agreed_on").to_python(then("agreed_on"))
    return AuditFindingPart(
        id=one.public_id,
        title=then("title"),
        rating=str(AuditFinding.Rating(then("rating")).label),
        control=one.control.public_id if one.control else "",
        condition=then("condition"),
        criteria=then("criteria"),
        cause=then("cause"),
        effect=then("effect"),
        recommendation=then("recommendation"),
        response=then("response") if state in ANSWERED else "",
        owner=scope.name(one.owner_id),
        agreed_on=agreed_on if state in AGREED else None,
        state=str(AuditFinding.State(state).label),
        compared=_compared(scope, one, state),
    )


def _compared(scope: Scope, one: AuditFinding, state: str) -> str:
    """With the engagement before."""
    if scope.pack.engagement_id and one.engagement_id != scope.pack.engagement_id:
        return str(_("closed") if state == AuditFinding.State.CLOSED else _("still open"))
    if one.engagement.previous_id:
        return str(_("repeated") if one.repeats_id else _("new"))
    return ""


def _states(scope: Scope, findings: Sequence[AuditFinding]) -> dict[int, str]:
    """The state of each by its steps."""
    steps = AuditFindingStep.objects.filter(finding__in=[one.pk for one in findings], at__lte=scope.known_at)
    return dict(steps.order_by("pk").values_list("finding", "state"))


def _before(scope: Scope, findings: Sequence[AuditFinding]) -> dict[tuple[str, str], Any]:
    """(public id, field) → what stood there, where people changed it since."""
    named = [one.public_id for one in findings]
    since = TrailEntry.objects.filter(kind="auditfinding", object_id__in=named, at__gt=scope.known_at)
    found: dict[tuple[str, str], Any] = {}
    for entry in since.last_first():
        for name, (before, _after) in entry.detail.get("changed", {}).items():
            found[entry.object_id, name] = before
    return found
