from evidence.urls import locker, requests, trail_heads

app_name = "evidence"
urlpatterns = [
    *requests.urlpatterns,  # before the locker's: their names are no ids of evidence
    *trail_heads.urlpatterns,
    *locker.urlpatterns,
]
