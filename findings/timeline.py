"""A finding's history as people read it: what it said when, what changed, and when we learnt so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import Http404
from django.utils.translation import gettext as _

from audit.moment import Moment
from findings.models import Finding, FindingResource, FindingSpan, Resource, Severity, Status, accepted_by


@dataclass(frozen=True)
class Change:
    """A span, and in words what began with it. ended: it is followed by nothing, and closed."""

    span: FindingSpan
    words: list[str]
    holds: bool
    ended: bool


def finding_or_404(public_id: str, user: object) -> Finding:
    """A finding that `user` may see at least one state of. Raises Http404."""
    key = Finding.key_of(public_id)
    if not FindingSpan.objects.filter(finding=key).visible_to(user).exists():
        raise Http404(f"There is no {public_id}, or it is not yours to see")
    related = ("check_ran", "resource", "connection")
    return Finding.objects.select_related(*related).get(pk=key)


def history_of(finding: Finding, user: object, moment: Moment) -> list[FindingSpan]:
    """The spans that `user` may see and that were known at the moment, oldest first."""
    spans = FindingSpan.objects.filter(finding=finding, recorded_at__lte=moment.known_at)
    return list(spans.visible_to(user).select_related("check_ran").order_by("valid_from", "recorded_at", "pk"))


def holding(finding: Finding, user: object, moment: Moment) -> FindingSpan | None:
    """What the finding says at the moment; None where it says nothing then."""
    spans = FindingSpan.objects.at(moment).visible_to(user).filter(finding=finding)
    return spans.annotate(accepted_by=accepted_by(moment.at)).first()


def changes_in(history: Sequence[FindingSpan], held: FindingSpan | None) -> list[Change]:
    """The history, newest first, each with what began."""
    changes: list[Change] = []
    before: FindingSpan | None = None
    for index, span in enumerate(history):
        changes.append(
            Change(
                span=span,
                words=_began(before, span),
                holds=held is not None and span.pk == held.pk,
                ended=index == len(history) - 1 and span.valid_to is not None,
            )
        )
        before = span
    return changes[::-1]


def _began(before: FindingSpan | None, span: FindingSpan) -> list[str]:
    if before is None:
        return [_("first known state")]
    words = []
    if before.valid_to and before.valid_to < span.valid_from:
        words.append(_("listed again"))
    for name, label in (("status", _("status")), ("severity", _("severity")), ("workflow", _("workflow"))):
        if getattr(before, name) != getattr(span, name):
            told = {"label": label, "old": _said(before, name), "new": _said(span, name)}
            words.append(_("%(label)s %(old)s → %(new)s") % told)
    if before.record_state != span.record_state:
        words.append(_("record %(state)s") % {"state": span.get_record_state_display().lower()})
    if before.solutions != span.solutions:
        words.append(_("belongs to other solutions"))
    if before.scored != span.scored:
        words.append(_("counted") if span.scored else _("no longer counted: another source reports the same fact"))
    if before.check_ran_id != span.check_ran_id:
        words.append(_("check is now %(check)s") % {"check": span.check_ran.key})
    if before.status == span.status and before.status_since != span.status_since:
        words.append(_("the status was confirmed anew"))
    return words or [_("said otherwise by AWS")]


def _said(span: FindingSpan, name: str) -> str:
    return str(Severity(span.severity).label if name == "severity" else getattr(span, f"get_{name}_display")()).lower()


def strip_of(history: Sequence[FindingSpan], moment: Moment) -> list[dict[str, Any]]:
    """The statuses as a strip up to the moment; what nobody told of is not observed. A report has none."""
    parts: list[dict[str, Any]] = []
    until: datetime | None = None
    if all(span.status == Status.REPORT for span in history):
        return []
    for span in history:
        if span.superseded_at or span.valid_from >= moment.at:
            continue
        if until and until < span.valid_from:
            parts.append({"status": "not_observed", "begin": until, "end": span.valid_from})
        end = min(span.valid_to or moment.at, moment.at)
        if parts and parts[-1]["status"] == span.status and parts[-1]["end"] >= span.valid_from:
            parts[-1]["end"] = end
        else:
            parts.append({"status": span.status, "begin": span.valid_from, "end": end})
        until = end
    if until and until < moment.at:
        parts.append({"status": "not_observed", "begin": until, "end": moment.at})
    return parts


def recent_changes(resource: Resource, user: object, moment: Moment, *, most: int = 20) -> list[FindingSpan]:
    """The latest changes of a resource's findings that were true and known at the moment, newest first."""
    links = FindingResource.objects.filter(resource=resource)
    believed = Q(superseded_at=None) | Q(superseded_at__gt=moment.known_at)
    spans = FindingSpan.objects.visible_to(user).filter(believed, finding__in=links.values("finding"))
    known = spans.filter(valid_from__lte=moment.at, recorded_at__lte=moment.known_at)
    return list(known.select_related("check_ran", "finding").order_by("-valid_from", "-pk")[:most])


def with_previous(spans: Iterable[FindingSpan]) -> list[tuple[FindingSpan, FindingSpan | None]]:
    """Each span with the one of its finding that it followed. One query."""
    newest = list(spans)
    findings = {span.finding_id for span in newest}
    known: dict[int, list[FindingSpan]] = {}
    everything = FindingSpan.objects.filter(finding__in=findings).select_related("check_ran")
    for span in everything.order_by("valid_from", "pk"):
        known.setdefault(span.finding_id, []).append(span)
    pairs = []
    for span in newest:
        earlier = [one for one in known[span.finding_id] if (one.valid_from, one.pk) < (span.valid_from, span.pk)]
        pairs.append((span, earlier[-1] if earlier else None))
    return pairs


def told(spans: Iterable[FindingSpan]) -> list[dict[str, Any]]:
    """Changes across findings: [{span, words}]."""
    return [{"span": span, "words": _began(before, span)} for span, before in with_previous(spans)]
