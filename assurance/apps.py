from django.apps import AppConfig


class AssuranceConfig(AppConfig):
    name = "assurance"

    def ready(self) -> None:
        from assurance import panels, papers, reminding, subjects
        from assurance.finding_moves import Verb
        from desk import notices
        from desk.models import Group
        from desk.subjects import register
        from evidence import sources
        from evidence.models.evidence import name_papers
        from organisation.panels import provide

        register("engagement", subjects.engagement)
        sources.register("engagement", subjects.source_of)
        name_papers(papers.attached, papers.opened)
        provide("control", panels.conclusions_of_control)
        for days in (*(-days for days in reminding.BEFORE), *reminding.AFTER):
            notices.register(f"audit_finding_due_{days}", Group.AWAITING)
        for verb in (Verb.ISSUE, Verb.RESPOND, Verb.RETURN, Verb.DONE, Verb.REOPEN):
            notices.register(f"audit_finding_{verb}", Group.AWAITING)
        notices.register("engagement_team", Group.AWAITING)
