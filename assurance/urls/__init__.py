from assurance.urls import engagements, findings

app_name = "assurance"

urlpatterns = [
    *findings.urlpatterns,
    *engagements.urlpatterns,  # last: whatever else stands there is the id of an engagement
]
