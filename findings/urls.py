from django.urls import path

from findings.views import checks, connections, coverage, detail, explorer, exports, resources, suppressions

app_name = "findings"

urlpatterns = [
    path("", explorer.explorer, name="explorer"),
    path("coverage/", coverage.coverage, name="coverage"),
    path("export/", exports.export, name="export"),
    path("exports/<str:public_id>/", exports.page, name="export_page"),
    path("exports/<str:public_id>/file/", exports.file, name="export_file"),
    path("suppressions/", suppressions.suppressions, name="suppressions"),
    path("unowned/", resources.unowned_resources, name="unowned"),
    path("checks/<str:public_id>/", checks.check, name="check"),
    path("resources/<str:public_id>/", resources.resource, name="resource"),
    path("connections/", connections.connections, name="connections"),
    path("connections/add/", connections.add, name="connection_add"),
    path("connections/<str:public_id>/", connections.connection, name="connection"),
    path("connections/<str:public_id>/change/", connections.change, name="connection_change"),
    path("connections/<str:public_id>/test/", connections.test, name="connection_test"),
    path("connections/<str:public_id>/hub-role/", connections.hub_role, name="connection_hub_role"),
    path("connections/<str:public_id>/member-role/", connections.member_role, name="connection_member_role"),
    path("connections/<str:public_id>/write-role/", connections.write_role, name="connection_write_role"),
    path("connections/<str:public_id>/event-queue/", connections.event_queue, name="connection_event_queue"),
    path(
        "connections/<str:public_id>/event-forwarding/",
        connections.event_forwarding,
        name="connection_event_forwarding",
    ),
    path("connections/<str:public_id>/sync/", connections.sync, name="connection_sync"),
    path("connections/<str:public_id>/set-aside/", connections.set_aside, name="connection_set_aside"),
    path("<str:public_id>/", detail.finding, name="finding"),
    path("<str:public_id>/record/", detail.record, name="record"),
]
