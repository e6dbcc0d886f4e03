from assurance.models.audit_finding import AuditFinding, AuditFindingStep
from assurance.models.engagement import Engagement, TeamMember
from assurance.models.pack import Pack, PackFile
from assurance.models.sample import Population, Sample, SampleItem
from assurance.models.test import ControlTest, TestStep

__all__ = [
    "AuditFinding",
    "AuditFindingStep",
    "ControlTest",
    "Engagement",
    "Pack",
    "PackFile",
    "Population",
    "Sample",
    "SampleItem",
    "TeamMember",
    "TestStep",
]
