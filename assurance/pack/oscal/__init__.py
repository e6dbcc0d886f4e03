"""A pack in OSCAL: what was asked, of which system, how it was assessed and what was found.

Written as OSCAL's JSON and held against trestle's models as it is made. Ids are uuid5 of public ids, every moment is
the pack's, and every reference leads to a file of the pack.
"""

from __future__ import annotations

from assurance.pack.contents import Contents
from assurance.pack.oscal import asked, found, open_items
from assurance.pack.oscal.parts import as_json


def documents(contents: Contents) -> dict[str, bytes]:
    """By file name; each names the others by theirs. No plan of action without an open item: OSCAL wants one."""
    told = {
        "catalog.json": asked.catalog(contents),
        "profile.json": asked.profile(contents),
        "ssp.json": asked.system_security_plan(contents),
        "assessment-plan.json": found.assessment_plan(contents),
        "assessment-results.json": found.assessment_results(contents),
        "poam.json": open_items.plan_of_action(contents),
    }
    return {name: as_json(one) for name, one in told.items() if one}
