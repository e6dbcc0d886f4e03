from evidence.urls import locker

app_name = "evidence"
urlpatterns = [*locker.urlpatterns]
