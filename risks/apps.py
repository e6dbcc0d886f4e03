from django.apps import AppConfig


class RisksConfig(AppConfig):
    name = "risks"

    def ready(self) -> None:
        from desk.subjects import register
        from organisation.panels import provide
        from risks import panels_of_risk, subjects

        provide("check", panels_of_risk.of_check)
        provide("finding", panels_of_risk.of_finding)
        register("risk", subjects.risk)
        register("triage", subjects.triage)
