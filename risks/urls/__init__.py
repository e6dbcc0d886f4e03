from risks.urls import exceptions

app_name = "risks"

urlpatterns = [
    *exceptions.urlpatterns,
]
