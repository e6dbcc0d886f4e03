from django.urls import include, path

from compliance_portal import errors, health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("account/", include("allauth.account.urls")),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("account/sessions/", include("allauth.usersessions.urls")),
    path("account/single-sign-on/", include("organisation.single_sign_on.urls")),
    path("", include("dashboard.urls")),
    path("findings/", include("findings.urls")),
    path("", include("controls.urls")),
    path("risks/", include("risks.urls")),
    path("evidence/", include("evidence.urls")),
    path("assurance/", include("assurance.urls")),
    path("organisation/", include("organisation.urls")),
    path("desk/", include("desk.urls")),
    path("audit/", include("audit.urls")),
    path("api/v1/", include("compliance_portal.api")),
]

handler400 = errors.bad_request
handler403 = errors.permission_denied
handler404 = errors.not_found
handler500 = errors.server_error
