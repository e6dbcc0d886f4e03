"""The organisation that the sandbox plays: accounts, organizational units, solutions and their habits."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random


@dataclass(frozen=True)
class Solution:
    """One system. start, end: its pass rate on the first day and from day 60 on (0..1)."""

    key: str
    name: str
    start: float
    end: float
    components: tuple[str, ...]

    def pass_rate(self, day: float) -> float:
        return self.start + (self.end - self.start) * min(max(day, 0.0), 60.0) / 60.0


SOLUTIONS = {
    solution.key: solution
    for solution in (
        Solution("payments", "Payments", 0.93, 0.95, ("ledger", "gateway", "settlement", "fraud-score", "refunds")),
        Solution("customer-portal", "Customer portal", 0.68, 0.91, ("web", "login", "profile", "search", "basket")),
        Solution("data-platform", "Data platform", 0.84, 0.64, ("lake", "ingest", "catalogue", "reports", "stream")),
        Solution("hr-systems", "HR systems", 0.60, 0.62, ("payroll", "leave", "recruiting", "directory")),
        Solution("shared-platform", "Shared platform", 0.88, 0.89, ("network", "build", "dns", "artifacts", "monitor")),
        Solution("foundation", "Foundation", 0.95, 0.96, ("org-trail", "config", "audit", "guard")),
    )
}
ENV_FAILS = {"prod": 1.0, "test": 1.15, "dev": 1.4}
SEVERITY_FAILS = {"CRITICAL": 0.3, "HIGH": 0.7, "MEDIUM": 1.0, "LOW": 1.3}

# (name, solution, environment, OU path): the order in which an organisation of n accounts is filled.
_CORE = (
    ("org-management", "foundation", "prod", "Root"),
    ("security-audit", "foundation", "prod", "Root/Security"),
    ("log-archive", "foundation", "prod", "Root/Security"),
)
_WORKLOADS = (
    ("payments-prod", "payments", "prod", "Root/Workloads/Production"),
    ("customer-portal-prod", "customer-portal", "prod", "Root/Workloads/Production"),
    ("shared-platform-prod", "shared-platform", "prod", "Root/Infrastructure"),
    ("data-platform-prod", "data-platform", "prod", "Root/Workloads/Production"),
    ("hr-systems-prod", "hr-systems", "prod", "Root/Workloads/Production"),
    ("customer-portal-dev", "customer-portal", "dev", "Root/Workloads/Non-production"),
    ("data-platform-dev", "data-platform", "dev", "Root/Workloads/Non-production"),
    ("old-website", "customer-portal", "prod", "Root/Suspended"),
    ("payments-test", "payments", "test", "Root/Workloads/Non-production"),
    ("hr-systems-test", "hr-systems", "test", "Root/Workloads/Non-production"),
    ("customer-portal-test", "customer-portal", "test", "Root/Workloads/Non-production"),
    ("payments-dev", "payments", "dev", "Root/Workloads/Non-production"),
)
SUSPENDED, DENIED = "old-website", "data-platform-dev"
HUB_OFF, RECORDER_OFF = ("hr-systems-prod", -1), ("customer-portal-dev", 1)  # (account, index of the region)


@dataclass
class Account:
    """state: as Organizations has it. role_denied: the member role is missing there."""

    id: str
    name: str
    solution: str
    environment: str
    ou_path: str
    joined: int
    state: str = "ACTIVE"
    role_denied: bool = False

    @property
    def email(self) -> str:
        return f"aws+{self.name}@example.org"


@dataclass
class Organisation:
    """accounts by id; the first is the management account, the second the hub (delegated administrator)."""

    accounts: dict[str, Account]
    id: str
    root_id: str
    ous: dict[str, str] = field(default_factory=dict)  # OU path -> id

    @property
    def management(self) -> Account:
        return next(iter(self.accounts.values()))

    @property
    def hub(self) -> Account:
        return list(self.accounts.values())[1]

    def parent_id(self, path: str) -> str:
        return self.root_id if path == "Root" else self.ous[path]


def _token(rng: Random, length: int) -> str:
    return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(length))


def account_names(count: int) -> list[tuple[str, str, str, str]]:
    """The first `count` accounts; past the named ones, numbered environments of the solutions."""
    names = list((_CORE + _WORKLOADS)[:count])
    keys = [key for key in SOLUTIONS if key != "foundation"]
    number = 2
    while len(names) < count:
        for key in keys:
            for env in ("prod", "test", "dev"):
                ou = "Root/Workloads/Production" if env == "prod" else "Root/Workloads/Non-production"
                names.append((f"{key}-{env}-{number}", key, env, ou))
        number += 1
    return names[:count]


def organisation(seed: int | str, count: int, start: int) -> Organisation:
    """An organisation of `count` accounts (4 or more)."""
    if count < 4:
        raise ValueError("An organisation needs 4 accounts or more: management, audit, log archive and a workload.")
    rng = Random(f"{seed}/organisation")
    root_id = f"r-{_token(rng, 4)}"
    accounts: dict[str, Account] = {}
    for name, solution, environment, ou_path in account_names(count):
        number = str(rng.randrange(10**11, 10**12))
        joined = start - rng.randrange(200, 1500) * 86_400_000
        state = "SUSPENDED" if name == SUSPENDED else "ACTIVE"
        denied = name == DENIED
        accounts[number] = Account(number, name, solution, environment, ou_path, joined, state, denied)
    result = Organisation(accounts, f"o-{_token(rng, 10)}", root_id)
    paths = sorted({account.ou_path for account in accounts.values()} | {"Root/Workloads", "Root/Infrastructure"})
    for path in paths:
        if path != "Root":
            result.ous[path] = f"ou-{root_id[2:]}-{_token(rng, 8)}"
    return result
