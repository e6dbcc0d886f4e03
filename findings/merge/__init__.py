"""Staged rows become what the portal holds: staged by COPY, judged and merged by SQL in one transaction."""

from findings.merge.ahead import Ahead, Made
from findings.merge.catalogue import merge_checks
from findings.merge.facts import Merged, stage_and_merge, stage_made, tell_resources
from findings.merge.inventory import merge_inventory, reassign_solutions
from findings.merge.ratings import score_copies
from findings.merge.rules import merge_rules
from findings.merge.staging_tables import refresh_statistics
from findings.merge.sweep import Sweep, TooManyVanished, end_place

__all__ = [
    "Ahead",
    "Made",
    "Merged",
    "Sweep",
    "TooManyVanished",
    "end_place",
    "merge_checks",
    "merge_inventory",
    "merge_rules",
    "reassign_solutions",
    "refresh_statistics",
    "score_copies",
    "stage_and_merge",
    "stage_made",
    "tell_resources",
]
