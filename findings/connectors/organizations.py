"""AWS Organizations: accounts and where they stand in the tree. And the regions that are open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from findings.aws import Service

OPEN = ("ENABLED", "ENABLED_BY_DEFAULT")
IN_USE = ("ACTIVE", "PENDING_ACTIVATION", "")


@dataclass(frozen=True)
class ListedAccount:
    """An account as Organizations lists it. ou_path: names from the root, by /."""

    account_id: str
    name: str = ""
    email: str = ""
    state: str = ""
    ou_path: str = ""

    @property
    def in_use(self) -> bool:
        return self.state in IN_USE


def accounts(organizations: Service) -> Iterator[ListedAccount]:
    """Every account of the organisation. Source: organizations:ListAccounts. Raises ClientError.

    Only the management account and delegated administrators may ask.
    """
    rows = list(organizations.items("list_accounts", "Accounts"))
    units = _units(organizations)
    placed = _placed(organizations, units) if any("Paths" not in row for row in rows) else {}
    for row in rows:
        paths = row.get("Paths") or ()
        unit = paths[0].rstrip("/").split("/")[-2] if paths else placed.get(row["Id"], "")
        yield ListedAccount(
            account_id=row["Id"],
            name=row.get("Name", ""),
            email=row.get("Email", ""),
            state=row.get("State") or row.get("Status") or "",
            ou_path=units.get(unit, ""),
        )


def _units(organizations: Service) -> dict[str, str]:
    """Id of each root and organisational unit → its path of names."""
    found: dict[str, str] = {}
    waiting = [(row["Id"], row.get("Name", "Root")) for row in organizations.items("list_roots", "Roots")]
    while waiting:
        unit, path = waiting.pop()
        found[unit] = path
        children = organizations.items("list_organizational_units_for_parent", "OrganizationalUnits", ParentId=unit)
        waiting += [(row["Id"], f"{path}/{row['Name']}") for row in children]
    return found


def _placed(organizations: Service, units: dict[str, str]) -> dict[str, str]:
    """Account id → the unit it stands in, for answers without paths."""
    return {
        row["Id"]: unit
        for unit in units
        for row in organizations.items("list_accounts_for_parent", "Accounts", ParentId=unit)
    }


def open_regions(account: Service) -> list[str]:
    """Regions that are open to the account. Source: account:ListRegions. Raises ClientError."""
    rows = account.items("list_regions", "Regions", RegionOptStatusContains=list(OPEN), MaxResults=50)
    return sorted(row["RegionName"] for row in rows if row.get("RegionOptStatus") in OPEN)
