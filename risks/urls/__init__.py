from risks.urls import exchange, steering

app_name = "risks"

urlpatterns = [
    *exchange.urlpatterns,
    *steering.urlpatterns,  # first: its names are no ids of risks
]
