"""Heads of the trail."""

from django.urls import path

from evidence.views import trail_heads

urlpatterns = [
    path("trail-heads/", trail_heads.heads, name="trail_heads"),
    path("trail-heads/verify/", trail_heads.verify, name="trail_heads_verify"),
    path("trail-heads/key/", trail_heads.key, name="trail_heads_key"),
    path("trail-heads/<str:public_id>/", trail_heads.head_file, name="trail_head_file"),
]
