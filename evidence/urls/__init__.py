from evidence.urls import trail_heads

app_name = "evidence"
urlpatterns = [
    *trail_heads.urlpatterns,  # first: its name is no id of evidence
]
