from django.urls import path

from assurance.views import engagement, engagements, planning

ONE = "<str:public_id>/"

urlpatterns = [
    path("", engagements.engagements, name="engagements"),
    path("plan/", planning.plan, name="engagement_plan"),
    path(ONE, engagement.engagement, name="engagement"),  # whatever else stands there is the id of an engagement
    path(f"{ONE}change/", planning.change, name="engagement_change"),
    path(f"{ONE}begin/", planning.begin, name="engagement_begin"),
    path(f"{ONE}report/", planning.report, name="engagement_report"),
    path(f"{ONE}close/", planning.close, name="engagement_close"),
    path(f"{ONE}declare/", planning.declare, name="engagement_declare"),
    path(f"{ONE}team/put/", planning.put_member, name="engagement_put_member"),
    path(f"{ONE}team/<str:person_id>/take-off/", planning.end_member, name="engagement_end_member"),
]
