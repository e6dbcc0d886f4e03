"""AWS's published rates, enforced with --rates: token buckets by account, Region and operation.

Sources: the Security Hub API model's own documentation; Organizations quotas page; IAM and STS quotas page.
"""

from __future__ import annotations

import time

# (requests a second, burst)
_RATES: dict[tuple[str, str], tuple[float, float]] = {
    ("securityhub", "GetFindings"): (3, 6),
    ("securityhub", "BatchUpdateFindings"): (10, 30),
    ("securityhub", "BatchImportFindings"): (10, 30),
    ("organizations", "ListAccounts"): (8, 12),
    ("organizations", "ListAccountsForParent"): (5, 8),
    ("organizations", "ListOrganizationalUnitsForParent"): (5, 8),
    ("organizations", "ListDelegatedAdministrators"): (5, 8),
    ("organizations", "DescribeOrganization"): (1, 2),
    ("organizations", "ListRoots"): (1, 2),
}
_DEFAULT: dict[str, tuple[float, float]] = {"securityhub": (10, 30), "sts": (600, 600)}


class Rates:
    """Buckets fill in real time, whatever the simulated clock says."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str, str, str], tuple[float, float]] = {}

    def allows(self, service: str, operation: str, account: str, region: str) -> bool:
        """Take one token; False when there is none. Operations without a published rate always pass."""
        rate = _RATES.get((service, operation)) or _DEFAULT.get(service)
        if rate is None:
            return True
        key, now = (service, operation, account, region), time.monotonic()
        left, last = self._buckets.get(key, (rate[1], now))
        left = min(rate[1], left + (now - last) * rate[0])
        self._buckets[key] = (left - 1 if left >= 1 else left, now)
        return left >= 1
