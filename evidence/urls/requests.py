"""Requests for evidence and attestations."""

from django.urls import path

from evidence.views import attestation, attestations, request, request_ask, request_imports, requests

ONE = "requests/<str:public_id>/"
LIST = "requests/lists/<str:public_id>/"
STATED = "attestations/<str:public_id>/"

urlpatterns = [
    path("requests/", requests.requests, name="requests"),
    path("requests/ask/", request_ask.ask, name="request_ask"),
    path("requests/export/<str:form>/", requests.requests_export, name="requests_export"),
    path("requests/lists/", request_imports.lists, name="request_lists"),
    path("requests/lists/add/", request_imports.add, name="request_list_add"),
    path("requests/lists/template/", request_imports.template, name="request_list_template"),
    path(LIST, request_imports.one, name="request_list"),
    path(f"{LIST}apply/", request_imports.apply, name="request_list_apply"),
    path(f"{LIST}drop/", request_imports.drop, name="request_list_drop"),
    path(f"{LIST}problems/", request_imports.problems, name="request_list_problems"),
    path(ONE, request.request, name="request"),
    path(f"{ONE}answer/", request.answer, name="request_answer"),
    path(f"{ONE}pass-on/", request.pass_on, name="request_pass_on"),
    path(f"{ONE}accept/", request.accept, name="request_accept"),
    path(f"{ONE}send-back/", request.send_back, name="request_return"),
    path(f"{ONE}withdraw/", request.withdraw, name="request_withdraw"),
    path("attestations/", attestations.attestations, name="attestations"),
    path("attestations/of/<str:public_id>/ask/", attestation.ask, name="attestation_ask"),
    path("attestations/of/<str:public_id>/state/", attestation.state, name="attestation_state"),
    path("attestations/export/<str:form>/", attestations.attestations_export, name="attestations_export"),
    path(STATED, attestation.attestation, name="attestation"),
    path(f"{STATED}give/", attestation.give, name="attestation_give"),
    path(f"{STATED}withdraw/", attestation.withdraw, name="attestation_withdraw"),
    path(f"{STATED}call-off/", attestation.call_off, name="attestation_call_off"),
]
