from django.urls import path

from risks.views import from_findings, register, risk_add

urlpatterns = [
    path("", register.register, name="register"),
    path("register.<str:form>", register.export, name="register_export"),
    path("add/", risk_add.add, name="risk_add"),
    path("from/<str:key>/", from_findings.from_group, name="from_group"),
    path("from/<str:key>/join/", from_findings.to_join, name="to_join"),
    path("from/<str:key>/join/<str:public_id>/", from_findings.join, name="join"),
]
