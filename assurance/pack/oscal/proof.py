"""OSCAL documents held against trestle's models, in a process of its own: the models are large, and go with it.

Asked on standard input: a document a line, as JSON. Ends with 1, and pydantic's words, where one is no OSCAL.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic import ValidationError
from trestle.oscal.assessment_plan import AssessmentPlan
from trestle.oscal.assessment_results import AssessmentResults
from trestle.oscal.catalog import Catalog
from trestle.oscal.poam import PlanOfActionAndMilestones
from trestle.oscal.profile import Profile
from trestle.oscal.ssp import SystemSecurityPlan

MODELS: dict[str, Any] = {
    "catalog": Catalog,
    "profile": Profile,
    "system-security-plan": SystemSecurityPlan,
    "assessment-plan": AssessmentPlan,
    "assessment-results": AssessmentResults,
    "plan-of-action-and-milestones": PlanOfActionAndMilestones,
}

if __name__ == "__main__":
    for each in sys.stdin.buffer:
        ((name, said),) = json.loads(each).items()
        try:
            MODELS[name].model_validate(said)
        except ValidationError as no:
            sys.exit(str(no))
