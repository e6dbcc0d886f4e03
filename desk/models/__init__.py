from desk.models.job import Job
from desk.models.notice import Notice
from desk.models.outbox import OutboxMessage

__all__ = ["Job", "Notice", "OutboxMessage"]
