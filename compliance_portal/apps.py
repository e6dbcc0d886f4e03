from importlib import import_module

from django.apps import AppConfig


class CompliancePortalConfig(AppConfig):
    name = "compliance_portal"

    def ready(self) -> None:
        import_module("compliance_portal.schema")  # how programs come in, for who describes the API
