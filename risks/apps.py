from django.apps import AppConfig


class RisksConfig(AppConfig):
    name = "risks"

    def ready(self) -> None:
        from organisation.panels import provide
        from risks import panels_of_risk

        provide("check", panels_of_risk.of_check)
        provide("finding", panels_of_risk.of_finding)
