from django.apps import AppConfig


class RisksConfig(AppConfig):
    name = "risks"

    def ready(self) -> None:
        from desk.subjects import register
        from risks import subjects

        register("risk", subjects.risk)
