"""Names that people can say: R-41, F-1207. Integer keys stay inside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

from django.db import models
from django.http import Http404

Row = TypeVar("Row", bound=models.Model)


def whole_number(text: str) -> int | None:
    """The number from 0 on that this text is; None where it is none, or longer than any key."""
    return int(text) if text.isdecimal() and len(text) <= 18 else None


class PublicId(models.Model):
    """A model whose rows have a public id: its prefix, a hyphen and the key."""

    public_prefix: ClassVar[str]

    class Meta:
        abstract = True

    @property
    def public_id(self) -> str:
        return f"{self.public_prefix}-{self.pk}"

    @classmethod
    def key_of(cls, public_id: str) -> int:
        """The integer key inside a public id. Raises Http404 when it is none of this model's."""
        key = cls.key_in(public_id.upper())
        if key is None:
            raise Http404(f"{public_id} is not a {cls._meta.verbose_name} id")
        return key

    @classmethod
    def key_in(cls, text: str) -> int | None:
        """The integer key, where this text may be a public id of this model."""
        prefix, _, key = text.rpartition("-")
        return whole_number(key) if prefix == cls.public_prefix else None

    @classmethod
    def called(cls, words: str) -> models.Q:
        """The row whose public id, or its number alone, somebody typed; none where it is neither."""
        key = whole_number(words.upper().removeprefix(f"{cls.public_prefix}-"))
        return models.Q(pk__in=[] if key is None else [key])


def get_or_404(rows: models.QuerySet[Row], public_id: str) -> Row:
    """The row of `rows` with this public id. Raises Http404."""
    model: Any = rows.model
    row = rows.filter(pk=model.key_of(public_id)).first()
    if row is None:
        raise Http404(f"There is no {public_id}, or it is not yours to see")
    return row


def all_or_404(rows: models.QuerySet[Row], public_ids: Iterable[str]) -> list[Row]:
    """The rows of `rows` with these public ids, each once. One query. Raises Http404 where one is not there."""
    model: Any = rows.model
    keys = {model.key_of(one): one for one in public_ids}
    found = rows.in_bulk(list(keys)) if keys else {}
    if lacking := [public_id for key, public_id in keys.items() if key not in found]:
        raise Http404(f"There is no {', '.join(lacking)}, or it is not yours to see")
    return [found[key] for key in keys]
