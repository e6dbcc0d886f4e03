from django.urls import path

from desk.views import discussions, jobs, notices

app_name = "desk"

urlpatterns = [
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/<str:public_id>/", jobs.job, name="job"),
    path("notices/", notices.notices, name="notices"),
    path("notices/read/", notices.read_notices, name="read_notices"),
    path("notices/mail/", notices.choose_mail, name="choose_mail"),
    path("notices/<str:public_id>/", notices.open_notice, name="open_notice"),
    path("comments/<str:public_id>/withdraw/", discussions.withdraw, name="withdraw_comment"),
    path("<str:kind>/<str:public_id>/discussion/", discussions.discuss, name="discussion"),
    path("<str:kind>/<str:public_id>/comment/", discussions.comment, name="comment"),
    path("<str:kind>/<str:public_id>/watch/", discussions.watch, name="watch"),
    path("<str:kind>/<str:public_id>/people/", discussions.suggest, name="people"),
]
