from risks.urls import exceptions, steering

app_name = "risks"

urlpatterns = [
    *steering.urlpatterns,  # first: its names are no ids of risks
    *exceptions.urlpatterns,
]
