from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "evidence"

    def ready(self) -> None:
        from desk.subjects import register
        from evidence import subjects

        register("evidence", subjects.evidence)
