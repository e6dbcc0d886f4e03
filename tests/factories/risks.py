from datetime import date, timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from audit import clock
from findings.models import Check
from risks.models import (
    Appetite,
    Assessment,
    Authority,
    Category,
    Challenge,
    Matrix,
    RegisterImport,
    Risk,
    RiskControl,
    RiskException,
    RiskFindings,
    Treatment,
    TreatmentAction,
    TreatmentCheck,
    Triage,
)
from risks.shapes import FIVE_BY_FIVE
from tests.factories.controls import ControlFactory, ImportFactory
from tests.factories.desk import JobFactory
from tests.factories.findings import CheckFactory
from tests.factories.organisation import LONG_AGO, SolutionFactory, UserFactory


class MatrixFactory(DjangoModelFactory[Matrix]):
    """The ordinary 5×5 matrix; there is one, unless a test follows it by another."""

    class Meta:
        model = Matrix
        django_get_or_create = ("adopted_at",)

    likelihoods = FIVE_BY_FIVE["likelihoods"]
    impacts = FIVE_BY_FIVE["impacts"]
    levels = FIVE_BY_FIVE["levels"]
    cells = FIVE_BY_FIVE["cells"]
    by_severity = FIVE_BY_FIVE["by_severity"]
    because = "The first"
    approved_by = "Risk committee"
    approved_on = date(2019, 12, 1)
    adopted_at = LONG_AGO


class CategoryFactory(DjangoModelFactory[Category]):
    class Meta:
        model = Category

    name = factory.Sequence(lambda n: f"Category {n}")
    added_at = LONG_AGO


class AppetiteFactory(DjangoModelFactory[Appetite]):
    """Of the whole organisation: medium is wanted, high is borne."""

    class Meta:
        model = Appetite

    matrix = factory.SubFactory(MatrixFactory)
    appetite = 1
    tolerance = 2
    because = "Agreed"
    approved_by = "Risk committee"
    approved_on = date(2019, 12, 1)
    valid_from = LONG_AGO


class AuthorityFactory(DjangoModelFactory[Authority]):
    """A manager of the first line who may accept anything of any solution."""

    class Meta:
        model = Authority

    person = factory.SubFactory(UserFactory, first_line=True)
    matrix = factory.SubFactory(MatrixFactory)
    level = 3
    approved_by = "Risk committee"
    approved_on = date(2019, 12, 1)
    valid_from = LONG_AGO


class RiskFactory(DjangoModelFactory[Risk]):
    """Not assessed yet."""

    class Meta:
        model = Risk

    title = factory.Sequence(lambda n: f"Keys leak {n}")
    cause = "Long-lived access keys lie in build servers"
    event = "Somebody copies them"
    consequence = "Customers' data is read by strangers"
    solution = factory.SubFactory(SolutionFactory)
    category = factory.SubFactory(CategoryFactory)
    owner = factory.SubFactory(UserFactory, first_line=True)
    added_by = "setup"
    added_at = LONG_AGO


class RiskControlFactory(DjangoModelFactory[RiskControl]):
    """While it passes, likely things are possible at most."""

    class Meta:
        model = RiskControl

    risk = factory.SubFactory(RiskFactory)
    control = factory.SubFactory(ControlFactory)
    matrix = factory.SubFactory(MatrixFactory)
    likelihood_at_most = 2
    because = "Keys are rotated"
    linked_by = "setup"
    valid_from = LONG_AGO


class RiskFindingsFactory(DjangoModelFactory[RiskFindings]):
    class Meta:
        model = RiskFindings

    risk = factory.SubFactory(RiskFactory)
    check_ran = factory.SubFactory(CheckFactory)
    linked_by = "setup"
    valid_from = LONG_AGO


class AssessmentFactory(DjangoModelFactory[Assessment]):
    """A current level that its risk's owner stated: likely, major, so high. Trait `waiting`: not confirmed yet."""

    class Meta:
        model = Assessment

    class Params:
        waiting = factory.Trait(confirmed_by=None, confirmed_at=None)

    risk = factory.SubFactory(RiskFactory)
    kind = Assessment.Kind.CURRENT
    matrix = factory.SubFactory(MatrixFactory)
    likelihood = 3
    impact = 3
    level = factory.LazyAttribute(lambda made: made.matrix.level_of(made.likelihood, made.impact))
    because = "Seen in the last penetration test"
    proposed_by = factory.SelfAttribute("risk.owner")
    proposed_at = LONG_AGO
    confirmed_by = factory.SelfAttribute("proposed_by")
    confirmed_at = factory.SelfAttribute("proposed_at")


class TreatmentFactory(DjangoModelFactory[Treatment]):
    class Meta:
        model = Treatment

    risk = factory.SubFactory(RiskFactory)
    strategy = Treatment.Strategy.MITIGATE
    plan = "Replace keys by roles"
    owner = factory.SelfAttribute("risk.owner")
    added_by = "setup"
    added_at = LONG_AGO


class TreatmentActionFactory(DjangoModelFactory[TreatmentAction]):
    class Meta:
        model = TreatmentAction

    treatment = factory.SubFactory(TreatmentFactory)
    what = factory.Sequence(lambda n: f"Replace key {n}")
    owner = factory.SelfAttribute("treatment.owner")
    due_on = factory.LazyFunction(lambda: clock.now().date() + timedelta(days=30))
    added_by = "setup"
    added_at = LONG_AGO


class TreatmentCheckFactory(DjangoModelFactory[TreatmentCheck]):
    class Meta:
        model = TreatmentCheck

    treatment = factory.SubFactory(TreatmentFactory)
    check_ran = factory.SubFactory(CheckFactory)
    valid_from = LONG_AGO


class RiskExceptionFactory(DjangoModelFactory[RiskException]):
    """Asked for, 90 days long. Traits: `accepted` by a manager, `live` (and concurred with by the second line)."""

    class Meta:
        model = RiskException
        skip_postgeneration_save = True

    class Params:
        accepted = factory.Trait(
            state=RiskException.State.ACCEPTED,
            accepted_by=factory.SubFactory(UserFactory, first_line=True),
            accepted_at=factory.SelfAttribute("asked_at"),
        )
        live = factory.Trait(
            state=RiskException.State.LIVE,
            accepted_by=factory.SubFactory(UserFactory, first_line=True),
            accepted_at=factory.SelfAttribute("asked_at"),
            concurred_by=factory.SubFactory(UserFactory, second_line=True),
            began_at=factory.SelfAttribute("accepted_at"),
        )

    kind = RiskException.Kind.ACCEPTANCE
    solution = factory.SubFactory(SolutionFactory)
    matrix = factory.SubFactory(MatrixFactory)
    level = 2
    reason = "The vendor ships its fix in spring"
    asked_by = factory.SubFactory(UserFactory, first_line=True)
    asked_at = factory.LazyFunction(clock.now)
    expires_at = factory.LazyAttribute(lambda made: made.asked_at + timedelta(days=90))

    @factory.post_generation
    def on(self: RiskException, create: bool, checks: Any, **more: Any) -> None:
        """`on=[check]`: the checks that it is about."""
        for check in checks or ():
            assert isinstance(check, Check)
            self.checks.add(check)


class ChallengeFactory(DjangoModelFactory[Challenge]):
    """Of a level, by the second line."""

    class Meta:
        model = Challenge

    about = Challenge.About.LEVEL
    assessment = factory.SubFactory(AssessmentFactory)
    risk = factory.SelfAttribute("assessment.risk")
    because = "Two of its controls fail"
    raised_by = factory.SubFactory(UserFactory, second_line=True)
    raised_at = factory.LazyFunction(clock.now)


class TriageFactory(DjangoModelFactory[Triage]):
    class Meta:
        model = Triage

    solution = factory.SubFactory(SolutionFactory)
    check_ran = factory.SubFactory(CheckFactory)
    account = "111111111111"
    changed_by = factory.SubFactory(UserFactory, first_line=True)
    changed_at = factory.LazyFunction(clock.now)


class RegisterImportFactory(DjangoModelFactory[RegisterImport]):
    """Uploaded, and not read yet."""

    class Meta:
        model = RegisterImport

    file = factory.LazyFunction(lambda: ImportFactory().file)
    name = "risks.csv"
    requested_by = factory.SubFactory(UserFactory, first_line=True)
    job = factory.SubFactory(JobFactory, kind="register_import", requested_by=factory.SelfAttribute("..requested_by"))
