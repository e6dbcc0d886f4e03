from django.apps import AppConfig


class RisksConfig(AppConfig):
    name = "risks"

    def ready(self) -> None:
        from desk.subjects import register
        from organisation.panels import provide
        from risks import panels, subjects

        register("risk", subjects.risk)
        provide("solution", panels.of_solution)
        provide("control", panels.of_control)
        provide("check", panels.of_check)
        provide("finding", panels.of_finding)
