from django.urls import path

from assurance.views import finding, findings

ONE = "findings/<str:public_id>/"

urlpatterns = [
    path("findings/", findings.findings, name="findings"),
    path("findings/export/<str:form>/", findings.findings_export, name="findings_export"),
    path(ONE, finding.finding, name="finding"),
    path(f"{ONE}change/", finding.change, name="finding_change"),
    path(f"{ONE}issue/", finding.issue, name="finding_issue"),
    path(f"{ONE}drop/", finding.drop, name="finding_drop"),
    path(f"{ONE}respond/", finding.respond, name="finding_respond"),
    path(f"{ONE}agree/", finding.agree, name="finding_agree"),
    path(f"{ONE}return/", finding.send_back, name="finding_return"),
    path(f"{ONE}done/", finding.say_done, name="finding_done"),
    path(f"{ONE}close/", finding.close, name="finding_close"),
    path(f"{ONE}reopen/", finding.reopen, name="finding_reopen"),
    path("<str:public_id>/findings/write/", finding.write, name="finding_write"),
]
