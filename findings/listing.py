"""Findings as lists show them: each with the names of its account and solutions and its due date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from audit.moment import Moment
from findings.acceptances import address_of
from findings.models import FindingSpan, RecordState, Status, Workflow, accepted_by
from findings.models.queries import SpanQuerySet
from findings.tallies import due_within
from organisation.models import Account, Solution


@dataclass(frozen=True)
class Row:
    """account: its name, or "" where nobody told. solutions: those that the reader may know of.

    exception: the one under which it fails, or "". exception_url: of its page, where there is one.
    """

    span: FindingSpan
    account: str
    solutions: Sequence[Solution]
    due: datetime | None
    overdue: bool
    exception: str
    exception_url: str


def listed(spans: SpanQuerySet[FindingSpan], moment: Moment) -> SpanQuerySet[FindingSpan]:
    """A list's spans with what its rows show, in one query. accepted_by: the exception under which it fails."""
    heavy = ("description", "remediation_text", "standards", "requirements")
    related = ("finding", "finding__resource", "check_ran")
    told = spans.annotate(accepted_by=accepted_by(moment.at)).select_related(*related)
    return told.defer(*(f"check_ran__{name}" for name in heavy))


def rows_of(spans: Sequence[FindingSpan], user: object, moment: Moment) -> list[Row]:
    """The spans of one page as rows. Two queries, however many they are."""
    accounts = account_names(span.account for span in spans)
    solutions = solutions_of((key for span in spans for key in span.solutions), user)
    return [
        Row(
            span=span,
            account=accounts.get(span.account, ""),
            solutions=[solutions[key] for key in span.solutions if key in solutions],
            due=due,
            overdue=due is not None and due < moment.at,
            exception=exception,
            exception_url=address_of(exception) if exception else "",
        )
        for span, due, exception in ((span, due_of(span), getattr(span, "accepted_by", None) or "") for span in spans)
    ]


def account_names(accounts: Iterable[str]) -> dict[str, str]:
    """Account id → name, of those that have one."""
    named = Account.objects.filter(account_id__in=set(accounts))
    return {account: name for account, name in named.values_list("account_id", "name") if name}


def solutions_of(keys: Iterable[int], user: object) -> dict[int, Solution]:
    """Key → solution, of those that `user` may see."""
    return Solution.objects.visible_to(user).in_bulk(set(keys))


def due_of(span: FindingSpan) -> datetime | None:
    """When this finding is due by its severity; None where it does not fail, is suppressed, archived or never due."""
    if span.status != Status.FAIL or span.workflow == Workflow.SUPPRESSED or span.record_state == RecordState.ARCHIVED:
        return None
    within = due_within(span.severity)
    return span.status_since + within if within else None
