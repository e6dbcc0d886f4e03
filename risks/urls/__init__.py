from risks.urls import risk, steering

app_name = "risks"

urlpatterns = [
    *steering.urlpatterns,  # first: its names are no ids of risks
    *risk.urlpatterns,  # last: whatever else stands there is the id of a risk
]
