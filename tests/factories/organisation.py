from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from organisation.models import (
    Account,
    ApiToken,
    Delegation,
    Grant,
    GroupMapping,
    Role,
    RoleAssignment,
    Solution,
    SolutionAccount,
    TagRule,
    User,
)
from organisation.models.token import digest_of

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
"""When what a factory makes began, unless the test says otherwise: before any moment a test asks about."""
PASSWORD = "correct horse battery staple"


class UserFactory(DjangoModelFactory[User]):
    """A person without a role. Traits give one; `owns=[solution]` gives grants; PASSWORD logs in."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Robin Example {n}")
    email = factory.Sequence(lambda n: f"robin{n}@example.org")
    password = factory.django.Password(PASSWORD)

    class Params:
        first_line = factory.Trait(
            first_role=factory.RelatedFactory(
                "tests.factories.organisation.RoleAssignmentFactory", "person", role=Role.FIRST
            )
        )
        second_line = factory.Trait(
            second_role=factory.RelatedFactory(
                "tests.factories.organisation.RoleAssignmentFactory", "person", role=Role.SECOND
            )
        )
        third_line = factory.Trait(
            third_role=factory.RelatedFactory(
                "tests.factories.organisation.RoleAssignmentFactory", "person", role=Role.THIRD
            )
        )
        external = factory.Trait(
            external_role=factory.RelatedFactory(
                "tests.factories.organisation.RoleAssignmentFactory", "person", role=Role.EXTERNAL
            )
        )
        administrator = factory.Trait(
            administrator_role=factory.RelatedFactory(
                "tests.factories.organisation.RoleAssignmentFactory", "person", role=Role.ADMINISTRATOR
            )
        )

    @factory.post_generation
    def owns(self: User, create: bool, solutions: Any, **more: Any) -> None:
        for solution in solutions or ():
            GrantFactory(person=self, solution=solution, kind=Grant.Kind.OWNER, **more)


class RoleAssignmentFactory(DjangoModelFactory[RoleAssignment]):
    class Meta:
        model = RoleAssignment

    person = factory.SubFactory(UserFactory)
    role = Role.FIRST
    valid_from = LONG_AGO
    granted_by = "setup"
    reason = "Joined"


class AccountFactory(DjangoModelFactory[Account]):
    class Meta:
        model = Account

    account_id = factory.Sequence(lambda n: f"{100000000000 + n}")
    name = factory.Sequence(lambda n: f"workload-{n}")
    state = "ACTIVE"
    ou_path = "Root/Workloads"
    seen_at = LONG_AGO


class SolutionFactory(DjangoModelFactory[Solution]):
    """A solution without accounts; `accounts=[account]` gives it whole ones."""

    class Meta:
        model = Solution
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Payments {n}")
    description = "Takes card payments."
    added_at = LONG_AGO

    @factory.post_generation
    def accounts(self: Solution, create: bool, accounts: Any, **more: Any) -> None:
        for account in accounts or ():
            SolutionAccountFactory(solution=self, account=account, **more)


class SolutionAccountFactory(DjangoModelFactory[SolutionAccount]):
    class Meta:
        model = SolutionAccount

    solution = factory.SubFactory(SolutionFactory)
    account = factory.SubFactory(AccountFactory)
    whole = True
    valid_from = LONG_AGO


class TagRuleFactory(DjangoModelFactory[TagRule]):
    class Meta:
        model = TagRule

    solution = factory.SubFactory(SolutionFactory)
    key = "solution"
    value = "payments"
    valid_from = LONG_AGO


class GrantFactory(DjangoModelFactory[Grant]):
    class Meta:
        model = Grant

    person = factory.SubFactory(UserFactory, first_line=True)
    solution = factory.SubFactory(SolutionFactory)
    kind = Grant.Kind.MEMBER
    valid_from = LONG_AGO
    granted_by = "setup"
    reason = "Works on it"


class DelegationFactory(DjangoModelFactory[Delegation]):
    """Two people of the first line, the one for the other from yesterday, for a month."""

    class Meta:
        model = Delegation

    delegator = factory.SubFactory(UserFactory, first_line=True)
    delegate = factory.SubFactory(UserFactory, first_line=True)
    line = Role.FIRST
    valid_from = factory.LazyFunction(lambda: datetime.now(UTC) - timedelta(days=1))
    valid_to = factory.LazyAttribute(lambda one: one.valid_from + timedelta(days=30))
    given_by = "setup"
    reason = "On leave"


class GroupMappingFactory(DjangoModelFactory[GroupMapping]):
    """A group that stands for the second line; `solution=` and `kind=` with `role=""` for a part in a solution."""

    class Meta:
        model = GroupMapping

    group = factory.Sequence(lambda n: f"group-{n}")
    role = Role.SECOND
    valid_from = LONG_AGO
    added_by = "P-0"
    reason = "Set up"


class ApiTokenFactory(DjangoModelFactory[ApiToken]):
    """One that reads, for 90 days from now. Its secret: `secret_of(token)`."""

    class Meta:
        model = ApiToken

    person = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"pipeline {n}")
    scope = ApiToken.Scope.READ
    second_factor_by_provider = False
    digest = factory.LazyAttribute(lambda token: digest_of(secret_of(token)))
    made_at = factory.LazyFunction(lambda: datetime.now(UTC))
    expires_at = factory.LazyAttribute(lambda token: token.made_at + timedelta(days=90))

    class Params:
        writes = factory.Trait(scope=ApiToken.Scope.WRITE)


def secret_of(token: Any) -> str:
    """What a token of the factory proves with."""
    return f"cpt_{token.name}"
