from django.apps import AppConfig
from django.urls import reverse


class RisksConfig(AppConfig):
    name = "risks"

    def ready(self) -> None:
        from desk import notices, pages
        from desk.models import Group
        from desk.subjects import register
        from organisation.panels import provide
        from risks import bearing, panels, panels_of_risk, subjects
        from risks.exchange import running
        from risks.models import Challenge, RiskException, Treatment

        register("triage", subjects.triage)
        notices.register(running.KIND, Group.WORK)
        bearing.name_pages(lambda public_id: reverse("risks:exception", args=[public_id]))
        provide("check", panels_of_risk.of_check)
        provide("finding", panels_of_risk.of_finding)
        register("risk", subjects.risk)
        pages.register(
            "riskexception", pages.Page("risks:exception", "exception.view", RiskException.objects.visible_to)
        )
        pages.register("treatment", pages.Page("risks:treatment", "risk.view", Treatment.objects.visible_to))
        pages.register("challenge", pages.Page("risks:challenge", "risk.view", Challenge.objects.visible_to))
        provide("solution", panels.of_solution)
        provide("control", panels.of_control)
        provide("check", panels.of_check)
        provide("finding", panels.of_finding)
