from django.urls import path

from assurance.views import packs

ONE = "packs/<str:public_id>/"

urlpatterns = [
    path("packs/", packs.packs, name="packs"),
    path("packs/ask/", packs.ask, name="pack_ask"),
    path("packs/verify/", packs.verify, name="verify"),
    path("packs/verify_pack.py", packs.verifier, name="verifier"),
    path(ONE, packs.pack, name="pack"),
    path(f"{ONE}take/<str:what>/", packs.pack_file, name="pack_file"),
]
