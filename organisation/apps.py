from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class OrganisationConfig(AppConfig):
    name = "organisation"

    def ready(self) -> None:
        from organisation import sessions

        user_logged_in.connect(sessions.begin, dispatch_uid="a session begins")
