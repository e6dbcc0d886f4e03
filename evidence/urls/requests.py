"""Requests for evidence and attestations."""

from django.urls import path

from evidence.views import request, request_ask, requests

ONE = "requests/<str:public_id>/"

urlpatterns = [
    path("requests/", requests.requests, name="requests"),
    path("requests/ask/", request_ask.ask, name="request_ask"),
    path("requests/export/<str:form>/", requests.requests_export, name="requests_export"),
    path(ONE, request.request, name="request"),
    path(f"{ONE}answer/", request.answer, name="request_answer"),
    path(f"{ONE}pass-on/", request.pass_on, name="request_pass_on"),
    path(f"{ONE}accept/", request.accept, name="request_accept"),
    path(f"{ONE}send-back/", request.send_back, name="request_return"),
    path(f"{ONE}withdraw/", request.withdraw, name="request_withdraw"),
]
