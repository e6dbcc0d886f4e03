"""The demo's first pack: asked for by its auditor, made by its worker, once."""

from __future__ import annotations

from assurance.models import Pack
from assurance.pack import freezing
from assurance.tasks import make_pack
from audit import clock
from controls.models import FrameworkVersion
from organisation.models import Role, Solution, User

FRAMEWORK = "nzism"


def seed() -> int:
    """How many it asked for; 0 where there is one, or nothing to seal yet."""
    at = clock.now()
    auditor = User.objects.active().with_role(Role.THIRD, at).order_by("pk").first()
    version = FrameworkVersion.objects.filter(framework__key=FRAMEWORK, valid_from__lte=at, valid_to=None).first()
    solutions = list(Solution.objects.in_use(at).order_by("pk")[:2])
    if Pack.objects.exists() or auditor is None or version is None or not solutions:
        return 0
    freezing.of_framework(version, solutions, about=None, by=auditor, enqueue=make_pack.delay)
    return 1
