"""A pack in OSCAL: what was asked, of which system, how it was assessed and what was found.

Written as OSCAL's JSON and held against trestle's models as it is made. Ids are uuid5 of public ids, every moment is
the pack's, and every reference leads to a file of the pack.
"""

from __future__ import annotations

from pathlib import Path

import orjson

from assurance import apart
from assurance.pack.contents import Contents
from assurance.pack.oscal import asked, found, open_items

PROOF = Path(__file__).with_name("proof.py")


def documents(contents: Contents) -> dict[str, bytes]:
    """By file name; each names the others by theirs. No plan of action without an open item: OSCAL wants one.

    Raises apart.Failed where trestle's models refuse one.
    """
    told = {
        "catalog.json": asked.catalog(contents),
        "profile.json": asked.profile(contents),
        "ssp.json": asked.system_security_plan(contents),
        "assessment-plan.json": found.assessment_plan(contents),
        "assessment-results.json": found.assessment_results(contents),
        "poam.json": open_items.plan_of_action(contents),
    }
    written = {name: one for name, one in told.items() if one}
    apart.run(PROOF, told=b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in written.values()))
    shown = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return {name: orjson.dumps(one, option=shown) for name, one in written.items()}
