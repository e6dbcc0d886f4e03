from assurance.urls import engagements

app_name = "assurance"

urlpatterns = [
    *engagements.urlpatterns,  # last: whatever else stands there is the id of an engagement
]
