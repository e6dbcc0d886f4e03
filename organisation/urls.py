from django.urls import path

from organisation.views import accounts, groups, parts, people, permissions, sessions, solutions, tokens

app_name = "organisation"

urlpatterns = [
    path("solutions/", solutions.solutions, name="solutions"),
    path("solutions/add/", solutions.add, name="add_solution"),
    path("solutions/<str:public_id>/", solutions.solution, name="solution"),
    path("solutions/<str:public_id>/change/", solutions.change, name="change_solution"),
    path("solutions/<str:public_id>/retire/", solutions.retire, name="retire_solution"),
    path("solutions/<str:public_id>/accounts/add/", parts.add_account, name="add_account"),
    path("solutions/<str:public_id>/accounts/<int:pk>/end/", parts.end_account, name="end_account"),
    path("solutions/<str:public_id>/tag-rules/add/", parts.add_tag_rule, name="add_tag_rule"),
    path("solutions/<str:public_id>/tag-rules/<int:pk>/end/", parts.end_tag_rule, name="end_tag_rule"),
    path("solutions/<str:public_id>/people/add/", parts.add_person, name="add_grant"),
    path("solutions/<str:public_id>/people/<int:pk>/end/", parts.end_person, name="end_grant"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("groups/", groups.groups, name="groups"),
    path("groups/add/", groups.add, name="add_group_mapping"),
    path("groups/<int:pk>/end/", groups.end, name="end_group_mapping"),
    path("people/", people.people, name="people"),
    path("people/add/", people.add, name="add_person"),
    path("people/<str:public_id>/", people.person, name="person"),
    path("people/<str:public_id>/invite/", people.invite_again, name="invite"),
    path("people/<str:public_id>/roles/give/", people.give_role, name="give_role"),
    path("people/<str:public_id>/roles/<int:pk>/end/", people.end_role, name="end_role"),
    path("people/<str:public_id>/close/", people.deactivate, name="deactivate"),
    path("people/<str:public_id>/open/", people.reactivate, name="reactivate"),
    path("people/<str:public_id>/log-out/", sessions.end_all, name="end_sessions"),
    path("people/<str:public_id>/second-factor/forget/", sessions.forget_factors, name="forget_factors"),
    path("people/<str:public_id>/single-sign-on/forget/", sessions.forget_link, name="forget_link"),
    path("sessions/<int:pk>/end/", sessions.end_mine, name="end_session"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/add/", tokens.add, name="add_token"),
    path("tokens/everybody/", tokens.everybody, name="everybodys_tokens"),
    path("tokens/<str:public_id>/revoke/", tokens.revoke, name="revoke_token"),
    path("permissions/", permissions.permissions, name="permissions"),
    path("preferences/", people.preferences, name="preferences"),
]
