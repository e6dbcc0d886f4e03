from organisation.models.account import Account
from organisation.models.grant import Grant, Visibility
from organisation.models.person import Role, RoleAssignment, User
from organisation.models.solution import Solution, SolutionAccount, TagRule

__all__ = [
    "Account",
    "Grant",
    "Role",
    "RoleAssignment",
    "Solution",
    "SolutionAccount",
    "TagRule",
    "User",
    "Visibility",
]
