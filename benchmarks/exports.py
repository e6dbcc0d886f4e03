"""The explorer's whole list as a file, made as a worker makes it."""

from __future__ import annotations

import time
from typing import Any

from django.http import QueryDict

from audit.moment import Moment
from benchmarks import people
from benchmarks.history import peak_mb
from findings import exporting
from findings.models import Export
from organisation.models import User

FORMS = (Export.Form.CSV, Export.Form.JSON_LINES)


def measured() -> dict[str, Any]:
    """Form → rows, seconds, rates and size of its file; peak_mb of the process that made them all."""
    return {**{form.value: _made(form) for form in FORMS}, "peak_mb": peak_mb()}


def _made(form: Export.Form) -> dict[str, Any]:
    person = User.objects.get(email=people.EMAILS["second"])
    asked = exporting.drawn_up(QueryDict(), form, Moment.now(), by=person)
    export = exporting.ask(asked, lambda key: None)
    began = time.perf_counter()
    exporting.run(export.pk)
    seconds = time.perf_counter() - began
    export.refresh_from_db()
    exporting.storage().delete(export.file)
    return {
        "rows": export.rows,
        "seconds": round(seconds, 2),
        "per_second": round(export.rows / seconds),
        "mb": round((export.size or 0) / 1e6),
    }
