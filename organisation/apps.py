from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class OrganisationConfig(AppConfig):
    name = "organisation"

    def ready(self) -> None:
        from allauth.account.signals import authentication_step_completed

        from organisation import sessions, step_up

        user_logged_in.connect(sessions.begin, dispatch_uid="a session begins")
        authentication_step_completed.connect(step_up.proved, dispatch_uid="proved again")
