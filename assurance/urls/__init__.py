from assurance.urls import engagements, findings, packs

app_name = "assurance"

urlpatterns = [
    *findings.urlpatterns,
    *packs.urlpatterns,
    *engagements.urlpatterns,  # last: whatever else stands there is the id of an engagement
]
