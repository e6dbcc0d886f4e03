from collections.abc import Iterable

from django import template
from django.conf import settings

from organisation import sessions
from organisation.models import Grant
from organisation.single_sign_on import provider as single_sign_on

register = template.Library()


@register.filter
def device(user_agent: str) -> str:
    return sessions.device(user_agent)


@register.simple_tag
def identity_provider() -> str:
    """Its name on the log-in's button; "" where none is set up."""
    return settings.OIDC_NAME if single_sign_on.is_set_up() else ""


@register.simple_tag
def owner_names(grants: Iterable[Grant]) -> list[str]:
    """Names of the people among `grants` who own the solution."""
    return [grant.person.name for grant in grants if grant.kind == Grant.Kind.OWNER]
