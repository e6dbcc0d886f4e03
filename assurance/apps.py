from django.apps import AppConfig


class AssuranceConfig(AppConfig):
    name = "assurance"

    def ready(self) -> None:
        from assurance import reminding, subjects
        from assurance.finding_moves import Verb
        from desk import notices
        from desk.models import Group
        from desk.subjects import register

        register("engagement", subjects.engagement)
        for days in (*(-days for days in reminding.BEFORE), *reminding.AFTER):
            notices.register(f"audit_finding_due_{days}", Group.AWAITING)
        for verb in (Verb.ISSUE, Verb.RESPOND, Verb.RETURN, Verb.DONE, Verb.REOPEN):
            notices.register(f"audit_finding_{verb}", Group.AWAITING)
        notices.register("engagement_team", Group.AWAITING)
