"""How far an engagement is: tests that are reviewed and findings that are issued, counted in the database."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, CharField, Count, F, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assurance.models import AuditFinding, ControlTest, Engagement
from assurance.models.engagement import EngagementQuerySet
from audit.models import TrailEntry
from audit.moment import Moment

State = Engagement.State
LOOKS = {State.PLANNING: "waiting", State.FIELDWORK: "running", State.REPORTING: "partly", State.CLOSED: "done"}
"""The shape of each state; its word is its own."""
MOVED = {
    "engagement.planned": State.PLANNING,
    "engagement.begun": State.FIELDWORK,
    "engagement.reporting": State.REPORTING,
    "engagement.closed": State.CLOSED,
}


def as_of(rows: EngagementQuerySet, moment: Moment) -> QuerySet[Engagement]:
    """With stands (the state then), tests_total, tests_reviewed and findings_issued by the moment."""
    at = moment.at
    tests = ControlTest.objects.filter(engagement=OuterRef("pk"), added_at__lte=at)
    reviewed = tests.filter(state=ControlTest.State.REVIEWED, reviewed_at__lte=at)
    issued = AuditFinding.objects.issued().filter(engagement=OuterRef("pk"), issued_at__lte=at)
    return rows.filter(added_at__lte=at).annotate(
        stands=_state(moment),
        tests_total=_count(tests),
        tests_reviewed=_count(reviewed),
        findings_issued=_count(issued),
    )


def _count(rows: QuerySet[Any]) -> Any:
    counted = rows.order_by().values("engagement").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _state(moment: Moment) -> Any:
    """Now as it stands; then as the trail has it."""
    if moment.is_now:
        return F("state")
    public_id = Concat(Value(f"{Engagement.public_prefix}-"), Cast(OuterRef("pk"), CharField()))
    acts = TrailEntry.objects.filter(kind="engagement", object_id=public_id, action__in=MOVED, at__lte=moment.at)
    states = [When(action=action, then=Value(state.value)) for action, state in MOVED.items()]
    latest = acts.order_by("-id").annotate(to=Case(*states, output_field=CharField())).values("to")[:1]
    return Coalesce(Subquery(latest, output_field=CharField()), Value(State.PLANNING.value))


def title(one: Any) -> str:
    """The answer: what of it is done. one: of `as_of`."""
    told = {"title": one.title, "done": one.tests_reviewed, "all": one.tests_total}
    if not one.tests_total:
        said = _("%(title)s: no test is planned yet") % told
    else:
        words = ngettext(
            "%(title)s: %(done)d of %(all)d test reviewed", "%(title)s: %(done)d of %(all)d tests reviewed", told["all"]
        )
        said = words % told
    n = one.findings_issued
    issued = ngettext("%(n)d finding issued", "%(n)d findings issued", n) % {"n": n}
    return f"{said}, {issued if n else _('no finding issued')}"
