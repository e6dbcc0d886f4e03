from django.urls import path

from dashboard import my_items, my_items_evidence, my_items_moves, views

urlpatterns = [
    path("", views.home, name="home"),
    path("my-items/", my_items.my_items, name="my_items"),
    path("my-items/bulk/", my_items.bulk, name="my_items_bulk"),
    path("my-items/undo/", my_items.undo, name="my_items_undo"),
    path("my-items/groups/<str:key>/", my_items.group, name="my_items_group"),
    path("my-items/groups/<str:key>/exception/", my_items_moves.ask_for_exception, name="my_items_exception"),
    path("my-items/risks/<str:public_id>/", my_items_moves.risk, name="my_items_risk"),
    path("my-items/requests/<str:public_id>/", my_items_evidence.request, name="my_items_request"),
    path("changes/", views.changed, name="changes"),
]
