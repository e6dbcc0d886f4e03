from django.apps import AppConfig


class ControlsConfig(AppConfig):
    name = "controls"

    def ready(self) -> None:
        from controls import promises
        from controls.panels import of_solution
        from organisation.panels import provide

        provide("solution", of_solution)
        provide("check", promises.of_check)
        provide("finding", promises.of_finding)
