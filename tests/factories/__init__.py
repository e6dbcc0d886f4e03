from tests.factories.desk import JobFactory, NoticeFactory
from tests.factories.organisation import (
    AccountFactory,
    GrantFactory,
    RoleAssignmentFactory,
    SolutionAccountFactory,
    SolutionFactory,
    TagRuleFactory,
    UserFactory,
)

__all__ = [
    "AccountFactory",
    "GrantFactory",
    "JobFactory",
    "NoticeFactory",
    "RoleAssignmentFactory",
    "SolutionAccountFactory",
    "SolutionFactory",
    "TagRuleFactory",
    "UserFactory",
]
