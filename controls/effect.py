"""What one mapping does to the figures of a moment."""

from __future__ import annotations

from dataclasses import dataclass

from audit.moment import Moment
from controls.mapped import mapped_of_requirements
from controls.models import Mapping
from controls.standing import Monitoring, Standing, Workings, combine, standings_of_controls


@dataclass(frozen=True)
class Effect:
    """now: how what it asks stands with it; without: how it would stand if it did not count."""

    now: Monitoring
    without: Monitoring

    @property
    def changes(self) -> bool:
        return self.now is not self.without


def effect_of(mapping: Mapping, user: object, moment: Moment) -> Effect | None:
    """Of a mapping in force, with its ends selected. None where its control is of no concern to this reader."""
    standing: Standing | None = None
    if mapping.requirement_id:
        key = mapping.requirement_id
        standing = Workings.of(mapped_of_requirements([key], moment.at), user, moment, None).requirement(key)
    elif mapping.control:
        standing = standings_of_controls(user, moment, [mapping.control]).get(mapping.control.pk)
    if standing is None:
        return None
    if standing.statement:
        return Effect(standing.monitoring, standing.monitoring)
    others = [part for part in standing.parts if part.mappings != (mapping.pk,)]
    return Effect(standing.monitoring, combine(others))
