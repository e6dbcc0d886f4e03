"""What the database refuses, whoever asks."""

from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from audit import clock
from risks.models import Assessment, Challenge, ExceptionStep, Matrix, RiskException
from tests.factories import UserFactory
from tests.factories.risks import AssessmentFactory, ChallengeFactory, MatrixFactory, RiskExceptionFactory

pytestmark = pytest.mark.django_db


def refused() -> AbstractContextManager[Any]:
    return pytest.raises(DatabaseError)


def test_a_level_is_looked_up_and_never_stated() -> None:
    assert AssessmentFactory(likelihood=3, impact=3).level == 2
    with refused(), transaction.atomic():
        AssessmentFactory(likelihood=3, impact=3, level=1)
    with refused(), transaction.atomic():
        AssessmentFactory(likelihood=9, impact=3, level=1)


def test_an_assessment_is_confirmed_once_and_never_edited() -> None:
    waiting = AssessmentFactory(waiting=True)
    rows = Assessment.objects.filter(pk=waiting.pk)
    with refused(), transaction.atomic():
        rows.update(because="Something else")
    rows.update(confirmed_by=UserFactory(), confirmed_at=clock.now())
    with refused(), transaction.atomic():
        rows.update(confirmed_by=UserFactory())


def test_a_matrix_and_the_steps_of_an_exception_are_never_changed() -> None:
    asked = RiskExceptionFactory()
    ExceptionStep.objects.create(exception=asked, state="asked", at=clock.now(), by=asked.asked_by, because="Late fix")
    for rows in (Matrix.objects.all(), ExceptionStep.objects.all()):
        with refused(), transaction.atomic():
            rows.update(because="Another reason")
        with refused(), transaction.atomic():
            rows._raw_delete(rows.db)


def test_three_different_people_carry_an_exception() -> None:
    one, another = UserFactory(), UserFactory()
    for people in (
        {"asked_by": one, "accepted_by": one},
        {"asked_by": one, "accepted_by": another, "concurred_by": one},
        {"asked_by": one, "accepted_by": another, "concurred_by": another},
    ):
        with refused(), transaction.atomic():
            RiskExceptionFactory(live=True, **people)
    assert RiskExceptionFactory(live=True, asked_by=one, accepted_by=another)


def test_nothing_of_an_exception_outlives_its_expiry() -> None:
    held = RiskExceptionFactory(live=True)
    late = held.expires_at + timedelta(seconds=1)
    rows = RiskException.objects.filter(pk=held.pk)
    with refused(), transaction.atomic():
        rows.update(state="expired", ended_at=late, ended_because="It expired")
    assert list(RiskException.objects.live(held.began_at)) == [held]
    assert not RiskException.objects.live(held.expires_at)


def test_who_answers_a_challenge_does_not_settle_it() -> None:
    raised, first = ChallengeFactory(), UserFactory()
    rows, at = Challenge.objects.filter(pk=raised.pk), clock.now()
    with refused(), transaction.atomic():
        rows.update(answer="It holds", answered_by=raised.raised_by, answered_at=at)
    rows.update(answer="It holds", answered_by=first, answered_at=at)
    with refused(), transaction.atomic():
        rows.update(outcome="satisfied", settled_by=first, settled_at=at)
    rows.update(outcome="satisfied", settled_by=raised.raised_by, settled_at=at)


def test_the_application_deletes_nothing_of_the_register() -> None:
    MatrixFactory()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE tablename LIKE 'risks\\_%%' AND tablename NOT LIKE '%%event' "
            "AND has_table_privilege(%s, tablename, 'DELETE') "
            "AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = 'append_only' AND tgrelid = tablename::regclass)",
            [settings.DATABASE_APPLICATION_ROLE],
        )
        assert cursor.fetchall() == []
