from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "evidence"

    def ready(self) -> None:
        from evidence import panels
        from organisation.panels import provide

        provide("control", panels.snapshots_of_control)
