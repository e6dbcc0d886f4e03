from evidence.models.attestation import Attestation
from evidence.models.evidence import Evidence, EvidenceLink
from evidence.models.hold import LegalHold
from evidence.models.request import EvidenceRequest, RequestStep
from evidence.models.request_import import RequestImport
from evidence.models.snapshot import Snapshot
from evidence.models.trail_head import TrailHead

__all__ = [
    "Attestation",
    "Evidence",
    "EvidenceLink",
    "EvidenceRequest",
    "LegalHold",
    "RequestImport",
    "RequestStep",
    "Snapshot",
    "TrailHead",
]
