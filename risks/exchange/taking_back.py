"""Taking an import back by another recorded entry: nothing is deleted, and what others did since stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from audit import clock, trail
from audit.models import TrailEntry
from controls.imports.refusals import Problem
from organisation.models import NotAllowed, Solution, User
from risks import assessing, registering, rights
from risks.exchange.applying import Done, Level, counting
from risks.exchange.columns import BY_NAME
from risks.exchange.known import when
from risks.models import Assessment, Category, Matrix, RegisterImport, Risk

ROWS: dict[str, Any] = {"solution": Solution, "category": Category, "owner": User}
Kind = Assessment.Kind


def take_back(undone: RegisterImport, entry: RegisterImport, *, by: User) -> tuple[list[Done], list[Problem]]:
    """What was set back, and what was left as it is, with why. Call it in a transaction."""
    done: list[Done] = []
    left: list[Problem] = []
    for one in reversed(undone.done):
        risk = registering.locked(Risk(pk=Risk.key_of(one["risk"])))
        back = _Back(risk, cast(Done, one), undone, entry, by)
        left.extend(Problem(risk.public_id, words) for words in back.run())
        if back.did:
            trail.record(by, "risk.import_taken_back", risk, register_import=entry.public_id, reverses=undone.public_id)
            done.append(back.done)
    return done, left


class _Back:
    """One risk's part of it. done: what it did, as applying.Done."""

    def __init__(self, risk: Risk, was: Done, undone: RegisterImport, entry: RegisterImport, by: User) -> None:
        self.risk, self.was, self.undone, self.entry, self.by = risk, was, undone, entry, by
        self.because = f"{entry.public_id}, {_('takes back')} {undone.public_id}: {entry.because}"
        self.done = Done(risk=risk.public_id, row=was["row"], added=False, fields={}, levels=[])
        self.did = False

    def run(self) -> Iterator[str]:
        """What it has to leave, in words."""
        for step in (self._close,) if self.was["added"] else (self._fields, self._levels):
            try:
                with transaction.atomic():
                    yield from step()
            except NotAllowed as no:
                yield str(no)

    def _close(self) -> Iterator[str]:
        """The portal proposes, who takes it back confirms; where they may not, whoever answers for it does."""
        for level in self.was["levels"]:
            self._decline(Assessment.objects.get(pk=level["assessment"]))
        held = registering.locked(self.risk)
        if held.closed_at:
            yield _("It was added, and is closed already.")
            return
        rights.refuse(rights.challenge_refusal(held))
        if held.closure_proposed_at is None:
            held.closure_proposed_at, held.closure_proposed_by = clock.now(), None
            held.closure_because = _("Taken back by %(id)s") % {"id": self.entry.public_id}
            held.save_version(read=held.version)
            trail.record("portal", "risk.closure_proposed", held, because=held.closure_because)
        self.did = True
        if rights.confirm_closing_refusal(held, self.by):
            told = {"who": rights.names(rights.answering(held))}
            yield _("It was added; its closing is proposed, and confirmed by who answers for it: %(who)s.") % told
        else:
            registering.confirm_closing(held, by=self.by)

    def _fields(self) -> Iterator[str]:
        now = self.risk.told
        back = {name: before for name, (before, after) in self.was["fields"].items() if now[name] == after}
        others = [str(BY_NAME[name].head) for name in self.was["fields"] if name not in back]
        if back:
            said = {name: _value(name, before) for name, before in back.items()}
            registering.change(self.risk, read=self.risk.version, by=self.by, because=self.because, **said)
            self.done["fields"] = {name: [now[name], before] for name, before in back.items()}
            self.did = True
        if others:
            yield _("%(fields)s: changed since by %(who)s on %(on)s.") % {"fields": ", ".join(others), **self._since()}

    def _since(self) -> dict[str, str]:
        """Who changed it last, and when."""
        acts = TrailEntry.objects.about("risk", self.risk.public_id).last_first()
        last = acts.filter(action__in=["risk.changed", "risk.reviewed"]).first()
        return when(last) if last else {"who": "–", "on": "–"}

    def _levels(self) -> Iterator[str]:
        for level in self.was["levels"]:
            stated = Assessment.objects.select_related("confirmed_by", "matrix").get(pk=level["assessment"])
            if stated.confirmed_at is None:
                self._decline(stated)
            elif words := self._level(level, stated):
                yield f"{_('%(kind)s level') % {'kind': Kind(level['kind']).label}}: {words}"

    def _decline(self, stated: Assessment) -> None:
        if stated.confirmed_at is None and stated.declined_at is None:
            assessing.decline(stated, because=self.because, by=self.by)
            self.did = True

    def _level(self, level: Level, stated: Assessment) -> str:
        """State the earlier one again; or why that is left."""
        now = counting(self.risk, level["kind"])
        matrix = Matrix.objects.in_force(clock.now())
        if now is None or now.pk != stated.pk:
            return _("another one was stated since.")
        if stated.confirmed_by != stated.proposed_by and stated.confirmed_by and stated.confirmed_at:
            told = {"who": stated.confirmed_by.name, "on": date_format(stated.confirmed_at, "j M Y, H:i")}
            return _("%(who)s confirmed it on %(on)s.") % told
        if level["before"] is None:
            return _("none was stated before, and a stated one is followed by another, never taken away.")
        before = Assessment.objects.select_related("matrix").get(pk=level["before"])
        if before.matrix != matrix:
            told = {"level": before.label, "matrix": before.matrix.public_id}
            return _("the earlier one (%(level)s) was stated on %(matrix)s, which is in force no longer.") % told
        cell = {"likelihood": before.likelihood, "impact": before.impact}
        made = assessing.state(self.risk, level["kind"], **cell, because=self.because, by=self.by)
        self.done["levels"].append(Level(kind=level["kind"], assessment=made.pk, before=stated.pk))
        self.did = True
        return ""


def _value(name: str, told: Any) -> Any:
    """A field's value from what the trail keeps of it. Dates come back as text."""
    if name in ROWS:
        return ROWS[name].objects.get(pk=ROWS[name].key_of(told))
    if name == "review_on":
        return Risk._meta.get_field("review_on").to_python(told)
    return told
