from findings.models.acceptance import Acceptance, accepted, accepted_by, not_accepted
from findings.models.check import Check
from findings.models.config_rule import ConfigRule
from findings.models.connection import Connection
from findings.models.coverage import CoverageSpan, Scope, SetAside, SweepSeen, SyncRun
from findings.models.export import Export
from findings.models.finding import Finding, FindingResource, FindingSpan
from findings.models.listener import Listener
from findings.models.load import Load
from findings.models.posture import AccountSum, CheckSum, PastMoment, PastPosture, Posture, PostureDay, PostureTotal
from findings.models.record import FindingRecord, RecordDictionary
from findings.models.resource import Resource
from findings.models.vocabulary import (
    CoverageState,
    RecordState,
    Severity,
    Source,
    Status,
    Workflow,
)
from findings.models.workflow_change import WorkflowChange

__all__ = [
    "Acceptance",
    "AccountSum",
    "Check",
    "CheckSum",
    "ConfigRule",
    "Connection",
    "CoverageSpan",
    "CoverageState",
    "Export",
    "Finding",
    "FindingRecord",
    "FindingResource",
    "FindingSpan",
    "Listener",
    "Load",
    "PastMoment",
    "PastPosture",
    "Posture",
    "PostureDay",
    "PostureTotal",
    "RecordDictionary",
    "RecordState",
    "Resource",
    "Scope",
    "SetAside",
    "Severity",
    "Source",
    "Status",
    "SweepSeen",
    "SyncRun",
    "Workflow",
    "WorkflowChange",
    "accepted",
    "accepted_by",
    "not_accepted",
]
