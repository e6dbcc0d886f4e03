"""People and findings that stories about exceptions begin with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from audit import clock
from findings.models import Check, Finding, Severity, Status
from organisation.models import Solution, User
from risks.asking import Asking, ask
from risks.excepting import accept, concur
from risks.models import RiskException
from tests.factories import GrantFactory, SolutionFactory, UserFactory
from tests.factories.findings import CheckFactory, FindingFactory
from tests.factories.risks import AuthorityFactory, MatrixFactory


@dataclass
class Story:
    """Ana asks, Ben may accept anything, Cleo of the second line concurs. `findings` fail one check in Payments."""

    solution: Solution
    check: Check
    findings: list[Finding]
    ana: User
    ben: User
    cleo: User

    def fails(self, n: int = 1, **said: Any) -> list[Finding]:
        new: list[Finding] = [
            FindingFactory(check_ran=self.check, solutions=[self.solution], **said) for _n in range(n)
        ]
        self.findings += new
        return new

    def asking(self, **said: Any) -> Asking:
        whole = {
            "kind": RiskException.Kind.ACCEPTANCE.value,
            "solution": self.solution,
            "reason": "The vendor ships its fix in spring",
            "expires_at": clock.now() + timedelta(days=90),
            "checks": [self.check],
            "by_rule": True,
            "ceiling": 5,
        }
        return Asking(**{**whole, **said})

    def asked(self, **said: Any) -> RiskException:
        return ask(self.asking(**said), by=self.ana)

    def live(self, **said: Any) -> RiskException:
        made = accept(self.asked(**said), by=self.ben)
        return concur(made, by=self.cleo)


def a_story(failing: int = 2, severity: Severity = Severity.HIGH) -> Story:
    solution = SolutionFactory(name="Payments")
    MatrixFactory()
    ana, ben = UserFactory(name="Ana", first_line=True), UserFactory(name="Ben", first_line=True)
    for person in (ana, ben):
        GrantFactory(person=person, solution=solution)
    AuthorityFactory(person=ben)
    story = Story(solution, CheckFactory(key="S3.1"), [], ana, ben, UserFactory(name="Cleo", second_line=True))
    story.fails(failing, severity=severity)
    return story


def passes(finding: Finding, at: datetime) -> None:
    """Its open span ends, and a passing one begins."""
    turns(finding, Status.PASS, at)


def turns(finding: Finding, status: Status, at: datetime) -> None:
    now = finding.spans.get(valid_to=None)
    solutions, severity = now.solutions, now.severity
    now.valid_to = now.end_recorded_at = at
    now.save()
    finding.spans.create(
        status=status, severity=severity, status_since=at, solutions=solutions, valid_from=at, recorded_at=at,
        valid_from_source=now.valid_from_source, check_ran=now.check_ran, account=now.account, region=now.region,
    )  # fmt: skip
