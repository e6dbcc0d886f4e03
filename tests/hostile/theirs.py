"""A solution of others with all that one can have, and whether any of it was changed or told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.urls import resolve, reverse
from psycopg import sql

from audit.public_id import PublicId
from tests.factories import (
    ApiTokenFactory,
    CommentFactory,
    GrantFactory,
    JobFactory,
    NoticeFactory,
    SolutionAccountFactory,
    SolutionFactory,
    UserFactory,
)
from tests.factories.assurance import AuditFindingFactory, ControlTestFactory, EngagementFactory, PackFactory
from tests.factories.controls import ControlFactory, VerdictFactory
from tests.factories.evidence import (
    AttestationFactory,
    EvidenceFactory,
    EvidenceLinkFactory,
    EvidenceRequestFactory,
    RequestImportFactory,
)
from tests.factories.findings import ExportFactory, FindingFactory, FindingRecordFactory, ResourceFactory
from tests.factories.risks import (
    AssessmentFactory,
    ChallengeFactory,
    RegisterImportFactory,
    RiskControlFactory,
    RiskExceptionFactory,
    RiskFactory,
    RiskFindingsFactory,
    TreatmentActionFactory,
    TreatmentFactory,
    TriageFactory,
)
from tests.hostile.posts import watching_writes
from tests.test_permissions import undone

KEY = 8_800_000_001
"""Of all that is theirs; it stands nowhere else: whatever row mentions it mentions them."""
SECRET = "Zyzzyva"
PUBLIC_ID = re.compile(r"\b([A-Z]{1,2})-\d+\b")
NOT_OURS = {"django_session"}


@dataclass
class Theirs:
    """rows: by the prefix of their public id. kept: what tables said of them before, as far as somebody asked."""

    rows: dict[str, PublicId]
    kept: dict[str, tuple[Any, ...]]

    def named(self, value: str) -> str:
        """The same, naming what is theirs."""
        return PUBLIC_ID.sub(lambda found: self._id(found[1], found[0]), value)

    def _id(self, prefix: str, otherwise: str) -> str:
        return self.rows[prefix].public_id if prefix in self.rows else otherwise

    def called(self, model: type[PublicId]) -> str:
        """What of theirs is of this kind; "" for nothing."""
        return self._id(model.public_prefix, "")

    @property
    def ids(self) -> list[str]:
        return [one.public_id for one in self.rows.values()]

    def hashed(self, table: str) -> tuple[Any, ...]:
        """How many rows of a table mention what is theirs, and the hash of them."""
        asked = sql.SQL(
            "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t WHERE t::text ~ %s"
        ).format(sql.Identifier(table))
        with connection.cursor() as cursor:
            cursor.execute(asked, [f"{KEY}|{SECRET}"])
            return tuple(cursor.fetchone())

    def before(self, table: str) -> tuple[Any, ...]:
        """The same of what there is without what was posted. Asked outside of what is undone."""
        if table not in self.kept:
            self.kept[table] = self.hashed(table)
        return self.kept[table]


def made() -> Theirs:
    owner = UserFactory(first_line=True)
    solution = SolutionFactory(pk=KEY, name=SECRET)
    of_it, named = {"pk": KEY, "solution": solution}, {"title": f"{SECRET} plan"}
    GrantFactory(person=owner, **of_it)
    SolutionAccountFactory(**of_it)
    risk = RiskFactory(**of_it, **named, owner=owner)
    control = ControlFactory(**of_it, name=f"{SECRET} check", manual=True, is_common=True, owner=owner)
    engagement = EngagementFactory(pk=KEY, of=[solution], **named)
    evidence = EvidenceFactory(**of_it, **named)
    finding = FindingFactory(pk=KEY, solutions=[solution])
    treatment = TreatmentFactory(pk=KEY, risk=risk, owner=owner)
    assessment = AssessmentFactory(pk=KEY, risk=risk, waiting=True)
    rows: list[PublicId] = [
        solution, risk, control, engagement, evidence, finding, treatment, assessment,
        ResourceFactory(pk=KEY, solutions=[solution.pk], name=f"{SECRET}-bucket"),
        TreatmentActionFactory(pk=KEY, treatment=treatment, owner=owner),
        ChallengeFactory(pk=KEY, assessment=assessment),
        RiskExceptionFactory(**of_it, asked_by=owner),
        TriageFactory(**of_it),
        EvidenceRequestFactory(**of_it, **named, assignee=owner),
        AttestationFactory(**of_it, control=control),
        VerdictFactory(pk=KEY, control=control),
        AuditFindingFactory(**of_it, **named, engagement=engagement, owner=owner),
        ControlTestFactory(pk=KEY, engagement=engagement, control=control),
        PackFactory(pk=KEY, engagement=engagement, **named),
        JobFactory(pk=KEY, requested_by=owner, title=f"{SECRET} read"),
        NoticeFactory(pk=KEY, person=owner, text=f"{SECRET} fails"),
        CommentFactory(pk=KEY, subject=solution.public_id, author=owner, text=f"{SECRET} fails"),
        ExportFactory(pk=KEY, requested_by=owner),
        RegisterImportFactory(pk=KEY, requested_by=owner),
        RequestImportFactory(pk=KEY, requested_by=owner),
        ApiTokenFactory(pk=KEY, person=owner),
    ]  # fmt: skip
    FindingRecordFactory(finding=finding)
    EvidenceLinkFactory(pk=KEY, evidence=evidence)
    RiskControlFactory(pk=KEY, risk=risk, control=control)
    RiskFindingsFactory(pk=KEY, risk=risk)
    return Theirs({one.public_prefix: one for one in rows}, {})


def address_of_theirs(name: str, url: str, theirs: Theirs) -> str:
    """The same act on what is theirs; "" where its address names nothing of that kind."""
    own = resolve(url).kwargs
    said = {key: KEY if key == "pk" else theirs.named(str(value)) for key, value in own.items()}
    return reverse(name, kwargs=said) if said != own else ""


def came_of_it(post: Callable[[], str], theirs: Theirs, what: str) -> Iterator[str]:
    """What is wrong afterwards, which is undone. post: sends it, and returns what the answer says."""
    with undone():
        with watching_writes() as written:
            told = post()
        after = {table: theirs.hashed(table) for table in written.tables - NOT_OURS}
    if changed := [table for table, found in after.items() if found != theirs.before(table)]:
        yield f"{what} changes {changed}"
    if SECRET in told:
        yield f"{what} tells of it"
