from risks.urls import steering

app_name = "risks"

urlpatterns = [
    *steering.urlpatterns,  # first: its names are no ids of risks
]
