"""A live test that somebody waits for: a job that asks AWS in a worker, and can be left and found again."""

from __future__ import annotations

import re
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from audit import clock
from desk.models import Job
from desk.models.job import JobQuerySet
from findings import onboarding
from findings.models import Connection
from organisation.models import User

KIND = "connection.test"
LONGEST = timedelta(minutes=5)
"""A test that has not ended by then was lost with its worker; another one may begin."""


def jobs_of(connection: Connection) -> JobQuerySet:
    return Job.objects.filter(kind=KIND, subject=connection.public_id)


@transaction.atomic
def requested(connection: Connection, *, by: User) -> tuple[Job, bool]:
    """A job that tests the connection, and whether it is a new one."""
    at = clock.now()
    Connection.objects.select_for_update().get(pk=connection.pk)
    for job in jobs_of(connection).unfinished():
        if at - job.requested_at < LONGEST:
            return job, False
        job.finish(Job.State.FAILED, step=_("No worker ended it in time"))
    job = Job.objects.create(
        kind=KIND,
        subject=connection.public_id,
        title=f"Test {connection.name}"[:200],
        requested_by=by,
        requested_at=at,
    )
    return job, True


def run(job_id: int) -> None:
    """Do what the job asks for. A job that has ended is left as it is."""
    job = Job.objects.select_related("requested_by").get(pk=job_id)
    if job.is_finished:
        return
    connection = Connection.objects.get(pk=Connection.key_of(job.subject))
    job.begin(total=0, step=_("Asking AWS, step by step"))
    try:
        steps = onboarding.test(connection, by=job.requested_by or KIND)
    except Exception:
        job.finish(Job.State.FAILED, step="The test ended with an error of the portal's own; its log has the details")
        raise
    failed = [step.step for step in steps if step.ok is False]
    if failed:
        job.finish(Job.State.PARTLY, step=_("Not in order: %(failed)s") % {"failed": ", ".join(failed)})
    else:
        job.finish(Job.State.DONE, step=_("Everything that is needed answers"))


def known_caller(connection: Connection) -> str:
    """The portal's own ARN as the last test learnt it, else empty."""
    for row in connection.test_report:
        if row["step"] == "Who we are" and (found := re.search(r"arn:[^\s]+[^\s.]", row["words"])):
            return found[0]
    return ""
