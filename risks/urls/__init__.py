from risks.urls import exceptions, risk, steering

app_name = "risks"

urlpatterns = [
    *steering.urlpatterns,  # first: its names are no ids of risks
    *exceptions.urlpatterns,
    *risk.urlpatterns,  # last: whatever else stands there is the id of a risk
]
