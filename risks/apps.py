from django.apps import AppConfig
from django.urls import reverse


class RisksConfig(AppConfig):
    name = "risks"

    def ready(self) -> None:
        from desk.subjects import register
        from organisation.panels import provide
        from risks import bearing, panels_of_risk, subjects

        bearing.name_pages(lambda public_id: reverse("risks:exception", args=[public_id]))
        provide("check", panels_of_risk.of_check)
        provide("finding", panels_of_risk.of_finding)
        register("risk", subjects.risk)
        register("triage", subjects.triage)
