"""People talk about anything that they see: what they say stands, whom they name is told."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from audit.models import TrailEntry
from desk.models import Comment, Mention, Notice
from organisation.models import Solution, User
from tests.clock import at
from tests.conftest import LoggedIn, LogIn
from tests.controls.queries import queries
from tests.factories import CommentFactory, GrantFactory, SolutionFactory, UserFactory
from tests.factories.controls import ControlFactory
from tests.factories.findings import FindingFactory
from tests.findings_pages.reading_pages import title, without_token, words

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def payments() -> Solution:
    return SolutionFactory(name="Payments")


@pytest.fixture
def ana(log_in: LogIn, payments: Solution) -> LoggedIn:
    return log_in(UserFactory(name="Ana Example", first_line=True, owns=[payments]))


def of(solution: Solution, part: str = "discussion") -> str:
    return f"/desk/solution/{solution.public_id}/{part}/"


def told() -> dict[str, str]:
    """Who was told what."""
    return {one.person.name: one.kind for one in Notice.objects.select_related("person")}


def test_a_comment_stands_at_once_and_whom_it_names_is_told(ana: LoggedIn, payments: Solution) -> None:
    UserFactory(name="Bo Sample", second_line=True)
    answer = ana.post(of(payments, "comment"), {"text": "The bucket is closed, @bo sample: look."}, headers=HTMX)
    assert "Ana Example" in words(answer)
    assert "The bucket is closed, @Bo Sample : look." in words(answer)
    comment = Comment.objects.get()
    assert [(one.person.name, one.as_written) for one in comment.mentions.all()] == [("Bo Sample", "bo sample")]
    notice = Notice.objects.get()
    assert (notice.person.name, notice.kind) == ("Bo Sample", "mention")
    assert notice.text == (
        f"Ana Example mentioned you on {payments.public_id} Payments: The bucket is closed, @bo sample: look."
    )
    assert notice.url == f"/organisation/solutions/{payments.public_id}/#discussion"
    entry = TrailEntry.objects.get(action="comment.written")
    assert entry.detail == {"about": ["solution", payments.public_id], "mentioned": [notice.person.public_id]}


def test_without_htmx_it_leads_back_to_the_page(ana: LoggedIn, payments: Solution) -> None:
    answer = ana.post(of(payments, "comment"), {"text": "Done"})
    assert answer["Location"] == f"/organisation/solutions/{payments.public_id}/#discussion"
    page, part = ana.get(of(payments)), ana.get(of(payments), headers=HTMX)
    assert title(page) == "Payments: 1 comment"
    assert without_token(part).strip() in without_token(page)
    assert "HX-Request" in page["Vary"]


def test_who_may_not_see_it_cannot_be_mentioned(ana: LoggedIn, payments: Solution) -> None:
    stranger = UserFactory(name="Cy Stranger", first_line=True)
    for said in ({"text": "Ask @Cy Stranger"}, {"text": "Ask @Cy Stranger", "mentioned": stranger.public_id}):
        answer = ana.post(of(payments, "comment"), said, headers=HTMX)
        assert answer.status_code == 422
        refusal = f"Cy Stranger may not see {payments.public_id}, so nobody is told."
        assert f"{refusal} Mention people who work on it or oversee it." in words(answer)
        assert "Ask @Cy Stranger</textarea>" in answer.content.decode()
    assert not Comment.objects.exists()


def test_of_two_with_one_name_one_is_picked(ana: LoggedIn, payments: Solution) -> None:
    UserFactory(name="Bo", second_line=True)
    picked = UserFactory(name="Bo", third_line=True)
    answer = ana.post(of(payments, "comment"), {"text": "@Bo, please"}, headers=HTMX)
    assert "Several people are called Bo: choose from the list as you type." in words(answer)
    long = ana.post(of(payments, "comment"), {"text": "@Bo " * 2000, "mentioned": picked.public_id}, headers=HTMX)
    assert f'name="mentioned" value="{picked.public_id}"' in long.content.decode()
    ana.post(of(payments, "comment"), {"text": "@Bo, please", "mentioned": picked.public_id})
    assert Mention.objects.get().person == picked


def test_picked_and_struck_out_again_is_not_mentioned(ana: LoggedIn, payments: Solution) -> None:
    bo = UserFactory(name="Bo", second_line=True)
    ana.post(of(payments, "comment"), {"text": "mail bo@Bo.example, nobody here: @all", "mentioned": bo.public_id})
    assert Comment.objects.get().parts == [("mail bo@Bo.example, nobody here: @all", None)]
    assert not Notice.objects.exists()


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001])
def test_a_comment_says_something_and_not_too_much(ana: LoggedIn, payments: Solution, text: str) -> None:
    assert ana.post(of(payments, "comment"), {"text": text}, headers=HTMX).status_code == 422
    assert not Comment.objects.exists()


def test_markup_is_text(ana: LoggedIn, payments: Solution) -> None:
    ana.post(of(payments, "comment"), {"text": "<b>@Ana Example</b> is me"})
    assert "&lt;b&gt;" in ana.get(of(payments)).content.decode()


def test_its_author_withdraws_it_with_a_reason_and_it_stays_readable(ana: LoggedIn, payments: Solution) -> None:
    comment = CommentFactory(author=ana.person, subject=payments.public_id, text="Wrong")
    url = f"/desk/comments/{comment.public_id}/withdraw/"
    assert "Say why you withdraw" in words(ana.post(url, {"because": ""}, headers=HTMX))
    answer = ana.post(url, {"because": "Another bucket"}, headers=HTMX)
    assert "Withdrawn by the author on" in words(answer)
    assert ": Another bucket Wrong" in words(answer)
    assert "It is withdrawn already." in words(ana.post(url, {"because": "Again"}, headers=HTMX))
    assert TrailEntry.objects.get(action="comment.withdrawn").detail["because"] == "Another bucket"


def test_nobody_withdraws_what_another_wrote(second_line: LoggedIn, payments: Solution) -> None:
    comment = CommentFactory(subject=payments.public_id)
    answer = second_line.post(f"/desk/comments/{comment.public_id}/withdraw/", {"because": "No"}, headers=HTMX)
    assert answer.status_code == 422
    assert "Only who wrote a comment withdraws it. Answer it instead." in words(answer)
    comment.refresh_from_db()
    assert comment.withdrawn_at is None


def test_the_database_refuses_to_edit_or_delete_one() -> None:
    comment = CommentFactory(withdrawn=True)
    rows = Comment.objects.filter(pk=comment.pk)
    changes = (
        lambda: rows.update(text="Never said"),
        lambda: rows.update(withdrawn_because="Otherwise"),
        lambda: rows.delete(),
        lambda: Mention.objects.all().update(as_written="x"),
    )
    for change in changes:
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


@pytest.mark.parametrize("trait", ["third_line", "external"])
def test_assurance_reads_and_does_not_write(log_in: LogIn, payments: Solution, trait: str) -> None:
    comment = CommentFactory(subject=payments.public_id, text="Looked into it")
    reader = log_in(**{trait: True})
    GrantFactory(person=reader.person, solution=payments)
    answer = reader.get(of(payments))
    assert "Looked into it" in words(answer)
    assert "comment-text" not in answer.content.decode().split("</ol>")[-1]
    assert reader.post(of(payments, "comment"), {"text": "Hm"}).status_code == 403
    assert reader.post(f"/desk/comments/{comment.public_id}/withdraw/", {"because": "Hm"}).status_code == 403


def test_what_is_not_theirs_is_not_found(first_line: LoggedIn, payments: Solution) -> None:
    comment = CommentFactory(subject=payments.public_id, author=first_line.person)
    assert first_line.get(of(payments)).status_code == 404
    assert first_line.get(of(payments, "people")).status_code == 404
    for part, said in (("comment", {"text": "x"}), ("watch", {"watches": "yes"})):
        assert first_line.post(of(payments, part), said).status_code == 404
    assert first_line.post(f"/desk/comments/{comment.public_id}/withdraw/", {"because": "x"}).status_code == 404
    assert first_line.get("/desk/nonsense/X-1/discussion/").status_code == 404


def test_findings_checks_and_controls_are_discussed_too(ana: LoggedIn, payments: Solution) -> None:
    finding = FindingFactory(solutions=[payments])
    control = ControlFactory(solution=payments, owner=UserFactory(name="Olga Owner", first_line=True))
    addresses = {
        f"/findings/{finding.public_id}/": f"/desk/finding/{finding.public_id}/",
        f"/findings/checks/{finding.check_ran.public_id}/": f"/desk/check/{finding.check_ran.public_id}/",
        f"/controls/{control.public_id}/": f"/desk/control/{control.public_id}/",
        f"/organisation/solutions/{payments.public_id}/": f"/desk/solution/{payments.public_id}/",
    }
    for page, desk in addresses.items():
        assert f'hx-get="{desk}discussion/"' in ana.get(page).content.decode(), page
        answer = ana.post(f"{desk}comment/", {"text": "Seen"})
        assert answer["Location"] == f"{page}#discussion"
    assert Notice.objects.get(person__name="Olga Owner").text == (
        f"Ana Example commented on {control.public_id} {control.name}: Seen"
    )


def test_the_administrator_has_no_part_in_it(administrator: LoggedIn, payments: Solution) -> None:
    assert administrator.get(of(payments)).status_code == 403
    page = administrator.get(f"/organisation/solutions/{payments.public_id}/")
    assert "Discussion" not in words(page)


def test_people_are_suggested_who_may_see_it_nearest_first(ana: LoggedIn, payments: Solution) -> None:
    def suggested(typed: str) -> list[str]:
        answer = ana.get(of(payments, "people"), {"mention": typed}, headers=HTMX)
        return [one.split('"')[0] for one in answer.content.decode().split('data-name="')[1:]]

    UserFactory(name="Rae Auditor", third_line=True)
    works = UserFactory(name="Ria Works", first_line=True)
    GrantFactory(person=works, solution=payments)
    UserFactory(name="Rob Stranger", first_line=True)
    UserFactory(name="Ron Roleless")
    UserFactory(name="Ruth Admin", administrator=True)
    assert suggested("r") == ["Ria Works", "Rae Auditor"]
    assert suggested("wor") == ["Ria Works"]
    options = words(ana.get(of(payments, "people"), {"mention": "r"}, headers=HTMX))
    assert options.split() == ["Ria", "Works", "First", "line", "Rae", "Auditor", "Third", "line"]
    assert suggested("") == suggested("ana") == []


def test_at_a_past_moment_the_discussion_is_what_it_was_then(ana: LoggedIn, payments: Solution) -> None:
    with at("2026-03-01"):
        first = CommentFactory(author=ana.person, subject=payments.public_id, text="The first")
    with at("2026-03-03"):
        first.withdraw(because="Wrong", by=ana.person)
        CommentFactory(subject=payments.public_id, text="The second")
    then = ana.get(of(payments), {"as_of": "2026-03-02"})
    assert "The first" in words(then)
    assert "Withdrawn" not in words(then)
    assert "The second" not in words(then)
    assert "data-mentioning" not in then.content.decode()


def test_a_long_discussion_shows_the_latest_and_leads_to_the_earlier(ana: LoggedIn, payments: Solution) -> None:
    made = CommentFactory.create_batch(21, subject=payments.public_id)
    latest = ana.get(of(payments)).content.decode()
    assert f'id="{made[0].public_id}"' not in latest
    assert latest.index(f'id="{made[1].public_id}"') < latest.index(f'id="{made[20].public_id}"')
    earlier = latest.split(f'hx-get="{of(payments)}?cursor=')[1].split('"')[0]
    assert f'id="{made[0].public_id}"' in ana.get(of(payments), {"cursor": earlier}).content.decode()


def test_the_discussion_costs_the_same_for_any_number(ana: LoggedIn, payments: Solution) -> None:
    bo: User = UserFactory(name="Bo", second_line=True)
    other = SolutionFactory()
    GrantFactory(person=ana.person, solution=other)
    for solution, count in ((payments, 1), (other, 3)):
        for made in CommentFactory.create_batch(count, subject=solution.public_id, text="@Bo"):
            Mention.objects.create(comment=made, person=bo, as_written="Bo")
    ana.get(of(payments))
    few, many = queries(ana, of(payments), of(other))
    assert few == many
