import factory
from factory.django import DjangoModelFactory

from audit import clock
from desk.models import Comment, Job, Mail, Notice, OutboxMessage
from tests.factories.organisation import SolutionFactory, UserFactory


class JobFactory(DjangoModelFactory[Job]):
    """A job that waits; traits say how far it came."""

    class Meta:
        model = Job

    kind = "sync"
    title = factory.Sequence(lambda n: f"Read connection C-{n}")
    requested_by = factory.SubFactory(UserFactory, second_line=True)
    requested_at = factory.LazyFunction(clock.now)

    class Params:
        running = factory.Trait(
            state=Job.State.RUNNING,
            started_at=factory.LazyFunction(clock.now),
            total=10,
            done=4,
            step="Security Hub, eu-central-1",
        )
        finished = factory.Trait(
            state=Job.State.DONE,
            started_at=factory.LazyFunction(clock.now),
            finished_at=factory.LazyFunction(clock.now),
            total=10,
            done=10,
            step="1,200 findings read",
        )


class NoticeFactory(DjangoModelFactory[Notice]):
    class Meta:
        model = Notice

    person = factory.SubFactory(UserFactory, first_line=True)
    at = factory.LazyFunction(clock.now)
    kind = "drift"
    subject = "S-1"
    text = factory.Sequence(lambda n: f"Payments: {n} checks began to fail")
    url = "/"

    class Params:
        for_digest = factory.Trait(mail=Mail.DAILY)


class CommentFactory(DjangoModelFactory[Comment]):
    """Said about a solution; `withdrawn=True` by its author."""

    class Meta:
        model = Comment

    kind = "solution"
    subject = factory.LazyFunction(lambda: SolutionFactory().public_id)
    author = factory.SubFactory(UserFactory, second_line=True)
    at = factory.LazyFunction(clock.now)
    text = factory.Sequence(lambda n: f"Looked into it, {n} to go.")

    class Params:
        withdrawn = factory.Trait(withdrawn_at=factory.LazyFunction(clock.now), withdrawn_because="Wrong place")


class OutboxMessageFactory(DjangoModelFactory[OutboxMessage]):
    class Meta:
        model = OutboxMessage

    key = factory.Sequence(lambda n: f"invitation:{n}")
    to = factory.Sequence(lambda n: f"robin{n}@example.org")
    subject = "You are invited"
    body = "Set a password."
    written_at = factory.LazyFunction(clock.now)
