from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "desk"

    def ready(self) -> None:
        from desk.invitations import write_invitation
        from organisation.invitations import on_invited

        on_invited(write_invitation)
