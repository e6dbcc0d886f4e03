"""Exceptions, treatments and challenges."""

from django.urls import path

from risks.views import asking, challenges, exception, exceptions, treatments

ONE = "exceptions/<str:public_id>/"
TREATMENT = "treatments/<str:public_id>/"
ACTION = "treatments/actions/<str:public_id>/"
CHALLENGE = "challenges/<str:public_id>/"

urlpatterns = [
    path("exceptions/", exceptions.exceptions, name="exceptions"),
    path("exceptions/ask/", asking.ask, name="exception_ask"),
    path("exceptions/export/<str:form>/", exceptions.exceptions_export, name="exceptions_export"),
    path(ONE, exception.exception, name="exception"),
    path(f"{ONE}accept/", exception.accept, name="exception_accept"),
    path(f"{ONE}refuse/", exception.refuse, name="exception_refuse"),
    path(f"{ONE}concur/", exception.concur, name="exception_concur"),
    path(f"{ONE}challenge/", exception.challenge, name="exception_challenge"),
    path(f"{ONE}answer/", exception.answer, name="exception_answer"),
    path(f"{ONE}escalate/", exception.escalate, name="exception_escalate"),
    path(f"{ONE}decide/", exception.decide, name="exception_decide"),
    path(f"{ONE}withdraw/", exception.withdraw, name="exception_withdraw"),
    path(f"{ONE}end/", exception.end, name="exception_end"),
    path("treatments/", treatments.treatments, name="treatments"),
    path(f"{ACTION}change/", treatments.change_action, name="action_change"),
    path(f"{ACTION}move/", treatments.move_action, name="action_move"),
    path("treatments/of/<str:public_id>/add/", treatments.add, name="treatment_add"),
    path(TREATMENT, treatments.treatment, name="treatment"),
    path(f"{TREATMENT}change/", treatments.change, name="treatment_change"),
    path(f"{TREATMENT}actions/add/", treatments.add_action, name="action_add"),
    path(f"{TREATMENT}propose-closure/", treatments.propose_closure, name="treatment_propose_closure"),
    path(f"{TREATMENT}close/", treatments.confirm_closure, name="treatment_close"),
    path(f"{TREATMENT}send-back/", treatments.decline_closure, name="treatment_send_back"),
    path(f"{TREATMENT}challenge/", challenges.challenge_treatment, name="treatment_challenge"),
    path("challenges/", challenges.challenges, name="challenges"),
    path("challenges/of-level/<str:public_id>/", challenges.challenge_level, name="level_challenge"),
    path("challenges/of-closure/<str:public_id>/", challenges.challenge_risk_closure, name="closure_challenge"),
    path(CHALLENGE, challenges.challenge, name="challenge"),
    path(f"{CHALLENGE}answer/", challenges.answer, name="challenge_answer"),
    path(f"{CHALLENGE}settle/", challenges.settle, name="challenge_settle"),
]
