from django.apps import AppConfig


class FindingsConfig(AppConfig):
    name = "findings"

    def ready(self) -> None:
        from prometheus_client import REGISTRY

        from findings.metrics import AwsCalls
        from findings.tasks import reassign
        from organisation.ownership import on_ownership_change

        on_ownership_change(reassign)
        REGISTRY.register(AwsCalls())
