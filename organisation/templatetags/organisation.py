from collections.abc import Iterable
from typing import Any

from django import template
from django.conf import settings

from audit import clock
from organisation import sessions
from organisation.delegating import away_words, day
from organisation.models import Delegation, Grant, User
from organisation.single_sign_on import provider as single_sign_on

register = template.Library()


@register.filter
def device(user_agent: str) -> str:
    return sessions.device(user_agent)


@register.simple_tag
def identity_provider() -> str:
    """Its name on the log-in's button; "" where none is set up."""
    return settings.OIDC_NAME if single_sign_on.is_set_up() else ""


@register.simple_tag(takes_context=True)
def away(context: dict[str, Any], person: User | None) -> str:
    """That somebody is away at the moment looked at, and who stands in, in words; "" where nobody does. One query."""
    if person is None:
        return ""
    moment = getattr(context.get("request"), "moment", None)
    at = moment.at if moment else clock.now()
    found = Delegation.objects.counting(at).filter(delegator=person).select_related("delegate").first()
    return away_words(person, found) if found else ""


@register.filter
def last_day(delegation: Delegation) -> str:
    return day(delegation.last_moment)


@register.simple_tag
def owner_names(grants: Iterable[Grant]) -> list[str]:
    """Names of the people among `grants` who own the solution."""
    return [grant.person.name for grant in grants if grant.kind == Grant.Kind.OWNER]
