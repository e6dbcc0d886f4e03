from django.urls import path

from audit import views

app_name = "audit"

urlpatterns = [
    path("trail/", views.trail, name="trail"),
    path("trail/export/", views.export, name="export"),
    path("trail/verify/", views.verify, name="verify"),
    path("trail/<int:pk>/", views.entry, name="entry"),
]
