"""Telling people something: under the bell always, and by e-mail as each of them chose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.words import in_the_organisations_language
from desk import letters
from desk.models import Group, Mail, MailChoice, Notice, OutboxMessage
from desk.models.mail import UNTIL_CHOSEN
from organisation.delegating import day
from organisation.models import Delegation, User

_groups: dict[str, Group] = {}


def register(kind: str, group: Group) -> None:
    """Say by what people choose about notices of a kind. What nobody registered is everything else."""
    _groups[kind] = group


def group_of(kind: str) -> Group:
    return _groups.get(kind, Group.OTHER)


@transaction.atomic
def notify(
    people: User | Iterable[User],
    kind: str,
    text: str,
    *,
    url: str = "",
    subject: str = "",
    mail_key: str = "",
    by: User | None = None,
    alone: bool = False,
) -> list[Notice]:
    """Put a notice under the bell of each active person, once each, and mail it as they chose for its group.

    Whoever stands in for one of them today is told too, unless it was `by` them, or is for them `alone`.
    kind: what it is about, e.g. "drift". url: a path of the portal. subject: a public id.
    mail_key: for what concerns security: it goes by e-mail at once whatever they chose; the same key never sends
    twice to the same person.
    """
    chosen = {person.pk: person for person in ([people] if isinstance(people, User) else people)}
    words = dict.fromkeys((person for person in chosen.values() if person.is_active), text)
    if not alone and group_of(kind) != Group.WORK:
        words |= _copies(words, by)
    at, said = clock.now(), {"kind": kind, "url": url, "subject": subject}
    mails = dict.fromkeys([one.pk for one in words], Mail.NOW) if mail_key else _mails(words, group_of(kind))
    rows = [
        Notice(
            person=one, text=told[:300], at=at, mail=mails[one.pk],
            mailed_at=at if mails[one.pk] == Mail.NOW else None, **said,
        )
        for one, told in words.items()
    ]  # fmt: skip
    made = Notice.objects.bulk_create(rows)
    for notice in made:
        if notice.mail == Mail.NOW:
            key = f"{mail_key}:{notice.person.public_id}" if mail_key else f"notice:{notice.public_id}"
            with translation.override(notice.person.reads):
                title, body = letters.of_notice(notice, words[notice.person])
            OutboxMessage.objects.write(key, to=notice.person.email, subject=title, body=body)
    return made


@in_the_organisations_language
def _copies(words: Mapping[User, str], by: User | None) -> dict[User, str]:
    """What those are told who stand in for somebody who is away, and are not told themselves."""
    copies: dict[User, str] = {}
    for one in Delegation.objects.counting(clock.now()).filter(delegator__in=list(words)).listed():
        if one.delegate not in words and one.delegate != by:
            away = _("For %(name)s, who is away until %(until)s: %(text)s")
            told = {"name": one.delegator.name, "until": day(one.last_moment), "text": words[one.delegator]}
            copies[one.delegate] = away % told
    return copies


def _mails(people: Iterable[User], group: Group) -> dict[int, Mail]:
    said = MailChoice.objects.filter(person__in=people, group=group).values_list("person_id", "mail")
    chosen = {person: Mail(mail) for person, mail in said}
    return {person.pk: chosen.get(person.pk, UNTIL_CHOSEN[group]) for person in people}


def choices_of(person: User) -> dict[Group, Mail]:
    """What holds for a person, group by group."""
    said = {Group(one.group): Mail(one.mail) for one in person.mail_choices.all()}
    return {group: said.get(group, UNTIL_CHOSEN[group]) for group in Group}


@transaction.atomic
def choose(person: User, wanted: Mapping[Group, Mail]) -> None:
    """From now on; what waits for the mail of the day in a group that is never mailed waits no longer."""
    before = choices_of(person)
    changed = {group: mail for group, mail in wanted.items() if before[group] != mail}
    if not changed:
        return
    for group, mail in changed.items():
        MailChoice.objects.update_or_create(person=person, group=group, defaults={"mail": mail})
    waiting = Notice.objects.visible_to(person).for_digest(clock.now())
    given_up = [one.pk for one in waiting if changed.get(group_of(one.kind)) == Mail.NEVER]
    Notice.objects.filter(pk__in=given_up).update(mail=Mail.NEVER)
    told = {group.value: [before[group].value, mail.value] for group, mail in changed.items()}
    trail.record(person, "person.mail_chosen", person, changed=told)
