"""Findings by a word: of their check, their resource or their own title, or by an id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q

from findings.models import Check, Finding, FindingResource, Resource

SHORT = 3
"""Shorter words are looked for among checks only: the indexes of resources and titles hold three letters at a time."""
MANY = 10_000
"""So many findings of resources, titles and ids are named one by one; more are left to the database to pick."""


@dataclass(frozen=True)
class Search:
    """text: what somebody typed. A public id (F-12, K-12, A-9) means just that; AWS's own id is asked for in full."""

    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def is_short(self) -> bool:
        return len(self.text) < SHORT

    def spans(self) -> Q:
        """The condition on spans."""
        found = Q(check_ran__in=self._checks)
        if self._few is not None:
            return found | Q(finding__in=self._few)
        for some in self._findings():
            found |= Q(finding__in=some)
        return found

    def postures(self) -> Q | None:
        """The same condition on postures; None where they cannot tell, since not only checks match."""
        return Q(check_ran__in=self._checks) if self._few == [] else None

    @cached_property
    def _checks(self) -> list[int]:
        if self._is_id_of(Finding, Resource):
            return []
        if self._is_id_of(Check):
            return [Check.key_of(self.text)]
        return list(Check.objects.naming(self.text).values_list("pk", flat=True))

    @cached_property
    def _few(self) -> list[int] | None:
        """Findings that match by more than their check; None where they are too many to be named."""
        if self._is_id_of(Finding):
            return [Finding.key_of(self.text)]
        if not (some := self._findings()):
            return []
        found = list(some[0].union(*some[1:], all=True)[: MANY + 1])
        return found if len(found) <= MANY else None

    def _findings(self) -> list[Any]:
        """Queries of keys: by resource, by title and by AWS's id."""
        links = FindingResource.objects.order_by().values_list("finding", flat=True)
        if self._is_id_of(Resource):
            return [links.filter(resource=Resource.key_of(self.text))]
        if self.is_short or self._is_id_of(Finding, Check):
            return []
        return [
            links.filter(resource__in=Resource.objects.naming(self.text)),
            Finding.objects.titled(self.text).values_list("pk", flat=True),
            Finding.objects.called(self.text).values_list("pk", flat=True),
        ]

    def _is_id_of(self, *models: Any) -> bool:
        prefixes = "|".join(model.public_prefix for model in models)
        return bool(re.fullmatch(rf"({prefixes})-\d{{1,18}}", self.text, re.IGNORECASE))
