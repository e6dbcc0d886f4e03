from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "evidence"

    def ready(self) -> None:
        from desk import notices, subjects
        from desk.models import Group
        from evidence import request_panels, request_subject, telling
        from organisation.panels import provide

        subjects.register("evidencerequest", request_subject.evidence_request)
        for kind in telling.KINDS:
            notices.register(kind, Group.AWAITING)
        provide("control", request_panels.attestations_of_control)
        provide("control", request_panels.of_control)
