"""Where requirements and controls stand: of what checks, people, other solutions and other frameworks say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from audit import clock
from audit.moment import Moment
from controls.mapped import Promise, mapped_of_controls
from controls.models import Applicability, Verdict
from controls.results import Counts
from controls.standing import standings_by_solution, standings_of_controls, standings_of_requirements
from tests.conftest import LoggedIn
from tests.controls.standings import (
    EVERYTHING,
    a_check,
    crosswalked,
    find,
    inherits,
    monitoring,
    promised_by,
    satisfied_by,
    shown_by,
    standing,
)
from tests.factories import SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory, EditionFactory, MappingFactory, VerdictFactory

pytestmark = pytest.mark.django_db


def test_nothing_shows_a_requirement_until_a_mapping_is_approved() -> None:
    edition = EditionFactory()
    check = a_check(passed=1)
    MappingFactory(edition=edition, check_named__source=check.source, check_named__key=check.key, relation="equal")
    assert monitoring(edition) == "not_mapped"


def test_a_check_shows_all_of_a_requirement_or_part_of_it() -> None:
    whole, part = EditionFactory(), EditionFactory()
    check = a_check(passed=2)
    shown_by(whole, check)
    shown_by(part, check, "subset")
    assert (monitoring(whole), monitoring(part)) == ("passing", "partly_shown")


def test_what_a_control_was_then_counts_for_then(second_line: LoggedIn) -> None:
    """It was automated, and asked of every solution, until the third of March."""
    edition, platform = EditionFactory(), SolutionFactory()
    control = ControlFactory(name="Keys rotate", method="automated")
    satisfied_by(control, a_check(passed=1))
    promised_by(edition, control)
    with time_machine.travel(datetime(2026, 3, 3, 12, tzinfo=UTC), tick=False):
        said = {"method": "manual", "procedure": "Look at one", "solution": platform}
        control.change(read=control.version, by=second_line.person, **said)
    with time_machine.travel(datetime(2026, 3, 4, 12, tzinfo=UTC), tick=False):
        control.retire(because="Not needed", by=second_line.person)
    with time_machine.travel(datetime(2026, 3, 5, 12, tzinfo=UTC), tick=False):
        control.reopen(because="Needed", by=second_line.person)

    def promise(day: int) -> Promise | None:
        found = mapped_of_controls([control.pk], datetime(2026, 3, day, 18, tzinfo=UTC))
        return found.promises.get(control.pk)

    assert promise(2) == Promise(None, is_manual=False)
    assert promise(3) == Promise(platform.pk, is_manual=True)
    assert promise(4) is None
    assert promise(5) == Promise(platform.pk, is_manual=True)


def test_a_suppressed_fail_is_a_fail_and_is_told_apart() -> None:
    edition = EditionFactory()
    shown_by(edition, a_check(passed=2, failed=1, suppressed=3))
    found = standing(edition)
    assert found.monitoring == "partly_failing"
    assert found.counts == Counts(passed=2, failed=4, suppressed=3)


def test_an_accepted_fail_is_a_fail_and_is_told_apart() -> None:
    edition, payments = EditionFactory(), SolutionFactory()
    check = a_check(passed=2, failed=1)
    find(check, payments, accepted=3, suppressed=1)
    shown_by(edition, check)
    found = standing(edition)
    assert found.monitoring == "partly_failing"
    assert found.counts == Counts(passed=2, failed=5, suppressed=1, accepted=3)
    assert standing(edition, payments).counts == Counts(failed=4, suppressed=1, accepted=3)
    every = standings_by_solution(EVERYTHING, Moment.now(), [edition.version], [payments])
    assert every[payments.pk][edition.version_id][edition.requirement_id].counts.accepted == 3


def test_where_every_fail_is_accepted_the_requirement_fails_as_before() -> None:
    edition = EditionFactory()
    shown_by(edition, a_check(accepted=2))
    assert (monitoring(edition), standing(edition).counts.accepted) == ("failing", 2)


def test_a_fail_is_accepted_until_its_exception_expires_and_no_longer() -> None:
    edition = EditionFactory()
    shown_by(edition, a_check(accepted=1))
    now = clock.now()
    then = Moment.of(now - timedelta(days=7))
    later = Moment(now + timedelta(days=30), now + timedelta(days=30), is_now=True)
    told = [
        standings_of_requirements(EVERYTHING, moment, edition.version)[edition.requirement_id].counts
        for moment in (then, Moment.now(), later)
    ]
    assert told == [Counts(failed=1), Counts(failed=1, accepted=1), Counts(failed=1)]


def test_findings_of_a_check_that_two_mappings_name_count_once() -> None:
    edition = EditionFactory()
    check = a_check(passed=1, failed=1)
    shown_by(edition, check, "intersects")
    promised = ControlFactory()
    satisfied_by(promised, check)
    promised_by(edition, promised)
    found = standing(edition)
    assert found.counts == Counts(passed=1, failed=1)
    assert [(part.kind.value, part.monitoring.value) for part in found.parts] == [
        ("check", "partly_failing"),
        ("control", "partly_failing"),
    ]


def test_a_check_that_was_never_observed_is_no_pass() -> None:
    edition = EditionFactory()
    shown_by(edition, a_check("S3.1", passed=1))
    assert monitoring(edition) == "passing"
    shown_by(edition, a_check("S3.2"), "intersects")
    assert monitoring(edition) == "partly_shown"


def test_what_is_stated_not_to_apply_is_left_out_and_says_by_which_statement(second_line: Any) -> None:
    edition = EditionFactory()
    shown_by(edition, a_check(failed=1))
    before = clock.now()
    said = Applicability.state(edition.requirement, applicable=False, because="No such work", by=second_line.person)
    found = standing(edition)
    assert (found.monitoring, found.statement, found.counts) == ("not_applicable", said.pk, Counts())
    assert monitoring(edition, at=before) == "failing"


def test_a_manual_control_stands_by_its_latest_fresh_test() -> None:
    edition = EditionFactory()
    control = ControlFactory(manual=True)
    promised_by(edition, control)
    assert monitoring(edition) == "not_observed"
    now = clock.now()
    VerdictFactory(control=control, said_at=now - timedelta(days=3), result="failing")
    assert monitoring(edition) == "failing"
    VerdictFactory(control=control, said_at=now - timedelta(days=2))
    assert monitoring(edition) == "passing"
    assert monitoring(edition, at=now - timedelta(days=2, hours=1)) == "failing"
    assert monitoring(edition, at=now + timedelta(days=400)) == "not_observed"
    Verdict.objects.update(withdrawn_by="test", withdrawn_at=now, withdrawn_because="Another system")
    assert monitoring(edition, at=now + timedelta(days=1)) == "not_observed"


def test_a_conclusion_is_no_test() -> None:
    edition = EditionFactory()
    control = ControlFactory(manual=True)
    promised_by(edition, control)
    VerdictFactory(control=control, kind=Verdict.Kind.CONCLUSION, result="effective")
    assert monitoring(edition) == "not_observed"


def test_every_solution_has_to_show_a_manual_control() -> None:
    edition = EditionFactory()
    control = ControlFactory(manual=True)
    promised_by(edition, control)
    payments, ledger = SolutionFactory(name="Payments"), SolutionFactory(name="Ledger")
    VerdictFactory(control=control, solution=payments)
    found = (monitoring(edition), monitoring(edition, payments), monitoring(edition, ledger))
    assert found == ("partly_shown", "passing", "not_observed")
    VerdictFactory(control=control, solution=ledger, result="failing")
    found = (monitoring(edition), monitoring(edition, payments), monitoring(edition, ledger))
    assert found == ("partly_failing", "passing", "failing")


def test_a_test_of_the_organisation_speaks_for_solutions_without_one_of_their_own() -> None:
    edition = EditionFactory()
    control = ControlFactory(manual=True)
    promised_by(edition, control)
    payments, ledger = SolutionFactory(name="Payments"), SolutionFactory(name="Ledger")
    VerdictFactory(control=control)
    VerdictFactory(control=control, solution=ledger, result="failing")
    assert (monitoring(edition, payments), monitoring(edition, ledger)) == ("passing", "failing")
    assert monitoring(edition, "none") == "passing"


def test_an_automated_control_needs_no_test_and_is_as_good_as_its_checks() -> None:
    edition, partly = EditionFactory(), EditionFactory()
    whole, some, none = ControlFactory(), ControlFactory(), ControlFactory()
    check = a_check(passed=1)
    satisfied_by(whole, check)
    satisfied_by(some, check, "subset")
    promised_by(edition, whole)
    assert monitoring(edition) == "passing"
    promised_by(partly, some)
    assert monitoring(partly) == "partly_shown"
    promised_by(edition, none)
    assert monitoring(edition) == "partly_shown"
    found = standings_of_controls(EVERYTHING, Moment.now(), [whole, some, none])
    assert [found[one.pk].monitoring.value for one in (whole, some, none)] == ["passing", "partly_shown", "not_mapped"]


def test_a_retired_control_shows_nothing_any_more() -> None:
    edition = EditionFactory()
    retired = {"retired_at": clock.now(), "retired_by": "test", "retired_because": "Replaced"}
    promised_by(edition, ControlFactory(**retired))
    assert monitoring(edition) == "not_mapped"


def test_a_platform_answers_for_those_that_inherit_its_control_and_concerns_nobody_else() -> None:
    edition = EditionFactory()
    platform, heir, other = (SolutionFactory(name=name) for name in ("Platform", "Heir", "Other"))
    control = ControlFactory(solution=platform, is_common=True)
    check = a_check()
    satisfied_by(control, check)
    promised_by(edition, control)
    find(check, platform, passed=1)
    find(check, heir, failed=4)
    find(check, other, failed=4)
    inherits(heir, control)
    assert monitoring(edition, platform) == "passing"
    found = standing(edition, heir)
    assert (found.monitoring, found.counts) == ("passing", Counts())
    (part,) = found.parts
    assert (part.is_inherited, part.answers, part.counts) == (True, platform.pk, Counts(passed=1))
    assert monitoring(edition, other) == "not_mapped"
    assert monitoring(edition, "none") == "not_mapped"
    assert monitoring(edition) == "passing"


def test_an_heir_learns_where_the_platform_stands_and_not_what_it_has() -> None:
    edition = EditionFactory()
    platform, heir = SolutionFactory(name="Platform"), SolutionFactory(name="Heir")
    control = ControlFactory(solution=platform, is_common=True)
    check = a_check()
    satisfied_by(control, check)
    promised_by(edition, control)
    find(check, platform, failed=2)
    ended = clock.now()
    inherits(heir, control, until=ended)
    person = UserFactory(first_line=True, owns=[heir])
    before = ended - timedelta(days=1)
    for within in (None, heir):
        found = standing(edition, within, at=before, user=person)
        assert (found.monitoring, found.parts[0].counts) == ("failing", Counts())
    stranger = UserFactory(first_line=True, owns=[SolutionFactory()])
    assert standing(edition, at=before, user=stranger).monitoring == "not_mapped"
    assert standing(edition, user=person).monitoring == "not_mapped"


def test_a_crosswalk_carries_one_step_and_nothing_by_intersects() -> None:
    first, second, third = EditionFactory(), EditionFactory(), EditionFactory()
    shown_by(third, a_check(failed=1))
    crosswalked(second, third)
    crosswalked(first, second)
    assert (monitoring(second), monitoring(first)) == ("failing", "not_mapped")
    loose = EditionFactory()
    crosswalked(loose, third, "intersects")
    assert monitoring(loose) == "not_mapped"


def test_each_solution_stands_by_its_own_findings() -> None:
    edition = EditionFactory()
    check = a_check(failed=1)
    shown_by(edition, check)
    payments, ledger = SolutionFactory(), SolutionFactory()
    find(check, payments, passed=1)
    find(check, payments, ledger, passed=1)
    found = [standing(edition, within) for within in (None, payments, ledger, "none")]
    assert [one.monitoring.value for one in found] == ["partly_failing", "passing", "passing", "failing"]
    assert [one.counts.passed for one in found] == [2, 2, 1, 0]
    owner = UserFactory(first_line=True, owns=[ledger])
    assert standing(edition, user=owner).counts == Counts(passed=1)


@pytest.mark.parametrize("count", [1, 3])
def test_standings_cost_the_same_for_any_number_of_requirements(
    count: int, django_assert_num_queries: Any, second_line: Any
) -> None:
    check = a_check(passed=1)
    version = EditionFactory().version
    platform = SolutionFactory()
    for edition in EditionFactory.create_batch(count, version=version):
        shown_by(edition, check)
        promised_by(edition, ControlFactory(manual=True))
        promised_by(edition, ControlFactory(solution=platform))
        crosswalked(edition, EditionFactory())
    user = second_line.person
    user.is_reading = True
    assert user.visibility.everything
    with django_assert_num_queries(14):
        standings_of_requirements(user, Moment.now(), version)
