from django.urls import path, register_converter

from evidence.views import locker, piece, piece_changes


class EvidenceId:
    """E-1: other pages of this floor stand beside it."""

    regex = "[Ee]-[0-9]{1,18}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(EvidenceId, "evidence_id")
ONE = "<evidence_id:public_id>/"
urlpatterns = [
    path("", locker.locker, name="locker"),
    path("locker.<str:form>", locker.export, name="locker_export"),
    path("add/", piece_changes.add, name="add"),
    path(ONE, piece.evidence, name="evidence"),
    path(f"{ONE}file/", piece.download, name="download"),
    path(f"{ONE}supersede/", piece_changes.supersede, name="supersede"),
    path(f"{ONE}withdraw/", piece_changes.withdraw, name="withdraw"),
    path(f"{ONE}link/", piece_changes.link, name="link"),
    path(f"{ONE}links/<int:pk>/end/", piece_changes.unlink, name="unlink"),
    path(f"{ONE}hold/", piece_changes.hold, name="hold"),
]
