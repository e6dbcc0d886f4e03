from tests.factories.desk import CommentFactory, JobFactory, NoticeFactory
from tests.factories.organisation import (
    AccountFactory,
    ApiTokenFactory,
    GrantFactory,
    GroupMappingFactory,
    RoleAssignmentFactory,
    SolutionAccountFactory,
    SolutionFactory,
    TagRuleFactory,
    UserFactory,
)

__all__ = [
    "AccountFactory",
    "ApiTokenFactory",
    "CommentFactory",
    "GrantFactory",
    "GroupMappingFactory",
    "JobFactory",
    "NoticeFactory",
    "RoleAssignmentFactory",
    "SolutionAccountFactory",
    "SolutionFactory",
    "TagRuleFactory",
    "UserFactory",
]
