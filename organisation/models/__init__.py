from organisation.models.account import Account
from organisation.models.answered_call import AnsweredCall
from organisation.models.delegation import Delegation
from organisation.models.grant import Grant, Visibility
from organisation.models.group_mapping import GroupMapping
from organisation.models.person import NotAllowed, Role, RoleAssignment, User
from organisation.models.solution import Solution, SolutionAccount, TagRule
from organisation.models.token import ApiToken

__all__ = [
    "Account",
    "AnsweredCall",
    "ApiToken",
    "Delegation",
    "Grant",
    "GroupMapping",
    "NotAllowed",
    "Role",
    "RoleAssignment",
    "Solution",
    "SolutionAccount",
    "TagRule",
    "User",
    "Visibility",
]
