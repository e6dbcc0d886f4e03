from risks.models.appetite import Appetite, Authority, Category
from risks.models.assessment import Assessment
from risks.models.challenge import Challenge
from risks.models.exception import ExceptionStep, RiskException
from risks.models.matrix import FEWEST, MOST, Matrix
from risks.models.register_import import RegisterImport
from risks.models.risk import WRITTEN, Risk, RiskControl, RiskFindings
from risks.models.treatment import Treatment, TreatmentAction, TreatmentCheck
from risks.models.triage import Triage

__all__ = [
    "FEWEST",
    "MOST",
    "WRITTEN",
    "Appetite",
    "Assessment",
    "Authority",
    "Category",
    "Challenge",
    "ExceptionStep",
    "Matrix",
    "RegisterImport",
    "Risk",
    "RiskControl",
    "RiskException",
    "RiskFindings",
    "Treatment",
    "TreatmentAction",
    "TreatmentCheck",
    "Triage",
]
