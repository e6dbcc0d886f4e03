from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in as entered


class OrganisationConfig(AppConfig):
    name = "organisation"

    def ready(self) -> None:
        from allauth.account.signals import (
            authentication_step_completed,
            password_changed,
            password_reset,
            password_set,
            user_logged_in,
        )
        from allauth.mfa import signals as mfa
        from django_structlog.signals import bind_extra_request_metadata

        from organisation import log_ins, passwords, second_factor, sessions, step_up

        entered.connect(sessions.begin, dispatch_uid="a session begins")
        authentication_step_completed.connect(step_up.proved, dispatch_uid="proved again")
        user_logged_in.connect(log_ins.succeeded, dispatch_uid="logged in")
        for new_password in (password_changed, password_reset, password_set):
            new_password.connect(passwords.changed, dispatch_uid="a new password")
        mfa.authentication_failed.connect(log_ins.second_step_failed, dispatch_uid="second step failed")
        mfa.authenticator_added.connect(second_factor.added, dispatch_uid="second factor added")
        mfa.authenticator_removed.connect(second_factor.removed, dispatch_uid="second factor removed")
        mfa.authenticator_reset.connect(second_factor.renewed, dispatch_uid="second factor renewed")
        bind_extra_request_metadata.connect(log_ins.from_where, dispatch_uid="from where")
