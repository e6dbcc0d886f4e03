from evidence.urls import locker, trail_heads

app_name = "evidence"
urlpatterns = [
    *trail_heads.urlpatterns,  # before the locker's: its names are no ids of evidence
    *locker.urlpatterns,
]
