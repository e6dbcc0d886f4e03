"""Who is told of an exception, a treatment or a challenge, and in which words."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from audit import clock
from desk.notices import notify
from organisation.models import Grant, Role, User
from risks.models import Challenge, Risk, RiskException, Treatment


def second_line() -> list[User]:
    return list(User.objects.active().with_role(Role.SECOND, clock.now()))


def concerned(exception: RiskException) -> list[User]:
    """Who asked, who accepted, and who answers for the risk."""
    people = [exception.asked_by, exception.accepted_by, exception.risk.owner if exception.risk else None]
    return list(dict.fromkeys(one for one in people if one))


def address(subject: RiskException | Treatment | Challenge) -> str:
    names = {RiskException: "risks:exception", Treatment: "risks:treatment", Challenge: "risks:challenge"}
    return reverse(names[type(subject)], args=[subject.public_id])


def tell(
    people: Iterable[User],
    kind: str,
    subject: RiskException | Treatment | Challenge,
    text: str,
    *,
    by: User | None = None,
    mail: bool = False,
) -> None:
    """Whoever did it is not told what they did."""
    others = [one for one in dict.fromkeys(people) if one != by]
    key = f"{kind}:{subject.public_id}:{getattr(subject, 'version', 0)}" if mail else ""
    notify(others, kind, text, url=address(subject), subject=subject.public_id, mail_key=key, by=by)


def of_solution(risk: Risk) -> list[User]:
    """Who owns the solution."""
    grants = Grant.objects.owners(clock.now()).filter(solution=risk.solution_id)
    return [one.person for one in grants.select_related("person")]
