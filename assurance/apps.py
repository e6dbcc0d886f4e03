from django.apps import AppConfig


class AssuranceConfig(AppConfig):
    name = "assurance"

    def ready(self) -> None:
        from assurance import panels, papers, reminding, subjects
        from assurance.finding_moves import Verb
        from assurance.models import AuditFinding, ControlTest, Engagement
        from desk import notices, pages
        from desk.models import Group
        from desk.subjects import register
        from evidence import sources
        from evidence.models.evidence import name_papers
        from organisation.panels import provide

        register("engagement", subjects.engagement)
        pages.register(
            "engagement", pages.Page("assurance:engagement", "engagement.view", Engagement.objects.visible_to)
        )
        pages.register("controltest", pages.Page("assurance:paper", "engagement.view", ControlTest.objects.visible_to))
        pages.register(
            "auditfinding", pages.Page("assurance:finding", "audit_finding.view", AuditFinding.objects.visible_to)
        )
        sources.register("engagement", subjects.source_of)
        name_papers(papers.attached, papers.opened)
        provide("control", panels.conclusions_of_control)
        for days in (*(-days for days in reminding.BEFORE), *reminding.AFTER):
            notices.register(f"audit_finding_due_{days}", Group.AWAITING)
        for verb in (Verb.ISSUE, Verb.RESPOND, Verb.RETURN, Verb.DONE, Verb.REOPEN):
            notices.register(f"audit_finding_{verb}", Group.AWAITING)
        notices.register("engagement_team", Group.AWAITING)
