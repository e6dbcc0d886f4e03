"""`{% requirement_responsibility requirement edition as told %}`: whose a requirement is, for its page."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from controls.models import Edition, Party, Requirement, RequirementAreas, Responsibility, ServiceType
from controls.models.responsibility import Fact
from controls.provider_parts import reports_at
from controls.responsibility import About, abouts, held_for
from controls.solution_requirements import whose
from controls.used_services import Use, uses
from organisation.models import Solution
from organisation.permissions import may

register = template.Library()
WORDS: dict[str, Any] = {
    Party.PROVIDER: gettext_lazy("AWS"),
    Party.SHARED: gettext_lazy("shared"),
    Party.CUSTOMER: gettext_lazy("ours"),
    Party.NONE: "–",
}


@register.filter
def party_word(party: str) -> Any:
    """As it stands in a cell of a matrix."""
    return WORDS.get(party, "")


@register.filter
def tip_of(said: Responsibility) -> str:
    """Whose it is, why and from where, for pointer and focus."""
    return f"{said.get_party_display()}. {said.because} {basis_of(said)}"


@register.filter
def basis_of(said: Fact | RequirementAreas) -> str:
    """From where it is: a source, our reading of one, or who stated it."""
    if isinstance(said, RequirementAreas):
        return said.stated_by.name
    if said.is_reading:
        return _("Our reading of %(source)s") % {"source": said.source_name} if said.source_name else _("Our reading")
    who = getattr(said, "stated_by", None)
    return said.source_name or (who.name if who else "")


@register.simple_tag(takes_context=True)
def requirement_responsibility(context: Any, requirement: Requirement, edition: Edition | None) -> dict[str, Any]:
    """For the solution that the reader's scope names, else for every service type. Nine queries at most."""
    request = context["request"]
    at = request.moment.at
    if edition is None:
        return {"about": About()}
    about = abouts(requirement.framework, [edition], at)[requirement.pk]
    solution = _scope(request)
    used = uses(solution, request.user, request.moment) if solution else _every()
    held = held_for([use.service for use in used if use.service], at)
    reports = reports_at(at) if about.areas else []
    return {
        "about": about,
        "solution": solution,
        "whose": whose(about, used, held, reports, requirement.framework_id),
        "manages": may(request.user, "responsibility.manage") and request.moment.is_now,
    }


def _every() -> list[Use]:
    return [Use(one, {}, ()) for one in ServiceType.objects.all()]


def _scope(request: Any) -> Solution | None:
    key = Solution.key_in(request.GET.get("solution", ""))
    return Solution.objects.visible_to(request.user).filter(pk=key).first() if key is not None else None
