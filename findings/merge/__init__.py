"""Staged rows become what the portal holds: staged by COPY, judged and merged by SQL in one transaction."""

from findings.merge.catalogue import merge_checks
from findings.merge.facts import Merged, stage_and_merge
from findings.merge.inventory import merge_inventory, reassign_solutions
from findings.merge.staging_tables import refresh_statistics
from findings.merge.sweep import Sweep, TooManyVanished

__all__ = [
    "Merged",
    "Sweep",
    "TooManyVanished",
    "merge_checks",
    "merge_inventory",
    "reassign_solutions",
    "refresh_statistics",
    "stage_and_merge",
]
