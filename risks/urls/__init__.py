from risks.urls import exceptions, exchange, register, risk, steering

app_name = "risks"

urlpatterns = [
    *exchange.urlpatterns,
    *steering.urlpatterns,  # first: its names are no ids of risks
    *exceptions.urlpatterns,
    *register.urlpatterns,
    *risk.urlpatterns,  # last: whatever else stands there is the id of a risk
]
