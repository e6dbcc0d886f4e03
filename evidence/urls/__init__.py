from evidence.urls import requests

app_name = "evidence"

urlpatterns = [
    *requests.urlpatterns,  # first: its names are no ids of evidence
]
