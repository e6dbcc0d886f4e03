from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "evidence"

    def ready(self) -> None:
        from desk.subjects import register
        from evidence import freshness_panels, panels, store_checks, subjects
        from organisation.panels import provide

        register("evidence", subjects.evidence)
        store_checks.enlist()
        provide("control", freshness_panels.of_control)
        provide("solution", freshness_panels.of_solution)
        provide("control", panels.snapshots_of_control)
