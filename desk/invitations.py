from uuid import uuid4

from django.utils.translation import gettext as _

from desk.models import OutboxMessage
from organisation.models import User


def write_invitation(person: User, link: str) -> None:
    body = _(
        "Hello %(name)s,\n\n"
        "you are invited to the compliance portal. Set your password here, within three days:\n\n%(link)s\n\n"
        "The link works once. If you did not expect it, tell your administrator."
    ) % {"name": person.name, "link": link}
    OutboxMessage.objects.write(
        f"invitation:{uuid4()}", to=person.email, subject=_("Your log-in to the compliance portal"), body=body
    )
