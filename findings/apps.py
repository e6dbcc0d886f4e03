from django.apps import AppConfig


class FindingsConfig(AppConfig):
    name = "findings"

    def ready(self) -> None:
        from prometheus_client import REGISTRY

        from desk import notices
        from desk.models import Group
        from desk.subjects import register
        from findings import endpoint_checks, exporting, subjects
        from findings.metrics import AwsCalls
        from findings.parallel import few_arenas
        from findings.tasks import reassign
        from organisation.ownership import on_ownership_change

        few_arenas()
        on_ownership_change(reassign)
        REGISTRY.register(AwsCalls())
        register("finding", subjects.finding)
        register("check", subjects.check)
        endpoint_checks.enlist()
        notices.register(exporting.KIND, Group.WORK)
