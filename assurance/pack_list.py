"""The packs that a reader sees: the same on the page and for programs."""

from __future__ import annotations

from collections.abc import Mapping

from assurance.models import Engagement, Pack
from assurance.models.pack import PackQuerySet
from audit.moment import Moment
from audit.public_id import get_or_404
from controls.models import FrameworkVersion

NARROWS = ("engagement", "framework", "sealed")
"""Parameters of the list: public ids of an engagement and of a framework's version, and yes or no."""


def seen_by(user: object, moment: Moment) -> PackQuerySet:
    """Those that had been asked for by a moment, with what a line of a list names."""
    rows = Pack.objects.visible_to(user).filter(requested_at__lte=moment.at)
    return rows.select_related("framework__framework", "engagement", "job", "requested_by")


def narrowed(rows: PackQuerySet, asked: Mapping[str, str], user: object) -> PackQuerySet:
    """Raises Http404 where an engagement or a version is named that the reader does not find."""
    if named := asked.get("engagement"):
        rows = rows.filter(engagement=get_or_404(Engagement.objects.visible_to(user), named))
    if named := asked.get("framework"):
        rows = rows.filter(framework=get_or_404(FrameworkVersion.objects.all(), named))
    if said := asked.get("sealed"):
        rows = rows.sealed() if said == "yes" else rows.filter(sealed_at=None)
    return rows
