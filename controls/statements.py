"""What the organisation states of a framework's requirements: ISO's Statement of Applicability, PCI's statuses."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.public_id import get_or_404
from controls.listing import Asked
from controls.models import Applicability, Edition, Framework, FrameworkVersion, Implementation, Requirement
from controls.models.requirement import EditionQuerySet
from controls.refusals import Refused
from organisation.models import User

Status = Implementation.Status
APPLICABLE, NOT_APPLICABLE, NOT_STATED = "applicable", "not_applicable", "not_stated"


@dataclass(frozen=True)
class Scheme:
    """In which words a framework is answered for. section: the path that it is about; empty for all of it."""

    name: str | Promise
    statuses: tuple[Status, ...] = ()
    section: str = ""

    @property
    def decisions(self) -> dict[str, str]:
        """What can be stated of a requirement → its word. Without statuses of its own: that it applies, or not."""
        own = {status.value: str(status.label) for status in self.statuses} or {APPLICABLE: str(_("Applicable"))}
        return {**own, NOT_APPLICABLE: str(_("Not applicable"))}

    @property
    def words(self) -> dict[str, str]:
        """Of every state a requirement can be in."""
        applicable = {APPLICABLE: str(_("Applicable, its status not stated"))} if self.statuses else {}
        return {**self.decisions, **applicable, NOT_STATED: str(_("Not stated"))}


SCHEMES = {
    "iso-27001": Scheme(
        _("Statement of Applicability"),
        (Status.IMPLEMENTED, Status.PARTLY, Status.PLANNED, Status.NOT_IMPLEMENTED),
        section="A",
    ),
    "pci-dss": Scheme(
        _("Reported status"), (Status.IN_PLACE, Status.IN_PLACE_CCW, Status.NOT_TESTED, Status.NOT_IN_PLACE)
    ),
}
"""By the framework's key. ISO/IEC 27001:2022, 6.1.3 d; PCI DSS 4.0.1, responses of the SAQ and its attestation."""


def scheme_of(framework: Framework) -> Scheme:
    return SCHEMES.get(framework.key, Scheme(_("Applicability")))


def current_of(public_id: str, at: datetime) -> tuple[Framework, FrameworkVersion, Scheme]:
    """A framework, as it is answered for at a moment. Raises Http404 where no version was current then."""
    found = get_or_404(Framework.objects.filter(added_at__lte=at), public_id)
    version = found.versions.current(at).first()
    if version is None:
        raise Http404(f"No version of {public_id} was current then")
    return found, version, scheme_of(found)


def state_of_chosen(
    version: FrameworkVersion, chosen: Collection[str], decision: str, *, because: str, by: User
) -> int:
    """Of those of these requirements that a version asks for. chosen: their public ids. Raises Refused."""
    if decision not in scheme_of(version.framework).decisions:
        raise Refused(_("This framework is not answered for in these words."), "decision")
    keys = [Requirement.key_of(one) for one in chosen]
    found = Requirement.objects.filter(pk__in=keys, editions__in=version.editions.asked()).order_by("pk")
    return state(found, decision, because=because, by=by)


@transaction.atomic
def state(requirements: Iterable[Requirement], decision: str, *, because: str, by: User) -> int:
    """From now on this is so of each of them; how many there were. decision: of the scheme's decisions.

    A status of its own says that a requirement applies, where somebody had stated that it does not.
    """
    chosen = list(requirements)
    for requirement in chosen:
        if decision in (APPLICABLE, NOT_APPLICABLE):
            Applicability.state(requirement, applicable=decision == APPLICABLE, because=because, by=by)
            continue
        if Applicability.objects.filter(requirement=requirement, replaced_at=None, applicable=False).exists():
            Applicability.state(requirement, applicable=True, because=because, by=by)
        Implementation.state(requirement, status=Status(decision), because=because, by=by)
    return len(chosen)


def asked_about(version: FrameworkVersion, scheme: Scheme, at: datetime) -> EditionQuerySet:
    """The requirements that the scheme is about, each with its `state` at a moment: of the scheme's words."""
    rows = version.editions.asked()
    if scheme.section:
        rows = rows.filter(Q(section__path=scheme.section) | Q(section__path__startswith=f"{scheme.section}/"))
    of_it = {"requirement": OuterRef("requirement")}
    status = Implementation.objects.at(at).filter(**of_it, status__in=scheme.statuses).values("status")
    applies = Applicability.objects.at(at).filter(**of_it)
    return rows.annotate(
        state=Case(
            When(Exists(applies.filter(applicable=False)), then=Value(NOT_APPLICABLE)),
            When(Exists(status), then=Coalesce(Subquery(status[:1]), Value(NOT_STATED))),
            When(Exists(applies.filter(applicable=True)), then=Value(APPLICABLE)),
            default=Value(NOT_STATED),
            output_field=CharField(),
        )
    )


def narrowed(rows: Any, asked: Asked) -> QuerySet[Edition]:
    """rows: `asked_about`."""
    if "state" in asked.values:
        rows = rows.filter(state=asked.values["state"])
    if "q" in asked.values:
        rows = rows.saying(asked.values["q"])
    found: QuerySet[Edition] = rows.select_related("requirement").defer("text", "guidance", "parameters")
    return found


def counts(rows: Any) -> dict[str, int]:
    """How many of the requirements that are `asked_about` are in each state."""
    return dict(rows.order_by().values("state").annotate(n=Count("pk")).values_list("state", "n"))


@dataclass(frozen=True)
class Stated:
    """A requirement, the word for its state, and the statement that it rests on; None where nobody stated it."""

    edition: Edition
    word: str
    statement: Applicability | Implementation | None

    @property
    def applies(self) -> bool | None:
        return None if self.statement is None else self.edition.state != NOT_APPLICABLE  # type: ignore[attr-defined]


def stated(editions: Collection[Edition], scheme: Scheme, at: datetime) -> list[Stated]:
    """Two queries, however many they are."""
    wanted = [one.requirement_id for one in editions]
    applies, statuses = (
        {
            one.requirement_id: one
            for one in model.objects.at(at).filter(requirement__in=wanted).select_related("stated_by")
        }
        for model in (Applicability, Implementation)
    )
    words = scheme.words
    found = []
    for one in editions:
        now: str = one.state  # type: ignore[attr-defined]
        rests_on = applies if now in (APPLICABLE, NOT_APPLICABLE) else statuses
        said = None if now == NOT_STATED else rests_on.get(one.requirement_id)
        found.append(Stated(one, words[now], said))
    return found
