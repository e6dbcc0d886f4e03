from django.apps import AppConfig


class ControlsConfig(AppConfig):
    name = "controls"

    def ready(self) -> None:
        from controls import deciding, panels, promises, subjects
        from controls.models import Mapping
        from desk import notices, pages
        from desk.models import Group
        from desk.subjects import register
        from organisation.panels import provide

        provide("solution", panels.controls_of_solution)
        provide("solution", panels.services_of_solution)
        provide("check", promises.of_check)
        provide("finding", promises.of_finding)
        register("control", subjects.control)
        pages.register("mapping", pages.Page("controls:mapping", "framework.view", Mapping.objects.visible_to))
        notices.register(deciding.KIND, Group.WORK)
