from controls.models.control import Control, Frequency, Inheritance
from controls.models.decision import MappingDecision
from controls.models.framework import Framework, FrameworkVersion, Superseded
from controls.models.mapping import CheckReference, Mapping, MappingSet
from controls.models.pack import PROCESS_CHECK, Pack, PackRule, PackVersion
from controls.models.provider_report import (
    ComplementaryAnswer,
    ComplementaryControl,
    GapLetter,
    ProviderReport,
    Reading,
)
from controls.models.requirement import Edition, Obligation, Profile, Requirement, Section, Selection
from controls.models.requirement_areas import AreaRule, RequirementAreas
from controls.models.responsibility import Area, Party, Responsibility, ResponsibilitySet, RunsAs, ServiceType
from controls.models.rollup import ControlSpan, RequirementSpan, RollUp
from controls.models.source import Import, SourceFile
from controls.models.statement import Applicability, Implementation
from controls.models.verdict import Verdict

__all__ = [
    "PROCESS_CHECK",
    "Applicability",
    "Area",
    "AreaRule",
    "CheckReference",
    "ComplementaryAnswer",
    "ComplementaryControl",
    "Control",
    "ControlSpan",
    "Edition",
    "Framework",
    "FrameworkVersion",
    "Frequency",
    "GapLetter",
    "Implementation",
    "Import",
    "Inheritance",
    "Mapping",
    "MappingDecision",
    "MappingSet",
    "Obligation",
    "Pack",
    "PackRule",
    "PackVersion",
    "Party",
    "Profile",
    "ProviderReport",
    "Reading",
    "Requirement",
    "RequirementAreas",
    "RequirementSpan",
    "Responsibility",
    "ResponsibilitySet",
    "RollUp",
    "RunsAs",
    "Section",
    "Selection",
    "ServiceType",
    "SourceFile",
    "Superseded",
    "Verdict",
]
