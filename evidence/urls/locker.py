from django.urls import path

from evidence.urls.ids import ONE
from evidence.views import locker, piece, piece_changes, watching_over

urlpatterns = [
    path("", locker.locker, name="locker"),
    path("locker.<str:form>", locker.export, name="locker_export"),
    path("add/", piece_changes.add, name="add"),
    path("holds/", watching_over.holds, name="holds"),
    path("holds/add/", watching_over.hold_add, name="hold_add"),
    path("holds/<str:public_id>/release/", watching_over.hold_release, name="hold_release"),
    path("verify/", watching_over.verify, name="verify"),
    path("verify/now/", watching_over.verify_now, name="verify_now"),
    path(ONE, piece.evidence, name="evidence"),
    path(f"{ONE}file/", piece.download, name="download"),
    path(f"{ONE}supersede/", piece_changes.supersede, name="supersede"),
    path(f"{ONE}withdraw/", piece_changes.withdraw, name="withdraw"),
    path(f"{ONE}link/", piece_changes.link, name="link"),
    path(f"{ONE}links/<int:pk>/end/", piece_changes.unlink, name="unlink"),
    path(f"{ONE}hold/", piece_changes.hold, name="hold"),
]
