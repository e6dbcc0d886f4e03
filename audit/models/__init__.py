from audit.models.span import Span
from audit.models.trail import TrailEntry, TrailLink
from audit.models.version import RowVersion, StaleRow

__all__ = ["RowVersion", "Span", "StaleRow", "TrailEntry", "TrailLink"]
