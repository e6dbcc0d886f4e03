"""What can be said of each account, region and source, and since when: the state machine of coverage.

never → running → fresh ⇄ stale; from anywhere to denied, disabled or failed, and back once a
reading succeeds. Each change of state or reason closes a span and opens another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from desk.models import Notice
from findings.aws_errors import Unreadable
from findings.models import CoverageSpan, CoverageState, Scope, Source
from organisation.models import Role, RoleAssignment

TROUBLE = (CoverageState.DENIED, CoverageState.FAILED)
UNREAD = (CoverageState.DENIED, CoverageState.FAILED, CoverageState.NEVER, CoverageState.RUNNING)
AN_INSTANT = timedelta(microseconds=1)
Place = tuple[str, str]
"""Account and region."""


def found(scopes: Iterable[Scope], *, at: datetime) -> None:
    """Places are known from `at` on; nothing has been read of them yet."""
    CoverageSpan.objects.bulk_create(
        CoverageSpan(scope=scope, state=CoverageState.NEVER, valid_from=at, recorded_at=at) for scope in scopes
    )


def observe(scopes: Iterable[Scope], state: CoverageState, reason: str = "", *, at: datetime) -> None:
    """These scopes are in this state from `at` on. Writes only what changes."""
    moved = [scope for scope in scopes if (scope.state, scope.reason) != (state, reason[:500])]
    if not moved:
        return
    newly_in_trouble = [scope for scope in moved if state in TROUBLE and scope.state != state]
    for scope in moved:
        if scope.state != state:
            scope.since = at
        scope.state, scope.reason = state, reason[:500]
    Scope.objects.bulk_update(moved, ["state", "since", "reason"])
    still_open = CoverageSpan.objects.filter(scope__in=moved, valid_to=None, superseded_at=None)
    ends = {scope: max(at, begun + AN_INSTANT) for scope, begun in still_open.values_list("scope", "valid_from")}
    still_open.update(valid_to=Greatest(at, F("valid_from") + AN_INSTANT), end_recorded_at=at)
    CoverageSpan.objects.bulk_create(
        CoverageSpan(scope=scope, state=state, reason=scope.reason, valid_from=ends.get(scope.pk, at), recorded_at=at)
        for scope in moved
    )
    if newly_in_trouble:
        tell_administrators(newly_in_trouble, at=at)


def begun(scope: Scope, *, at: datetime) -> None:
    """A reading begins; for places never read before that is a state of its own."""
    observe(_with_covered(scope, states=[CoverageState.NEVER]), CoverageState.RUNNING, at=at)


def read(
    scope: Scope,
    evaluated: Mapping[Place, datetime],
    *,
    at: datetime,
    not_read: Mapping[Place, Unreadable] | None = None,
) -> None:
    """A reading ended without an error: fresh or stale, by the age of AWS's latest evaluation in each place.

    evaluated: the latest evaluation by place. not_read: places that this reading could not answer for.
    """
    not_read = not_read or {}
    outcomes: dict[tuple[CoverageState, str], list[Scope]] = defaultdict(list)
    scopes = _in_use(scope)
    for row in scopes:
        place = (row.account, row.region)
        if why := not_read.get(place):
            outcomes[why.state, why.words].append(row)
            continue
        row.read_at = at
        row.evaluated_at = max(filter(None, [row.evaluated_at, evaluated.get(place)]), default=None)
        outcomes[judged(row, at=at)].append(row)
    Scope.objects.bulk_update(scopes, ["read_at", "evaluated_at"])
    for (state, reason), rows in outcomes.items():
        observe(rows, state, reason, at=at)


def judged(scope: Scope, *, at: datetime) -> tuple[CoverageState, str]:
    """Fresh, or stale and why: the recorder stopped, or AWS has evaluated nothing for too long."""
    if scope.recording.get("recording") is False:
        stopped = scope.recording.get("stopped_at") or ""
        return CoverageState.STALE, (
            _(
                "AWS Config has recorded nothing there since %(day)s. Start its recorder;"
                " what is shown is as old as that."
            )
            % {"day": date_format(datetime.fromisoformat(stopped), "j M Y")}
            if stopped
            else _("AWS Config has recorded nothing there. Start its recorder; what is shown is as old as that.")
        )
    oldest = at - timedelta(hours=settings.STALE_AFTER_HOURS)
    if scope.evaluated_at is not None and scope.evaluated_at < oldest:
        return CoverageState.STALE, (
            _("AWS last evaluated something there on %(day)s. Look at its recorder and standards.")
            % {"day": date_format(scope.evaluated_at, "j M Y")}
        )
    return CoverageState.FRESH, str(scope.recording.get("unknown") or "")


def not_read(scope: Scope, why: Unreadable, *, at: datetime) -> None:
    """A reading ended with an error. What was read before stays; the state says that it is not current."""
    observe(_in_use(scope), why.state, why.words, at=at)


def grow_old(*, at: datetime) -> None:
    """Fresh places whose latest evaluation has become too old are stale now. Holds one place at a time."""
    oldest = at - timedelta(hours=settings.STALE_AFTER_HOURS)
    aged = Scope.objects.filter(state=CoverageState.FRESH, evaluated_at__lt=oldest, retired_at=None)
    for key in list(aged.values_list("pk", flat=True)):
        with transaction.atomic():
            for scope in aged.filter(pk=key).locked():
                observe([scope], *judged(scope, at=at), at=at)


def _with_covered(scope: Scope, states: Collection[str] = tuple(CoverageState.values)) -> list[Scope]:
    """The scope and those read through it that are in use, as the database has them now."""
    rows = Scope.objects.filter(pk=scope.pk) | Scope.objects.filter(read_through=scope, retired_at=None)
    return list(rows.filter(state__in=states).order_by("pk").select_for_update())


def _in_use(scope: Scope) -> list[Scope]:
    """The same without the places where Security Hub is off, which only discovery finds on again."""
    rows = _with_covered(scope)
    if scope.source != Source.SECURITY_HUB:
        return rows
    return [row for row in rows if row.state != CoverageState.DISABLED or row.pk == scope.pk]


def tell_administrators(scopes: list[Scope], *, at: datetime) -> None:
    """A notice to every administrator: one for all the places of one connection that got into trouble."""
    people = RoleAssignment.objects.in_force(at).filter(role=Role.ADMINISTRATOR).values_list("person", flat=True)
    first = scopes[0]
    others = f" and {len(scopes) - 1} more" if len(scopes) > 1 else ""
    text = f"{first}{others}: {first.reason}"
    Notice.objects.bulk_create(
        Notice(person_id=person, at=at, kind="coverage", subject=first.connection.public_id, text=_short(text, 300))
        for person in set(people)
    )


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
