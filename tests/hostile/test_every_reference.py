"""What another solution owns, named in every field that names something: nothing of it changes, and nothing is told.

All that is theirs has one key, which stands nowhere else: whatever row mentions it mentions them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import resolve, reverse
from psycopg import sql

from audit.public_id import PublicId
from organisation.models import Role
from organisation.permissions import MAY, action_of
from tests.conftest import LoggedIn, LogIn
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
from tests.hostile.posts import Asked, asking, rendered, watching_writes
from tests.hostile.reading import html_of
from tests.test_permissions import GUARDED, OURS, address, undone

KEY = 8_800_000_001
SECRET = "Zyzzyva"
FRAME = {"as_of", "known_at", "solution"}
"""What every page reads of its address. For what it is narrowed to see tests/journeys/test_each_line_reads_its_own.py.
"""
NOT_OURS = {"django_session"}
FILE = b"account,owner\r\n1,2\r\n"
PUBLIC_ID = re.compile(r"\b([A-Z]{1,2})-\d+\b")
FORMS = [
    name
    for name in GUARDED
    if not name.startswith("api:") and Role.FIRST.value in MAY[str(action_of(OURS[name].callback))]
]


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


@pytest.fixture
def theirs(db: None) -> Theirs:
    """A solution of others with everything that one can have."""
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


@pytest.mark.slow(seconds=20)
def test_what_others_own_is_out_of_reach_of_every_form(log_in: LogIn, theirs: Theirs) -> None:
    wrong: list[str] = []
    for name in FORMS:
        with undone():
            browser = log_in(first_line=True)
            wrong += [f"{name}: {what}" for what in _tried(browser, name, theirs)]
    assert not wrong, "\n".join(wrong)


def _tried(browser: LoggedIn, name: str, theirs: Theirs) -> Iterator[str]:
    url = address(name, browser.person)
    asked, named = _asked_of(browser, url)
    query = urlencode([(one, value) for one in sorted(named - FRAME) for value in theirs.ids])
    if query and SECRET in html_of(browser.get(f"{url}?{query}")):
        yield f"the page tells of it, asked with {query}"
    if asked is None:
        return
    fits = {field: FILE if field in asked.files else asked.fitting.get(field, "") for field in sorted(asked.names)}
    for sent in _naming(asked, fits, theirs):
        yield from _posted(browser, url, sent, theirs)
    if at_theirs := _address_of_theirs(name, url, theirs):
        yield from _posted(browser, at_theirs, fits, theirs)


def _asked_of(browser: LoggedIn, url: str) -> tuple[Asked | None, set[str]]:
    """What the address reads of a form (None where it takes none), and of its query."""
    with asking() as read:
        shown = rendered(html_of(browser.get(url)), url)
    with asking() as asked, undone():
        status = browser.post(url, shown).status_code
    if status == 405:
        return None, read.names
    asked.fitting |= {name: value for name, value in shown.items() if value}
    asked.names |= asked.fitting.keys()
    return asked, read.names


def _naming(asked: Asked, fits: dict[str, Any], theirs: Theirs) -> Iterator[dict[str, Any]]:
    """Each field of the form that names something names what is theirs; then all do, and what is read beside it."""
    named: dict[str, str] = {}
    for field in asked.fitting:
        fit = fits[field]
        first = str(fit[0] if isinstance(fit, list) and fit else fit)
        is_key = field in asked.models and not PUBLIC_ID.search(first)
        if (found := str(KEY) if is_key else theirs.named(first)) != first:
            named[field] = found
            yield {**fits, field: found}
    beside = asked.names - asked.fitting.keys() - FRAME
    if len(named) > 1 or beside:
        yield {**fits, **named, **dict.fromkeys(beside, theirs.ids)}


def _address_of_theirs(name: str, url: str, theirs: Theirs) -> str:
    """The same act on what is theirs; "" where its address names nothing of that kind."""
    own = resolve(url).kwargs
    said = {key: KEY if key == "pk" else theirs.named(str(value)) for key, value in own.items()}
    return reverse(name, kwargs=said) if said != own else ""


def _posted(browser: LoggedIn, url: str, sent: dict[str, Any], theirs: Theirs) -> Iterator[str]:
    with undone():
        with watching_writes() as written:
            files = {field: SimpleUploadedFile("a.csv", FILE) for field, value in sent.items() if value == FILE}
            answer = browser.post(url, sent | files)
        told = html_of(browser.get(answer["Location"]) if answer.status_code == 302 else answer)
        after = {table: theirs.hashed(table) for table in written.tables - NOT_OURS}
    if changed := [table for table, found in after.items() if found != theirs.before(table)]:
        yield f"{url} changes {changed}, sent {sent}"
    if SECRET in told:
        yield f"{url} tells of it, sent {sent}"
