from tests.factories.desk import CommentFactory, JobFactory, NoticeFactory
from tests.factories.organisation import (
    AccountFactory,
    ApiTokenFactory,
    DelegationFactory,
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
    "DelegationFactory",
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
