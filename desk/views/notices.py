from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from audit.keyset import page_of
from audit.public_id import get_or_404
from desk.forms import MailForm
from desk.models import Notice
from desk.notices import choose
from organisation.middleware import Request
from organisation.permissions import permitted


@permitted("notice.view")
def notices(request: Request) -> HttpResponse:
    seen = Notice.objects.visible_to(request.user)
    unread = seen.unread().count()
    heading = _("Nothing new")
    if unread:
        heading = ngettext("%(n)d unread notice", "%(n)d unread notices", unread) % {"n": unread}
    page = page_of(seen, order=("-id",), cursor=request.GET.get("cursor", ""))
    return render(request, "desk/notices.html", {"heading": heading, "unread": unread, "page": page})


@permitted("notice.view")
def open_notice(request: Request, public_id: str) -> HttpResponse:
    """The notice is read, and its reader where it leads."""
    mine = Notice.objects.visible_to(request.user)
    found = get_or_404(mine, public_id)
    mine.filter(pk=found.pk).mark_read()
    safe = url_has_allowed_host_and_scheme(found.url, allowed_hosts=None)
    return redirect(found.url if found.url and safe else "desk:notices")


@require_POST
@permitted("notice.view")
def read_notices(request: Request) -> HttpResponse:
    Notice.objects.visible_to(request.user).mark_read()
    return redirect("desk:notices")


@require_POST
@permitted("preference.change")
def choose_mail(request: Request) -> HttpResponse:
    """What goes out by e-mail, group by group; the form stands on the person's preferences."""
    form = MailForm(request.POST, person=request.user)
    if form.is_valid():
        choose(request.user, form.chosen)
        messages.success(request, _("The portal mails you as you chose, from now on."))
    else:
        messages.error(request, _("Nothing was changed: choose one of the three for each."))
    return redirect("organisation:preferences")
