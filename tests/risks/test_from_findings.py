"""A finding group becomes a risk or joins one, in two clicks from where it stands."""

from __future__ import annotations

from typing import Any

import pytest

from findings.models import Finding, Status
from risks.models import Risk, RiskFindings
from tests.conftest import LogIn
from tests.factories.controls import ControlFactory
from tests.factories.findings import CheckFactory, FindingFactory
from tests.factories.risks import RiskControlFactory, RiskFactory, RiskFindingsFactory
from tests.findings_pages.reading_pages import counted, words
from tests.risks.people import World

pytestmark = pytest.mark.django_db


def failing(world: World) -> Finding:
    check = CheckFactory(title="S3 buckets should block public access", description="It tells whether they do.")
    found: Finding = FindingFactory(check_ran=check, solutions=[world.payments])
    counted()
    return found


def key(world: World, finding: Finding) -> str:
    return f"{finding.check_ran.public_id}-{finding.account}-{world.payments.public_id}"


def test_from_the_finding_s_page_it_becomes_a_risk_in_two_clicks(world: World, log_in: LogIn) -> None:
    finding = failing(world)
    cleo = log_in(world.cleo)
    address = f"/risks/from/{key(world, finding)}/"
    assert f'href="{address}"' in cleo.get(f"/findings/{finding.public_id}/").content.decode()
    form = cleo.get(address).context["form"]
    assert form.initial["title"] == f"S3 buckets should block public access: fails in {finding.account}"
    assert form.initial["event"] == "It tells whether they do."
    assert form.initial["owner"] == world.ben.pk, "the solution's owner"
    answer: Any = cleo.post(address, {**form.initial})
    made = Risk.objects.latest("pk")
    assert answer.url == f"/risks/{made.public_id}/"
    assert (made.solution, made.owner, made.added_by) == (world.payments, world.ben, world.cleo.public_id)
    link = RiskFindings.objects.get()
    assert (link.risk, link.check_ran, link.account) == (made, finding.check_ran, finding.account)
    told = words(cleo.get(f"/findings/{finding.public_id}/"))
    assert f"S3 buckets should block public access: fails in {finding.account} {made.public_id}" in told


def test_from_the_check_s_page_it_joins_a_risk_in_two_clicks(world: World, log_in: LogIn) -> None:
    finding = failing(world)
    RiskFactory(solution=world.payments, title="Queues fill")
    elsewhere = RiskFactory()
    cleo = log_in(world.cleo)
    address = f"/risks/from/{key(world, finding)}/join/"
    assert f'href="{address}"' in cleo.get(f"/findings/checks/{finding.check_ran.public_id}/").content.decode()
    page = cleo.get(f"{address}?q=leak")
    assert [one["risk"] for one in page.context["offered"]] == [world.risk]
    answer: Any = cleo.post(f"{address}{world.risk.public_id}/")
    assert answer.url == f"/risks/{world.risk.public_id}/"
    assert RiskFindings.objects.get().risk == world.risk
    assert cleo.post(f"{address}{elsewhere.public_id}/").status_code == 404
    again = cleo.get(address)
    assert [one["risk"].title for one in again.context["offered"]] == ["Queues fill"], "not what it joined already"
    assert f"shows already {world.risk.public_id}" in words(again)


def test_who_has_no_part_in_it_is_told_nothing_and_the_other_lines_do_not_act(world: World, log_in: LogIn) -> None:
    finding = failing(world)
    address = f"/risks/from/{key(world, finding)}/"
    assert log_in(world.dee).get(address).status_code == 404
    for browser in (log_in(world.ines), log_in(third_line=True)):
        assert browser.get(address).status_code == 403
        assert address not in browser.get(f"/findings/{finding.public_id}/").content.decode()
    for nonsense in ("K-1", "K-9-111111111111-S-1", f"K-999999-{finding.account}-{world.payments.public_id}"):
        assert log_in(world.cleo).get(f"/risks/from/{nonsense}/").status_code == 404


def test_nothing_is_made_of_what_fails_no_more(world: World, log_in: LogIn) -> None:
    finding = FindingFactory(status=Status.PASS, solutions=[world.payments])
    counted()
    cleo = log_in(world.cleo)
    answer = cleo.get(f"/risks/from/{key(world, finding)}/", follow=True)
    assert "there is nothing to make a risk of" in words(answer)
    assert "Make it a risk" not in words(cleo.get(f"/findings/{finding.public_id}/"))


def test_pages_of_what_a_risk_is_linked_to_name_it_to_who_may_see_it(world: World, log_in: LogIn) -> None:
    finding = failing(world)
    RiskFindingsFactory(risk=world.risk, check_ran=finding.check_ran)
    RiskFindingsFactory(risk=RiskFactory(title="Elsewhere"), check_ran=finding.check_ran)
    control = ControlFactory()
    RiskControlFactory(risk=world.risk, control=control)
    pages = (
        f"/findings/{finding.public_id}/",
        f"/findings/checks/{finding.check_ran.public_id}/",
        f"/controls/{control.public_id}/",
        f"/organisation/solutions/{world.payments.public_id}/",
    )
    for address in pages:
        told = words(log_in(world.cleo).get(address))
        assert "Keys leak" in told, address
        assert "Elsewhere" not in told, address
    assert "Elsewhere" in words(log_in(world.ines).get(pages[1]))
