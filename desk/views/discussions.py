"""The discussion of anything: comments, mentions, who watches. A part that any page takes in by hx-get."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from audit import clock
from audit.keyset import page_of
from audit.public_id import get_or_404
from desk import discussion, watching
from desk.forms import CommentForm, WatchForm, WithdrawForm
from desk.mentions import suggested
from desk.models import Comment
from desk.subjects import Subject, require_writes, seen_or_404, writes
from organisation.middleware import Request
from organisation.models import NotAllowed, Role
from organisation.permissions import may, permitted

AT_ONCE = 20


@require_safe
@vary_on_headers("HX-Request")
@permitted("comment.view")
def discuss(request: Request, kind: str, public_id: str) -> HttpResponse:
    return _shown(request, seen_or_404(kind, public_id, request.user))


def _shown(request: Request, subject: Subject, *, form: CommentForm | None = None, refused: str = "") -> HttpResponse:
    """The whole of it; a page of its own where htmx did not ask."""
    at = clock.now() if request.moment.is_now else request.moment.at  # what was just written stands there too
    stood = Comment.objects.about(subject.kind, subject.public_id).written_by(at)
    page = page_of(stood.told(), order=("-id",), cursor=request.GET.get("cursor", ""), size=AT_ONCE)
    people = watching.watchers(subject)
    acts = request.moment.is_now
    may_write = acts and writes(subject, request.user)
    context = {
        "subject": subject,
        "page": page,
        "total": stood.count(),
        "comments": [(one, one.is_withdrawn(at), may_write and one.author == request.user) for one in page.rows[::-1]],
        "form": form,
        "picked": request.POST.getlist("mentioned") if form else [],
        "refused": refused,
        "writes": may_write,
        "watchers": people,
        "watches": request.user in people,
        "may_watch": acts and may(request.user, "subject.watch"),
    }
    template = "desk/_discussion.html" if request.htmx else "desk/discussion.html"
    return render(request, template, context, status=422 if form or refused else 200)


def _done(request: Request, subject: Subject) -> HttpResponse:
    if request.htmx:
        return _shown(request, subject)
    return redirect(f"{subject.url}#discussion")


@require_POST
@permitted("comment.write")
def comment(request: Request, kind: str, public_id: str) -> HttpResponse:
    subject = seen_or_404(kind, public_id, request.user)
    require_writes(subject, request.user)
    form = CommentForm(request.POST)
    if not form.is_valid():
        return _shown(request, subject, form=form)
    try:
        text = form.cleaned_data["text"]
        discussion.write(subject, text, by=request.user, picked=request.POST.getlist("mentioned"))
    except NotAllowed as no:
        form.add_error("text", str(no))
        return _shown(request, subject, form=form)
    return _done(request, subject)


@require_POST
@permitted("comment.write")
def withdraw(request: Request, public_id: str) -> HttpResponse:
    found = get_or_404(Comment.objects.all(), public_id)
    subject = discussion.subject_of(found, request.user)
    require_writes(subject, request.user)
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        return _shown(request, subject, refused=_("Say why you withdraw %(id)s.") % {"id": found.public_id})
    try:
        found.withdraw(because=form.cleaned_data["because"], by=request.user)
    except NotAllowed as no:
        return _shown(request, subject, refused=str(no))
    return _done(request, subject)


@require_POST
@permitted("subject.watch")
def watch(request: Request, kind: str, public_id: str) -> HttpResponse:
    subject = seen_or_404(kind, public_id, request.user)
    form = WatchForm(request.POST)
    if not form.is_valid():
        return _shown(request, subject, refused=_("Say whether you want to watch it."))
    if form.cleaned_data["watches"]:
        watching.watch(subject, request.user)
    else:
        watching.unwatch(subject, request.user)
    return _done(request, subject)


@require_safe
@permitted("comment.write")
def suggest(request: Request, kind: str, public_id: str) -> HttpResponse:
    """Whom one may mention here, by the beginning of their name."""
    subject = seen_or_404(kind, public_id, request.user)
    if not writes(subject, request.user):
        return render(request, "desk/_people.html", {"people": []})
    found = suggested(request.GET.get("mention", "").strip(), subject, but=request.user)
    people = [(person, Role(person.line).label if person.line else "") for person in found]
    return render(request, "desk/_people.html", {"people": people})
