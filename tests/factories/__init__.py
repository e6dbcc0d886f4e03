from tests.factories.desk import CommentFactory, JobFactory, NoticeFactory
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
    "CommentFactory",
    "GrantFactory",
    "JobFactory",
    "NoticeFactory",
    "RoleAssignmentFactory",
    "SolutionAccountFactory",
    "SolutionFactory",
    "TagRuleFactory",
    "UserFactory",
]
