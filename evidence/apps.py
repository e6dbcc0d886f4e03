from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "evidence"

    def ready(self) -> None:
        from desk import notices
        from desk.models import Group
        from desk.subjects import register
        from evidence import (
            freshness_panels,
            panels,
            request_panels,
            request_subject,
            store_checks,
            subjects,
            telling,
        )
        from organisation.panels import provide

        register("evidence", subjects.evidence)
        register("evidencerequest", request_subject.evidence_request)
        for kind in telling.KINDS:
            notices.register(kind, Group.AWAITING)
        store_checks.enlist()
        provide("control", freshness_panels.of_control)
        provide("solution", freshness_panels.of_solution)
        provide("control", panels.snapshots_of_control)
        provide("control", request_panels.attestations_of_control)
        provide("control", request_panels.of_control)
        provide("requirement", request_panels.of_requirement)
