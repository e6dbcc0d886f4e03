"""Contents of packs, invented: the same seed gives the same contents."""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from assurance.pack.contents import (
    AuditFindingPart,
    CheckPart,
    Contents,
    ControlMapping,
    ControlPart,
    CoverageLine,
    EvidencePart,
    ExceptionPart,
    Failure,
    Named,
    ProviderReportPart,
    RequirementPart,
    RiskPart,
    TestPart,
)

FROM, TO = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
SEALED = datetime(2026, 10, 2, 9, 30, tzinfo=UTC)
FAMILIES = (
    ("AC", "Access control"),
    ("AT", "Awareness and training"),
    ("AU", "Audit and accountability"),
    ("CA", "Assessment, authorization and monitoring"),
    ("CM", "Configuration management"),
    ("CP", "Contingency planning"),
    ("IA", "Identification and authentication"),
    ("IR", "Incident response"),
    ("MA", "Maintenance"),
    ("MP", "Media protection"),
    ("PE", "Physical and environmental protection"),
    ("PL", "Planning"),
    ("PS", "Personnel security"),
    ("RA", "Risk assessment"),
    ("SA", "System and services acquisition"),
    ("SC", "System and communications protection"),
    ("SI", "System and information integrity"),
    ("SR", "Supply chain risk management"),
)
SUBJECTS = (
    "Account management",
    "Least privilege",
    "Boundary protection",
    "Protection of information at rest",
    "Audit record retention",
    "Remote access",
    "Flaw remediation",
    "System backup",
    "Session termination",
    "Baseline configuration",
    "Cryptographic key establishment",
    "Vulnerability monitoring and scanning",
)
CHECKS = (
    ("S3.8", "S3 general purpose buckets block public access"),
    ("EC2.8", "EC2 instances use Instance Metadata Service Version 2 (IMDSv2)"),
    ("IAM.5", "MFA is enabled for all IAM users that have a console password"),
    ("RDS.3", "RDS DB instances have encryption at rest enabled"),
    ("CloudTrail.1", "CloudTrail is enabled with at least one multi-Region trail with read and write events"),
    ("KMS.4", "AWS KMS key rotation is enabled"),
    ("Lambda.1", "Lambda function policies prohibit public access"),
    ("EC2.19", "Security groups do not allow unrestricted access to ports with high risk"),
)
PEOPLE = ("Ana Ruiz", "Bo Lindqvist", "Chidi Okafor", "Dana Weiss", "Emre Yılmaz", "Farah Haddad")
RELATIONS = ("equal", "subset", "superset", "intersects")
CONCLUSIONS = ("Effective", "Effective", "Effective", "Partly effective", "Not effective")
SEVERITIES = ("Critical", "High", "Medium", "Low")
REGIONS = ("eu-west-1", "eu-central-1", "us-east-1")
FIRST = 5


@dataclass(frozen=True)
class Size:
    requirements: int
    controls: int
    failures: int
    evidence: int
    tested: int
    """Of the controls, with a test of design and one of operation each."""


SMALL = Size(requirements=12, controls=8, failures=240, evidence=14, tested=4)
FULL = Size(requirements=287, controls=300, failures=20_000, evidence=5_000, tested=150)


@dataclass(frozen=True)
class Example:
    contents: Contents
    size: Size
    seed: int

    def failures(self) -> Iterator[Failure]:
        """Each row of failures.csv, in the order of the controls' checks."""
        row = 1
        for check in _checks(self.contents):
            for number in range(check.failing + check.accepted):
                row += 1
                yield _failure(check.id, number, row)


def example(size: Size = SMALL, seed: int = 41) -> Example:
    chance = random.Random(seed)
    evidence = [_evidence(number, chance) for number in range(1, size.evidence + 1)]
    exceptions = [_exception(number, chance) for number in range(1, max(2, size.controls // 10) + 1)]
    risks = [_risk(number, chance) for number in range(1, max(3, size.controls // 6) + 1)]
    controls = _controls(size, chance)
    return Example(
        Contents(
            id="PK-7",
            title="Payments platform, third quarter of 2026",
            organisation="Northwind Payments plc",
            engagement=Named("EN-3", "Payments platform 2026"),
            objective="Whether the controls of the payments platform were designed and operated effectively.",
            framework=Named("nist-800-53-r5-moderate", "NIST SP 800-53, moderate baseline"),
            framework_version="Revision 5.1.1",
            solutions=[Named("S-1", "Payments"), Named("S-2", "Card vault"), Named("S-3", "Settlement")],
            about_from=FROM,
            about_to=TO,
            at=TO,
            known_at=SEALED - timedelta(minutes=5),
            seal_time=SEALED,
            trail_position=184_402,
            trail_digest=_digest("trail"),
            software="Compliance portal 0.1.0 (36de271)",
            requested_by="Dana Weiss",
            team=["Dana Weiss, lead", "Emre Yılmaz, auditor", "Farah Haddad, reviewer"],
            coverage_words="Of 24 account, region and source combinations in scope, 21 were read in full, 2 were stale"
            " for part of the period and 1 denied access. What was not read is not observed; nothing is inferred.",
            coverage=[_coverage(number) for number in range(24)],
            requirements=_requirements(size, chance),
            controls=_joined(controls, evidence, exceptions, risks, chance),
            evidence=evidence,
            exceptions=exceptions,
            risks=risks,
            audit_findings=[_audit_finding(number, chance) for number in range(1, 4)],
            provider_reports=[_provider_report(number) for number in range(1, 4)],
            glossary=GLOSSARY,
        ),
        size,
        seed,
    )


GLOSSARY = [
    ("Deviation", "An item of a sample in which the control did not do what it should; missing evidence is one."),
    ("Exception", "A risk that an accountable owner accepted until a date. What it covers still fails."),
    ("Not observed", "Nothing was read there: never connected, access denied or out of date."),
    ("Population", "All items from which a sample is drawn, frozen and hashed before the draw."),
]


def _digest(of: str) -> str:
    return hashlib.sha256(of.encode()).hexdigest()


def _coverage(number: int) -> CoverageLine:
    state, reason, hours = "read in full", "", 0.0
    if number in (7, 11):
        state, reason, hours = "stale", "AWS Config recorder was stopped", 12.5 + number
    if number == 20:
        state, reason, hours = (
            "access denied",
            "securityhub:GetFindings was refused by a service control policy",
            2208.0,
        )
    account = f"{111122223333 + number // 6 * 1_111_111}"
    return CoverageLine(
        account, REGIONS[number % 3], ("Security Hub", "AWS Config")[number % 2], state, reason, FROM, hours
    )


def _requirements(size: Size, chance: random.Random) -> list[RequirementPart]:
    made = []
    for number in range(size.requirements):
        family, name = FAMILIES[number * len(FAMILIES) // size.requirements]
        status = chance.choice(("failing", "partly_failing", "passing", "passing", "not_observed", "not_mapped"))
        mapped = range(0 if status == "not_mapped" else 1 + number % 3)
        key = f"{family}-{number % 25 + 1}" + ("(1)" if number % 4 == 3 else "")
        made.append(
            RequirementPart(
                id=f"RQ-{number + 1}",
                key=key,
                title=SUBJECTS[number % len(SUBJECTS)],
                section=f"{family} {name}",
                status_key=status,
                status=_words(status),
                responsibility=("Shared: the provider runs the hosts, we configure access to them", "Ours", "")[
                    number % 3
                ],
                controls=[
                    ControlMapping(f"C-{(number + step * 7) % size.controls + 1}", RELATIONS[(number + step) % 4])
                    for step in mapped
                ],
                provider_reports=["PR-1", "PR-2"][: number % 3] if number % 3 == 0 else ["PR-1"] * (family == "PE"),
            )
        )
    return made


def _words(status: str) -> str:
    return {
        "failing": "Failing",
        "partly_failing": "Partly failing",
        "passing": "Passing",
        "not_observed": "Not observed",
        "not_mapped": "Nothing shows it yet",
        "not_applicable": "Not applicable",
    }[status]


def _controls(size: Size, chance: random.Random) -> list[ControlPart]:
    """Failures are shared out over the checks of two controls in three."""
    row, left = 2, size.failures
    failing = [number for number in range(1, size.controls + 1) if number % 3]
    made = []
    for number in range(1, size.controls + 1):
        checks = []
        for place in range(1 + number % 3):
            key, title = CHECKS[(number * 3 + place) % len(CHECKS)]
            last = number == failing[-1] and place == number % 3
            fails = (left if last else min(left, size.failures // len(failing) // 2)) if number in failing else 0
            left -= fails
            checks.append(_check(f"CK-{number}-{place}", key, title, fails, row, chance))
            row += fails
        made.append(_control(number, checks, number <= size.tested, chance))
    return made


def _check(of: str, key: str, title: str, fails: int, row: int, chance: random.Random) -> CheckPart:
    accepted = fails // 6
    passing, unknown = chance.randrange(10, 400), chance.choice((0, 0, 0, 3))
    return CheckPart(
        id=of,
        key=key,
        title=title,
        population=passing + fails + unknown,
        passing=passing,
        failing=fails - accepted,
        accepted=accepted,
        unknown=unknown,
        failures=[_failure(of, place, row + place) for place in range(min(FIRST, fails))],
    )


def _failure(of: str, number: int, row: int) -> Failure:
    kind = ("s3:::northwind-payments-logs", "ec2:eu-west-1:111122223333:instance/i-0", "rds:eu-west-1:1111:db:ledger")
    return Failure(
        resource=f"arn:aws:{kind[number % 3]}{_digest(f'{of}{number}')[:10]}",
        account="111122223333",
        region=REGIONS[number % 3],
        severity=SEVERITIES[number % 4],
        since=FROM + timedelta(hours=number % 2000),
        accepted_by="X-1" if number % 6 == 5 else "",
        csv_row=row,
    )


def _control(number: int, checks: list[CheckPart], tested: bool, chance: random.Random) -> ControlPart:
    fails = any(check.failing for check in checks)
    status = ("partly_failing" if number % 2 else "failing") if fails else chance.choice(("passing", "not_observed"))
    conclusion = CONCLUSIONS[number % 5]
    tests = [_test(number, kind, conclusion, chance) for kind in ("Test of design", "Test of operating effectiveness")]
    return ControlPart(
        id=f"C-{number}",
        name=f"{SUBJECTS[number % len(SUBJECTS)]}, {number}",
        objective="Only people and services that need access have it, for as long as they need it, and each grant"
        " can be traced to who asked for it and who allowed it.",
        kind="Preventive",
        method="Automated",
        frequency=("Continuous", "Daily", "Monthly")[number % 3],
        owner=PEOPLE[number % len(PEOPLE)],
        procedure="Read the configuration of every resource in scope from AWS Config; compare it with the rule; follow"
        " each failure to the person who owns the resource.",
        status_key=status,
        status=_words(status),
        concluded=conclusion if tested else "",
        concluded_by=PEOPLE[3] if tested else "",
        concluded_at=TO if tested else None,
        checks=checks,
        tests=tests if tested else [],
    )


def _test(number: int, kind: str, conclusion: str, chance: random.Random) -> TestPart:
    design = "design" in kind
    deviations = 0 if conclusion == "Effective" else chance.randrange(1, 4)
    return TestPart(
        id=f"TS-{number * 2 + (not design)}",
        kind=kind,
        procedure="Inspect the policy and one configuration of the control."
        if design
        else "For each sampled item, inspect the change, its approval and the state of the resource afterwards.",
        population=""
        if design
        else f"{chance.randrange(200, 4000):,} changes of the control's checks in the period,"
        " agreed with AWS Config inventory",
        population_sha256="" if design else _digest(f"population {number}"),
        sample="" if design else "25 at random, seed 8841, 90 % confidence, 9 % tolerable and 0 % expected deviation",
        items=1 if design else 25,
        deviations=deviations,
        missing=0 if design else min(deviations, 1),
        unobserved_hours=None if design else float(number % 4) * 6.5,
        conclusion=conclusion,
        because="Every item showed an approval before the change."
        if not deviations
        else "Approval came after the change.",
        prepared_by=PEOPLE[4],
        prepared_at=TO - timedelta(days=3),
        reviewed_by=PEOPLE[5],
        reviewed_at=TO - timedelta(days=1),
    )


def _joined(
    controls: list[ControlPart],
    evidence: list[EvidencePart],
    exceptions: list[ExceptionPart],
    risks: list[RiskPart],
    chance: random.Random,
) -> list[ControlPart]:
    """Each control with its share of the evidence, and now and then an exception and a risk."""
    each = max(1, len(evidence) // len(controls))
    for place, control in enumerate(controls):
        control.evidence.extend(one.id for one in evidence[place * each : (place + 1) * each])
        if place % 5 == 0:
            control.exceptions.append(chance.choice(exceptions).id)
        if place % 3 == 0:
            control.risks.extend(one.id for one in chance.sample(risks, 2))
    return controls


def _evidence(number: int, chance: random.Random) -> EvidencePart:
    provider = number % 50 == 0
    name = f"snapshot-{number}.json"
    return EvidencePart(
        id=f"E-{number}",
        title="Snapshot of checks" if number % 3 else "Access review, signed by the owner of the solution",
        kind="Provider's report" if provider else "Snapshot of checks",
        source="securityhub:GetFindings, account 111122223333, run R-77, arn:aws:sts::111122223333:assumed-role/portal",
        captured_at=FROM + timedelta(hours=number % 2200),
        effective_from=FROM,
        effective_to=TO,
        sha256=_digest(f"evidence {number}"),
        size=chance.randrange(20_000, 90_000),
        media_type="application/json",
        file="" if provider else f"evidence/E-{number}/{name}",
        why_not_embedded="The provider's terms do not allow passing it on" if provider else "",
    )


def _exception(number: int, chance: random.Random) -> ExceptionPart:
    return ExceptionPart(
        id=f"X-{number}",
        kind="Checks",
        reason="The vendor's appliance cannot be patched before its replacement in December; isolated until then.",
        asked_by=PEOPLE[0],
        accepted_by=PEOPLE[1],
        concurred_by=PEOPLE[2],
        began_at=FROM + timedelta(days=number % 40),
        expires_at=TO + timedelta(days=90),
        checks=[chance.choice(CHECKS)[0]],
    )


def _risk(number: int, chance: random.Random) -> RiskPart:
    return RiskPart(
        id=f"R-{number}",
        title="Card numbers could be read by people who have no need of them",
        solution=chance.choice(("Payments", "Card vault", "Settlement")),
        owner=chance.choice(PEOPLE),
        inherent="Very high",
        current=chance.choice(("High", "Medium")),
        target="Low",
        standing=chance.choice(("Above appetite", "Within appetite", "Within tolerance")),
        treatment="Mitigate: tokens in place of numbers in every log, by 15 Dec 2026",
    )


def _audit_finding(number: int, chance: random.Random) -> AuditFindingPart:
    return AuditFindingPart(
        id=f"AF-{number}",
        title="Emergency access is not reviewed afterwards",
        rating=("High", "Moderate", "Low")[number % 3],
        control=f"C-{number}",
        condition="In 3 of 25 sampled uses of the emergency role nobody reviewed what was done with it.",
        criteria="AC-2(4) and the access policy ask for a review within two working days.",
        cause="The reminder goes to a mailbox that nobody reads.",
        effect="Misuse of the strongest role could stay unnoticed.",
        recommendation="Send the reminder to the owner of the solution and report what is overdue.",
        response="Agreed. The reminder goes to the owner from November on." if number != 2 else "",
        owner=chance.choice(PEOPLE),
        agreed_on=TO.date() + timedelta(days=60) if number != 2 else None,
        state="Agreed" if number != 2 else "Issued, awaits a response",
        compared=("new", "repeated", "closed")[number % 3],
    )


def _provider_report(number: int) -> ProviderReportPart:
    return ProviderReportPart(
        id=f"PR-{number}",
        name=("AWS SOC 2 Type 2", "AWS ISO/IEC 27001:2022 certificate", "AWS PCI DSS attestation")[number - 1],
        kind=("SOC 2 Type 2", "ISO 27001", "PCI DSS")[number - 1],
        period_from=datetime(2025, 10, 1, tzinfo=UTC),
        period_to=datetime(2026, 9, 30, tzinfo=UTC),
        sha256=_digest(f"provider {number}"),
        read_by=PEOPLE[2],
        exceptions="None that bear on the requirements in scope" if number > 1 else "One: logical access, see page 112",
    )


def _checks(contents: Contents) -> Iterator[CheckPart]:
    seen = set()
    for control in contents.controls:
        for check in control.checks:
            if check.id not in seen:
                seen.add(check.id)
                yield check
