"""Findings under exceptions: begun, ended and expired, at any moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from audit import clock
from findings import acceptances
from findings.models import Acceptance, Finding, FindingSpan, Source, Status, Workflow, accepted
from tests.clock import at
from tests.factories import SolutionFactory
from tests.factories.findings import AcceptanceFactory, CheckFactory, FindingFactory, ResourceFactory

pytestmark = pytest.mark.django_db
TERMS: dict[str, Any] = {"exception": "X-12", "kind": "acceptance"}


def moment(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00+00:00")


def standing(day: str) -> set[int]:
    """Findings that stand under an exception at noon of a day."""
    return set(FindingSpan.objects.filter(accepted(moment(day))).values_list("finding", flat=True))


def test_findings_stand_under_an_exception_from_its_beginning_until_its_expiry() -> None:
    one, two, _other = FindingFactory.create_batch(3)
    with at("2026-03-01"):
        assert acceptances.accept([one, two], **TERMS, expires_at=moment("2026-03-31")) == 2
    assert standing("2026-02-28") == set()
    assert standing("2026-03-01") == standing("2026-03-30") == {one.pk, two.pk}
    assert standing("2026-03-31") == set()


def test_no_process_is_needed_for_an_acceptance_to_expire_and_who_ends_it_later_ends_it_when_it_expired() -> None:
    finding = FindingFactory()
    with at("2026-03-01"):
        acceptances.accept([finding], **TERMS, expires_at=moment("2026-03-31"))
    with at("2026-04-20"):
        assert acceptances.end("X-12", because="Its owner left") == 1
    row = Acceptance.objects.get()
    assert (row.valid_to, row.ended_because) == (moment("2026-03-31"), "Expired")


def test_an_exception_ends_for_some_findings_or_for_all_and_says_why() -> None:
    findings = FindingFactory.create_batch(3)
    other = AcceptanceFactory(exception="X-13")
    with at("2026-03-01"):
        acceptances.accept(Finding.objects.exclude(pk=other.finding_id), **TERMS, expires_at=moment("2026-12-31"))
    with at("2026-03-10"):
        assert acceptances.end("X-12", findings[:1], because="It was fixed") == 1
    assert standing("2026-03-11") == {findings[1].pk, findings[2].pk}
    with at("2026-03-20"):
        assert acceptances.end("X-12", because="Past its ceiling") == 2
        assert acceptances.end("X-12", because="Again") == 0
    assert standing("2026-03-21") == set()
    assert standing("2026-03-15") == {findings[1].pk, findings[2].pk}
    assert set(Acceptance.objects.filter(exception="X-12").values_list("ended_because", flat=True)) == {
        "It was fixed",
        "Past its ceiling",
    }
    other.refresh_from_db()
    assert other.valid_to is None


def test_accepting_again_on_the_same_terms_changes_nothing_and_other_terms_begin_anew() -> None:
    finding = FindingFactory()
    with at("2026-03-01"):
        acceptances.accept([finding], **TERMS, expires_at=moment("2026-03-31"))
        assert acceptances.accept([finding], **TERMS, expires_at=moment("2026-03-31")) == 0
    with at("2026-03-20"):
        assert acceptances.accept([finding], **TERMS, expires_at=moment("2026-06-30")) == 1
    first, second = Acceptance.objects.order_by("pk")
    assert (first.valid_to, first.ended_because) == (moment("2026-03-20"), "Its terms were changed")
    assert (second.valid_from, second.valid_to) == (moment("2026-03-20"), None)
    with at("2026-07-10"):
        assert acceptances.accept([finding], **TERMS, expires_at=moment("2026-08-31")) == 1
    assert standing("2026-07-05") == set()
    assert standing("2026-07-10") == {finding.pk}


def test_nothing_is_accepted_until_a_moment_that_has_passed() -> None:
    with at("2026-03-01"), pytest.raises(ValueError, match="expire later"):
        acceptances.accept([FindingFactory()], **TERMS, expires_at=moment("2026-03-01"))
    assert not Acceptance.objects.exists()


def test_the_database_refuses_an_acceptance_that_outlives_its_expiry_is_edited_or_ends_without_a_reason() -> None:
    row = AcceptanceFactory()
    later = row.expires_at + timedelta(seconds=1)
    refused: list[tuple[type[Exception], dict[str, Any]]] = [
        (IntegrityError, {"valid_to": later, "ended_because": "x"}),
        (IntegrityError, {"valid_to": row.valid_from}),
        (IntegrityError, {"valid_to": row.valid_from - timedelta(1), "ended_because": "x"}),
        (ProgrammingError, {"expires_at": later}),
        (ProgrammingError, {"exception": "X-13"}),
    ]
    for error, change in refused:
        with pytest.raises(error), transaction.atomic():
            Acceptance.objects.filter(pk=row.pk).update(**change)
    Acceptance.objects.filter(pk=row.pk).update(valid_to=row.expires_at, ended_because="x")
    with pytest.raises(ProgrammingError), transaction.atomic():
        Acceptance.objects.filter(pk=row.pk).update(valid_to=None, ended_because="")
    with pytest.raises(IntegrityError), transaction.atomic():
        AcceptanceFactory(expires_at=row.valid_from, valid_from=row.valid_from)
    with pytest.raises(ProgrammingError), transaction.atomic():
        Acceptance.objects.filter(pk=row.pk).delete()


def test_the_population_of_a_rule_is_what_fails_now_where_it_says() -> None:
    payments, check = SolutionFactory(), CheckFactory()
    place: dict[str, Any] = {"check_ran": check, "solutions": [payments]}
    inside = FindingFactory(**place)
    suppressed = FindingFactory(**place, workflow=Workflow.SUPPRESSED)
    elsewhere = FindingFactory(**place, resource=ResourceFactory(account="444455556666", region="us-east-1"))
    FindingFactory(**place, status=Status.PASS)
    FindingFactory(solutions=[payments])
    FindingFactory(check_ran=check, solutions=[SolutionFactory()])
    nobodys = FindingFactory(check_ran=check)
    archived = FindingFactory(**place)
    archived.spans.update(record_state="ARCHIVED")
    gone = FindingFactory(**place)
    gone.spans.update(valid_to=clock.now(), end_recorded_at=clock.now())
    found = acceptances.failing_in
    assert set(found(payments, [check])) == {inside, suppressed, elsewhere}
    assert set(found(payments, [check], accounts=["444455556666"])) == {elsewhere}
    assert set(found(payments, [check], regions=["us-east-1"])) == {elsewhere}
    assert inside.resource is not None
    assert set(found(payments, [check], resources=[inside.resource])) == {inside}
    assert set(found(None, [check])) == {nobodys}
    assert set(found(payments, [])) == set()


def test_ten_thousand_findings_are_accepted_and_ended_in_a_few_queries(
    django_assert_max_num_queries: Any,
) -> None:
    first = FindingFactory(source=Source.SECURITY_HUB)
    Finding.objects.bulk_create(
        [
            Finding(
                uid=f"00000000-0000-4000-8000-{n:012d}",
                content_hash=first.content_hash,
                connection=first.connection,
                source=first.source,
                native_id=f"many/{n}",
                check_ran=first.check_ran,
                account=first.account,
                region=first.region,
                first_seen_at=first.first_seen_at,
                updated_at=first.updated_at,
            )
            for n in range(9_999)
        ]
    )
    with django_assert_max_num_queries(12):
        assert acceptances.accept(Finding.objects.all(), **TERMS, expires_at=clock.now() + timedelta(30)) == 10_000
    with django_assert_max_num_queries(5):
        assert acceptances.end("X-12", because="It was withdrawn") == 10_000
