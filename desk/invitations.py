from uuid import uuid4

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from audit import clock
from desk.models import OutboxMessage
from desk.notices import notify
from organisation.models import Role, User


def write_invitation(person: User, link: str) -> None:
    with translation.override(person.reads):
        subject = _("Your log-in to the compliance portal")
        body = _(
            "Hello %(name)s,\n\n"
            "you are invited to the compliance portal. Set your password here, within three days:\n\n%(link)s\n\n"
            "The link works once. If you did not expect it, tell your administrator."
        ) % {"name": person.name, "link": link}
    OutboxMessage.objects.write(f"invitation:{uuid4()}", to=person.email, subject=subject, body=body)


def groups_are_at_odds(person: User, words: str) -> None:
    """To every administrator but the person themselves."""
    administrators = User.objects.active().with_role(Role.ADMINISTRATOR, clock.now()).exclude(pk=person.pk)
    page = reverse("organisation:person", args=[person.public_id])
    notify(administrators, "groups", words, url=page, subject=person.public_id)
