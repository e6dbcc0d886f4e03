from desk.models.comment import Comment, Mention
from desk.models.job import Job
from desk.models.mail import Group, Mail, MailChoice
from desk.models.notice import Notice
from desk.models.outbox import OutboxMessage
from desk.models.watch import Watch

__all__ = ["Comment", "Group", "Job", "Mail", "MailChoice", "Mention", "Notice", "OutboxMessage", "Watch"]
