from collections.abc import Iterable

from django import template

from organisation import sessions
from organisation.models import Grant

register = template.Library()


@register.filter
def device(user_agent: str) -> str:
    return sessions.device(user_agent)


@register.simple_tag
def owner_names(grants: Iterable[Grant]) -> list[str]:
    """Names of the people among `grants` who own the solution."""
    return [grant.person.name for grant in grants if grant.kind == Grant.Kind.OWNER]
