from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "desk"

    def ready(self) -> None:
        from desk import discussion, notices, pages, panels, standing_in, subjects
        from desk.invitations import groups_are_at_odds, write_invitation
        from desk.models import Group
        from organisation.groups import on_at_odds
        from organisation.invitations import on_invited
        from organisation.models import User
        from organisation.models.delegation import on_delegation
        from organisation.own_work import on_own_work
        from organisation.panels import provide

        on_invited(write_invitation)
        on_at_odds(groups_are_at_odds)
        on_delegation(standing_in.delegation_changed)
        on_own_work(standing_in.own_work_attempted)
        provide("preferences", panels.mail_of)
        provide("solution", panels.discussion_of_solution)
        pages.register("user", pages.Page("organisation:person", "person.view", lambda reader: User.objects.all()))
        subjects.register("solution", panels.solution)
        notices.register(discussion.MENTION, Group.MENTION)
        notices.register(discussion.COMMENT, Group.WATCHED)
