from django.urls import register_converter


class EvidenceId:
    """E-1: pages of this floor that are no piece of evidence stand beside it."""

    regex = "[Ee]-[0-9]{1,18}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(EvidenceId, "evidence_id")
ONE = "<evidence_id:public_id>/"
