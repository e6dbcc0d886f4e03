from assurance.urls import engagements, findings, packs, papers

app_name = "assurance"

urlpatterns = [
    *findings.urlpatterns,
    *packs.urlpatterns,
    *papers.urlpatterns,
    *engagements.urlpatterns,  # last: whatever else stands there is the id of an engagement
]
