from django.urls import path

from desk import views

app_name = "desk"

urlpatterns = [
    path("jobs/", views.jobs, name="jobs"),
    path("jobs/<str:public_id>/", views.job, name="job"),
    path("notices/", views.notices, name="notices"),
    path("notices/read/", views.read_notices, name="read_notices"),
    path("notices/<str:public_id>/", views.open_notice, name="open_notice"),
]
