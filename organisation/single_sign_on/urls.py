from django.urls import path

from organisation.single_sign_on import views
from organisation.single_sign_on.provider import BACK

urlpatterns = [
    path("", views.enter, name="single_sign_on"),
    path("back/", views.back, name=BACK),
]
