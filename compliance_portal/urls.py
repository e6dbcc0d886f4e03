from django.urls import include, path

urlpatterns = [
    path("account/", include("allauth.urls")),
    path("", include("dashboard.urls")),
    path("findings/", include("findings.urls")),
    path("organisation/", include("organisation.urls")),
    path("desk/", include("desk.urls")),
    path("audit/", include("audit.urls")),
]
