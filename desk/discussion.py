"""Talking about something: comments, whom they mention, who is told."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from audit import clock, trail
from audit.words import kept
from desk import watching
from desk.mentions import mentioned_in
from desk.models import Comment, Mention, Watch
from desk.notices import notify
from desk.subjects import Subject, seen_or_404
from organisation.models import User

MENTION, COMMENT = "mention", "comment"
"""Kinds of notices: somebody mentioned you; somebody commented on what you watch."""


@transaction.atomic
def write(subject: Subject, text: str, *, by: User, picked: Iterable[str] = ()) -> Comment:
    """Who wrote, is mentioned or owns it watches it from now on. Raises NotAllowed where a mention would be in vain.

    picked: public ids of the people who were chosen from the list.
    """
    mentioned = mentioned_in(text, subject, picked)
    comment = Comment.objects.create(kind=subject.kind, subject=subject.public_id, author=by, at=clock.now(), text=text)
    Mention.objects.bulk_create(
        Mention(comment=comment, person=person, as_written=name) for person, name in mentioned.items()
    )
    told = [person.public_id for person in mentioned]
    trail.record(by, "comment.written", comment, about=[subject.kind, subject.public_id], mentioned=told)
    watching.begin(subject, [by], Watch.Because.WROTE)
    watching.begin(subject, mentioned, Watch.Because.MENTIONED)
    said = {"who": by.name, "id": subject.public_id, "title": subject.title, "text": text}
    others = [person for person in mentioned if person != by]
    words = kept("%(who)s mentioned you on %(id)s %(title)s: %(text)s") % said
    notify(others, MENTION, words, url=f"{subject.url}#discussion", subject=subject.public_id, by=by)
    words = kept("%(who)s commented on %(id)s %(title)s: %(text)s") % said
    watching.tell(subject, COMMENT, words, by=by, but=mentioned, place="#discussion")
    return comment


def subject_of(comment: Comment, user: User) -> Subject:
    """What a comment is about, where this person may see it. Raises Http404."""
    return seen_or_404(comment.kind, comment.subject, user)
